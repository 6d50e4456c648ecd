//! Memos by telephone codes: the store's, and those of other domains.
//!
//! A code is tried off the tasks that carry calls, since Argon2id takes a tenth of a second and 64 MiB; few at once, and
//! only so many wait. What opens is audio that is wiped by the last who plays it. Neither a code nor what it opens is
//! logged.

use crate::codec::private::PrivateAudio;
use crate::config::Config;
use crate::dialplan::memos::{Inbox, MemoFacts, OpenMemo, Refusal};
use crate::limits;
use crate::memo::envelope;
use crate::memo::key::{MemoId, MemoKey};
use crate::memo::open;
use crate::memo::owner::OwnerSeed;
use crate::memo::record::{Encryption, Record, Source};
use crate::memo::seal::IV_BYTES;
use crate::memo::store::receipts::Reason;
use crate::memo::store::telephone::Locked;
use crate::memo::store::{Durable, Store, StoreError};
use crate::memo::telephone::code::{CodeSecret, Derived, Locator, MemoCode, Proof};
use crate::memo::telephone::lock::{Parameters, Wrapped};
use crate::secret::{wipe_stack, Digits};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// A memo that another domain gave for the proof of a code.
pub struct RemoteMemo {
    /// Its name.
    pub id: MemoId,
    /// Its key, wrapped.
    pub wrapped: Wrapped,
    /// Its ciphertext.
    pub ciphertext: Vec<u8>,
    /// Its IV.
    pub iv: [u8; IV_BYTES],
    /// How it is encrypted.
    pub encryption: Encryption,
    /// What the plain audio is.
    pub audio_format: String,
}

/// The way to other domains, which hold their memos' locks and count wrong codes.
#[async_trait]
pub trait Domains: Send + Sync {
    /// How the code of a locator becomes a key.
    async fn parameters(&self, domain: &str, locator: Locator) -> Result<Parameters, Refusal>;

    /// Shows the proof, and gives the memo where it is right.
    async fn open(&self, domain: &str, locator: Locator, proof: &Proof) -> Result<RemoteMemo, Refusal>;
}

/// What opens memos by codes; cheap to clone.
#[derive(Clone)]
pub struct Memos(Arc<Inner>);

struct Inner {
    store: Store,
    /// The mailboxes that take codes.
    mailboxes: Vec<String>,
    /// Other domains, by the numbers that callers key.
    numbers: Vec<(String, String)>,
    domains: Option<Arc<dyn Domains>>,
    /// Codes that are being tried.
    trials: Semaphore,
    /// Those, and those that wait for it.
    waiting: Semaphore,
}

impl Memos {
    /// With what the configuration lets be opened; other domains only where there is a way to them.
    pub fn new(config: &Config, store: Store, domains: Option<Arc<dyn Domains>>) -> Self {
        let takes_codes = config.mailboxes.iter().filter(|mailbox| mailbox.telephone);
        Memos(Arc::new(Inner {
            store,
            mailboxes: takes_codes.map(|mailbox| mailbox.name.clone()).collect(),
            numbers: config.federation.numbers.clone(),
            domains,
            trials: Semaphore::new(limits::TELEPHONE_TRIALS),
            waiting: Semaphore::new(limits::TELEPHONE_TRIALS_WAITING),
        }))
    }

    /// As [`crate::dialplan::services::Services::has_domain`].
    pub fn has_domain(&self, number: &str) -> bool {
        self.domain(number).is_some()
    }

    fn domain(&self, number: &str) -> Option<&str> {
        let mut numbers = self.0.numbers.iter();
        let found = numbers.find(|(known, _)| known == number);
        found.map(|(_, domain)| domain.as_str())
    }

    /// As [`crate::dialplan::services::Services::open_memo`].
    pub async fn open_memo(&self, domain: Option<&str>, code: Digits) -> Result<OpenMemo, Refusal> {
        let Ok(code) = MemoCode::keyed(&code) else {
            return Err(Refusal::Wrong);
        };
        match domain {
            None if self.0.mailboxes.is_empty() => Err(Refusal::Off),
            None => self.try_here(move |inner| inner.open_memo(&code)).await,
            Some(number) => {
                let domain = self.domain(number).ok_or(Refusal::Wrong)?;
                let domains = self.0.domains.clone();
                let domains =
                    domains.ok_or_else(|| Refusal::Failed("there is no way to other domains".into()))?;
                let parameters = domains.parameters(domain, code.locator).await?;
                let locator = code.locator;
                let derived = self
                    .try_here(move |_| Ok(code.secret.derive(&parameters)))
                    .await?;
                let memo = domains.open(domain, locator, &derived.proof()).await?;
                self.blocking(move |_| open_remote(memo, &derived)).await
            }
        }
    }

    /// As [`crate::dialplan::services::Services::open_inbox`].
    pub async fn open_inbox(&self, mailbox: &str, code: Digits) -> Result<Box<dyn Inbox>, Refusal> {
        if self.0.mailboxes.is_empty() {
            return Err(Refusal::Off);
        }
        let secret = CodeSecret::keyed(code).map_err(|_| Refusal::Wrong)?;
        let name = mailbox.to_owned();
        let (seed, memos) = self
            .try_here(move |inner| {
                let seed = inner.open_mailbox(&name, &secret)?;
                Ok((seed, inner.list(&name)?))
            })
            .await?;
        Ok(Box::new(OwnersInbox {
            memos_of: self.clone(),
            seed: Arc::new(seed),
            memos,
        }))
    }

    /// Tries a code once there is room for it.
    async fn try_here<T: Send + 'static>(
        &self,
        trial: impl FnOnce(&Inner) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let Ok(_waiting) = self.0.waiting.try_acquire() else {
            tracing::warn!("too many telephone codes are being tried at once");
            return Err(Refusal::TooOften);
        };
        // Never closed.
        let _trial = self.0.trials.acquire().await;
        self.blocking(trial).await
    }

    /// Does what waits for a disk, or computes for long.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let inner = self.0.clone();
        let work = move || {
            let done = work(&inner);
            // Of codes, keys and audio that ciphers had in their variables.
            wipe_stack();
            done
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(_) => Err(Refusal::Failed("the trial of a telephone code panicked".into())),
        }
    }
}

impl Inner {
    /// Whether codes of that memo are taken.
    fn takes_codes(&self, record: &Record) -> bool {
        let mailbox = record.user_id.as_deref();
        mailbox.is_some_and(|name| self.mailboxes.iter().any(|known| known == name))
    }

    fn open_memo(&self, code: &MemoCode) -> Result<OpenMemo, Refusal> {
        let (store, now) = (&self.store, SystemTime::now());
        let locks = store.telephone();
        let permitted = |record: &Record| self.takes_codes(record);
        let parameters = locks.parameters(code.locator, permitted).map_err(failed)?;
        let derived = code.secret.derive(&parameters);
        let opened = locks.open(code.locator, &derived.proof(), now, permitted);
        // Whether a lock waits is nobody's business who does not have its code.
        let opened = opened.map_err(failed)?.map_err(|_| Refusal::Wrong)?;
        let id = opened.record.id;
        let key = opened.wrapped.open_key(&derived, &id);
        let key = key.map_err(|error| Refusal::Unplayable(error.to_string()))?;
        self.open_record(&opened.record, &key, now)
    }

    /// The owner's seed of a mailbox.
    fn open_mailbox(&self, name: &str, secret: &CodeSecret) -> Result<OwnerSeed, Refusal> {
        let locks = self.store.telephone();
        let is_there = self.mailboxes.iter().any(|known| known == name);
        if !is_there {
            tracing::warn!(mailbox = %name.escape_debug(), "a mailbox that takes no telephone codes was to be opened");
        }
        // Of one that is not there, under a name that no mailbox has.
        let name = if is_there { name } else { "" };
        let parameters = locks.mailbox_parameters(name).map_err(failed)?;
        let derived = secret.derive(&parameters);
        let opened = locks.open_mailbox(name, &derived.proof(), SystemTime::now());
        let wrapped = opened.map_err(failed)?.map_err(|locked| match locked {
            Locked::Wrong => Refusal::Wrong,
            // That the mailbox is there, the owner of this number of wrong codes knows.
            Locked::Waits(_) => Refusal::TooOften,
        })?;
        let seed = wrapped.open_seed(&derived, name);
        seed.map_err(|error| Refusal::Failed(format!("the lock of mailbox {name}: {error}")))
    }

    /// The memos of a mailbox, the oldest first; the newest of them, where there are many.
    fn list(&self, mailbox: &str) -> Result<Vec<Record>, Refusal> {
        let now = SystemTime::now();
        let page = self.store.list(Some(mailbox), None, limits::TELEPHONE_MEMOS);
        let mut records = page.map_err(failed)?.records;
        records.retain(|record| record.metadata.share_of.is_none() && !record.is_expired(now));
        records.reverse();
        Ok(records)
    }

    fn open_record(&self, record: &Record, key: &MemoKey, now: SystemTime) -> Result<OpenMemo, Refusal> {
        // As it is by now: it may be gone.
        let record = self
            .store
            .get(&record.id)
            .map_err(failed)?
            .ok_or(Refusal::Expired)?;
        if record.is_expired(now) {
            return Err(Refusal::Expired);
        }
        let ciphertext = self.store.ciphertext(&record.id).map_err(failed)?;
        let encryption = record.metadata.encryption;
        let audio = audio(
            key,
            &record.encryption_iv,
            ciphertext,
            encryption,
            &record.audio_format,
        )?;
        if !self.store.count_access(&record.id, now).map_err(failed)? {
            return Err(Refusal::Expired);
        }
        Ok(OpenMemo {
            recorded: Some(record.created_at.to_time()),
            caller: Zeroizing::default(),
            audio: Arc::new(audio),
        })
    }
}

/// A mailbox, opened: its owner's seed, until the caller leaves.
struct OwnersInbox {
    memos_of: Memos,
    seed: Arc<OwnerSeed>,
    memos: Vec<Record>,
}

#[async_trait]
impl Inbox for OwnersInbox {
    fn memos(&self) -> Vec<MemoFacts> {
        let facts = |record: &Record| MemoFacts {
            recorded: record.created_at.to_time(),
            heard: record.heard,
        };
        self.memos.iter().map(facts).collect()
    }

    async fn open(&mut self, memo: usize) -> Result<OpenMemo, Refusal> {
        let record = self.memos.get(memo).ok_or(Refusal::Expired)?.clone();
        let seed = self.seed.clone();
        self.memos_of
            .blocking(move |inner| {
                let sealed = record.sealed_envelope.as_ref();
                let sealed = sealed.ok_or_else(|| Refusal::Unplayable("it has no envelope".into()))?;
                let contents = envelope::open(&seed, &record.id, sealed)
                    .map_err(|error| Refusal::Unplayable(error.to_string()))?;
                let mut opened = inner.open_record(&record, &contents.key, SystemTime::now())?;
                // What was left in a browser names whomever its sender typed.
                if record.metadata.source != Source::Web {
                    opened.caller = contents.from;
                }
                Ok(opened)
            })
            .await
    }

    async fn set_heard(&mut self, memo: usize) {
        let Some(record) = self.memos.get(memo) else {
            return;
        };
        let id = record.id;
        let marked = self.memos_of.blocking(move |inner| {
            let heard = inner.store.update(&id, Durable::Soon, |record| {
                record.heard = true;
                Ok::<(), ()>(())
            });
            heard.map(drop).map_err(failed)
        });
        if let Err(refusal) = marked.await {
            tracing::error!(memo = %id, ?refusal, "a memo could not be marked as heard");
        }
    }

    async fn delete(&mut self, memo: usize) -> bool {
        let Some(record) = self.memos.get(memo) else {
            return false;
        };
        let id = record.id;
        let deleted = self.memos_of.blocking(move |inner| {
            let now = SystemTime::now();
            inner.store.delete(&id, Reason::Owner, now).map_err(failed)
        });
        match deleted.await {
            // One that is gone already is as it should be.
            Ok(_) => true,
            Err(refusal) => {
                tracing::error!(memo = %id, ?refusal, "a memo could not be deleted");
                false
            }
        }
    }
}

fn open_remote(memo: RemoteMemo, derived: &Derived) -> Result<OpenMemo, Refusal> {
    let unplayable = |error: &dyn std::fmt::Display| Refusal::Unplayable(error.to_string());
    let key = memo
        .wrapped
        .open_key(derived, &memo.id)
        .map_err(|error| unplayable(&error))?;
    let audio = audio(
        &key,
        &memo.iv,
        memo.ciphertext,
        memo.encryption,
        &memo.audio_format,
    )?;
    Ok(OpenMemo {
        recorded: None,
        caller: Zeroizing::default(),
        audio: Arc::new(audio),
    })
}

/// Opens ciphertext, and reads what it holds as audio of the switch.
fn audio(
    key: &MemoKey,
    iv: &[u8; IV_BYTES],
    ciphertext: Vec<u8>,
    encryption: Encryption,
    format: &str,
) -> Result<PrivateAudio, Refusal> {
    let format = format.split(';').next().unwrap_or_default().trim();
    if !["audio/wav", "audio/x-wav", "audio/wave"].contains(&format) {
        return Err(Refusal::Unplayable(format!(
            "it is {}, which is not played by telephone",
            format.escape_debug()
        )));
    }
    let file = open::open_as(encryption, key, iv, ciphertext);
    let file = file.map_err(|error| Refusal::Unplayable(error.to_string()))?;
    PrivateAudio::from_wav(&file).map_err(|error| Refusal::Unplayable(error.to_string()))
}

fn failed(error: StoreError) -> Refusal {
    Refusal::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Mailbox;
    use crate::memo::envelope::Contents;
    use crate::memo::link::{Link, LinkBase};
    use crate::memo::owner::Kem;
    use crate::memo::record::Facts;
    use crate::memo::store::mailboxes::OwnerKey;
    use crate::memo::store::NewMemo;
    use crate::memo::telephone::lock::TelephoneLock;
    use crate::memo::{seal, wav};

    #[tokio::test]
    async fn a_memo_from_a_browser_has_no_caller_whatever_its_sender_typed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (seed, now) = (OwnerSeed::generate(), SystemTime::now());
        let public = seed.public_key(Kem::X25519);
        let owner = OwnerKey::new(&public, seed.listing_token().verifier(), now);
        store.mailboxes().set_owner("main", owner).unwrap();
        let code = "4159265358979323";
        let secret = CodeSecret::chosen(Digits::from_text(code).unwrap()).unwrap();
        let lock = TelephoneLock::of_mailbox("main", &seed, &secret);
        assert!(store.telephone().set_mailbox("main", Some(&lock)).unwrap());
        for (source, secs) in [(Source::SipCall, 2), (Source::Web, 1)] {
            let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(vec![5; 800])]));
            let id = sealed.id();
            let link = Link::new(&LinkBase::new("memo.example.org", None, true), &id, &key);
            let mut contents = Contents::new(key, &link);
            contents.from = Zeroizing::new("+15550100123".to_owned());
            let facts = Facts {
                mailbox: Some("main".to_owned()),
                source,
                envelope: Some(envelope::seal(&public, &id, &contents).unwrap()),
                ..Facts::at("memo.example.org", now - std::time::Duration::from_secs(secs))
            };
            store.insert(vec![NewMemo { sealed, facts }]).remove(0).unwrap();
        }
        let mut config = Config::default();
        let mut mailbox = Mailbox::named("main".to_owned());
        mailbox.telephone = true;
        config.mailboxes = vec![mailbox];
        let memos = Memos::new(&config, store, None);
        let inbox = memos.open_inbox("main", Digits::from_text(code).unwrap()).await;
        let mut inbox = inbox.unwrap_or_else(|refusal| panic!("{refusal:?}"));
        let mut callers = Vec::new();
        for memo in 0..2 {
            let opened = inbox.open(memo).await;
            callers.push(
                opened
                    .unwrap_or_else(|refusal| panic!("{refusal:?}"))
                    .caller
                    .to_string(),
            );
        }
        assert_eq!(callers, ["+15550100123", ""]);
    }
}
