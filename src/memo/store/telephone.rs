//! Telephone locks: which memo a locator is, and the count of wrong codes, where a restart does not undo it.
//!
//! A memo's lock stands in its record, a mailbox's in its entry of the registry; which memo a locator is, the catalogue
//! knows. A tree of its own holds the secret by which unknown locators are answered.

use super::{Durable, Store, StoreError};
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use crate::memo::telephone::attempts::Verdict;
use crate::memo::telephone::code::{Locator, Proof};
use crate::memo::telephone::lock::{KeptLock, Parameters, TelephoneLock, Wrapped};
use crate::memo::token::Verifier;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Where the secret stands by which decoys are made.
const DECOY_KEY: &[u8] = b"decoy";
/// What is written in the place of the count of a lock that does not exist.
const NOBODY_KEY: &[u8] = b"nobody";

/// What became of an attempt to set a memo's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetLock {
    /// It is set, and durable.
    Done,
    /// Another memo has its locator, or it has none.
    Taken,
    /// There is no such memo.
    NoMemo,
}

/// A memo that a code has opened.
#[derive(Debug)]
pub struct UnlockedMemo {
    /// Its record, without its envelope. Whether it is expired, the caller looks.
    pub record: Record,
    /// Its key, for who has W.
    pub wrapped: Wrapped,
}

/// Why nothing was opened. Of a memo nobody is told which of these it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// A wrong code, or there is no such lock.
    Wrong,
    /// Too many wrong codes: nothing is compared until then.
    Waits(Millis),
}

/// A handle on the telephone locks of a store; cheap to clone.
#[derive(Clone)]
pub struct Telephone(pub(super) Store);

impl Telephone {
    fn tree(&self) -> &sled::Tree {
        &self.0.inner.telephone
    }

    /// How the code of that locator becomes a key. Of a locator that no memo has, something that looks the same, and
    /// the same each time. `is_permitted` says whether codes of that memo may be used at all.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn parameters(
        &self,
        locator: Locator,
        is_permitted: impl Fn(&Record) -> bool,
    ) -> Result<Parameters, StoreError> {
        let decoy = Parameters::decoy(&*self.decoy_secret()?, locator.as_bytes());
        let found = self.memo(locator)?;
        let lock = found
            .filter(|record| is_permitted(record))
            .and_then(|record| record.telephone);
        Ok(lock.map_or(decoy, |kept| kept.lock.parameters().clone()))
    }

    /// Compares a proof with the lock of that locator, counts where it is wrong, and gives what is wrapped where it is
    /// right. A locator that no memo has, and a lock that waits, are as much work as a wrong proof, and wait for the disk
    /// as often.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn open(
        &self,
        locator: Locator,
        proof: &Proof,
        now: SystemTime,
        is_permitted: impl Fn(&Record) -> bool,
    ) -> Result<Result<UnlockedMemo, Locked>, StoreError> {
        let Some(record) = self.memo(locator)?.filter(|record| is_permitted(record)) else {
            return self.open_nobody(proof);
        };
        let mut verdict = None;
        let mut wrapped = None;
        self.0.update(&record.id, Durable::Now, |record| {
            let Some(kept) = &mut record.telephone else {
                return Err(());
            };
            let before = kept.attempts;
            let came_to = kept.attempt(Millis::from_time(now), proof);
            let is_changed = kept.attempts != before;
            verdict = Some(came_to);
            wrapped = Some(kept.lock.wrapped().clone());
            is_changed.then_some(()).ok_or(())
        })?;
        report(verdict, &format!("memo {}", record.id));
        if matches!(verdict, Some(Verdict::Waits(_))) {
            self.write_as_much(proof)?;
        }
        Ok(match (verdict, wrapped) {
            (Some(Verdict::Right), Some(wrapped)) => Ok(UnlockedMemo { record, wrapped }),
            (Some(Verdict::Waits(until)), _) => Err(Locked::Waits(until)),
            _ => Err(Locked::Wrong),
        })
    }

    /// Sets a memo's lock in the place of the one before.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn set(&self, id: &MemoId, lock: &TelephoneLock) -> Result<SetLock, StoreError> {
        let Some(locator) = lock.locator() else {
            return Ok(SetLock::Taken);
        };
        let set = self.0.update(id, Durable::Now, |record| {
            // No record changes meanwhile, so nobody else can take it.
            if self
                .0
                .by_locator(locator.number())
                .is_some_and(|holder| holder != *id)
            {
                return Err(());
            }
            record.telephone = Some(KeptLock::new(lock.clone()));
            Ok(())
        })?;
        Ok(match set {
            Some(Ok(_)) => SetLock::Done,
            Some(Err(())) => SetLock::Taken,
            None => SetLock::NoMemo,
        })
    }

    /// Takes a memo's lock away; `false` where it had none.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn remove(&self, id: &MemoId) -> Result<bool, StoreError> {
        let removed = self.0.update(id, Durable::Now, |record| {
            record.telephone.take().map(drop).ok_or(())
        })?;
        Ok(matches!(removed, Some(Ok(_))))
    }

    /// How a mailbox's code becomes a key; of one without a lock something that looks the same.
    ///
    /// # Errors
    /// A disk that fails, or a damaged entry.
    pub fn mailbox_parameters(&self, name: &str) -> Result<Parameters, StoreError> {
        let decoy = Parameters::decoy(&*self.decoy_secret()?, format!("mailbox {name}").as_bytes());
        let lock = self.0.mailboxes().get(name)?.and_then(|entry| entry.telephone);
        Ok(lock.map_or(decoy, |kept| kept.lock.parameters().clone()))
    }

    /// Compares a proof with a mailbox's lock, as [`Telephone::open`] does, and gives its owner's seed, wrapped.
    ///
    /// # Errors
    /// A disk that fails, or a damaged entry.
    pub fn open_mailbox(
        &self,
        name: &str,
        proof: &Proof,
        now: SystemTime,
    ) -> Result<Result<Wrapped, Locked>, StoreError> {
        let mut verdict = None;
        let mut wrapped = None;
        self.0.mailboxes().update(name, |entry| {
            let Some(kept) = &mut entry.telephone else {
                return false;
            };
            let before = kept.attempts;
            verdict = Some(kept.attempt(Millis::from_time(now), proof));
            wrapped = Some(kept.lock.wrapped().clone());
            kept.attempts != before
        })?;
        report(verdict, &format!("mailbox {name}"));
        Ok(match (verdict, wrapped) {
            (Some(Verdict::Right), Some(wrapped)) => Ok(wrapped),
            (Some(Verdict::Waits(until)), _) => Err(Locked::Waits(until)),
            (None, _) => return Ok(self.open_nobody(proof)?.map(|memo| memo.wrapped)),
            _ => Err(Locked::Wrong),
        })
    }

    /// Sets a mailbox's lock in the place of the one before, or takes it away. `false` where the mailbox has no owner
    /// whose seed it could be.
    ///
    /// # Errors
    /// A disk that fails, or a damaged entry.
    pub fn set_mailbox(&self, name: &str, lock: Option<&TelephoneLock>) -> Result<bool, StoreError> {
        self.0.mailboxes().update(name, |entry| {
            entry.telephone = lock.cloned().map(KeptLock::new);
            entry.owner.is_some()
        })
    }

    /// Whether a mailbox has a lock.
    ///
    /// # Errors
    /// A disk that fails, or a damaged entry.
    pub fn has_mailbox(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self
            .0
            .mailboxes()
            .get(name)?
            .is_some_and(|entry| entry.telephone.is_some()))
    }

    /// The memo of a locator, without its envelope; the index is read either way, and no body.
    fn memo(&self, locator: Locator) -> Result<Option<Record>, StoreError> {
        let id = self.0.by_locator(locator.number());
        let looked_up = self.0.get_or_decoy(&id.unwrap_or(MemoId::from_bytes([0; 16])))?;
        match (id, looked_up.real()) {
            // What is damaged is restored from the memo's body.
            (Some(id), Err(StoreError::Corrupt(_))) => self.0.get(&id),
            (_, found) => found,
        }
    }

    /// The work of a wrong proof where there is no lock.
    fn open_nobody(&self, proof: &Proof) -> Result<Result<UnlockedMemo, Locked>, StoreError> {
        tracing::info!("telephone code of no memo");
        self.write_as_much(proof)?;
        Ok(Err(Locked::Wrong))
    }

    /// Compares, writes and waits for the disk as where a wrong proof is counted.
    fn write_as_much(&self, proof: &Proof) -> Result<(), StoreError> {
        let is_right = Verifier::nothing().matches(&proof.verifier());
        self.0.require_room(crate::limits::INDEX_ROOM)?;
        self.tree().insert(NOBODY_KEY, &[u8::from(is_right)])?;
        self.0.keep_nobodys()?;
        self.0.sync()
    }

    /// The server's secret for decoys, made when it is first needed.
    fn decoy_secret(&self) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let mut secret = Zeroizing::new([0; 32]);
        if let Some(known) = self.tree().get(DECOY_KEY)? {
            match known.as_ref().try_into() {
                Ok(known) => *secret = known,
                Err(_) => {
                    return Err(StoreError::Corrupt(
                        "the secret for decoys has another length".to_owned(),
                    ))
                }
            }
            return Ok(secret);
        }
        getrandom::fill(&mut secret[..]).map_err(|error| StoreError::Io(std::io::Error::other(error)))?;
        let made = self
            .tree()
            .compare_and_swap(DECOY_KEY, None as Option<&[u8]>, Some(&secret[..]))?;
        match made {
            Ok(()) => self.0.sync()?,
            // Another was quicker.
            Err(_) => return self.decoy_secret(),
        }
        Ok(secret)
    }
}

/// Writes down what an attempt came to; a wrong one is durable by now.
fn report(verdict: Option<Verdict>, whose: &str) {
    match verdict {
        Some(Verdict::Wrong) => tracing::info!(lock = whose, "wrong telephone code"),
        Some(Verdict::Waits(until)) => tracing::warn!(
            lock = whose,
            until = %until.to_rfc3339(),
            "telephone codes wait: there were too many wrong ones"
        ),
        Some(Verdict::Right) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;
    use crate::memo::key::MemoKey;
    use crate::memo::owner::{Kem, OwnerSeed};
    use crate::memo::record::Facts;
    use crate::memo::seal;
    use crate::memo::store::mailboxes::OwnerKey;
    use crate::memo::store::receipts::Reason;
    use crate::memo::store::NewMemo;
    use crate::memo::telephone::code::MemoCode;
    use crate::memo::wav;
    use std::time::{Duration, UNIX_EPOCH};

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn memo(store: &Store) -> (MemoId, MemoKey) {
        let (sealed, key) = seal::seal(wav::encode(vec![zeroize::Zeroizing::new(vec![5; 800])]));
        let facts = Facts {
            mailbox: Some("main".to_owned()),
            ..Facts::at("memo.example.org", now())
        };
        let record = store.insert(vec![NewMemo { sealed, facts }]).remove(0).unwrap();
        (record.id, key)
    }

    /// Parameters as cheap as the bounds allow.
    fn lock(name: &str, wrapped: &[u8; 32], code: &MemoCode, locator: Option<Locator>) -> TelephoneLock {
        let cheap = Parameters::new([7; 16], *limits::TELEPHONE_M_KIB.start(), 1, 1).unwrap();
        TelephoneLock::make(locator, name, wrapped, &code.secret, cheap, [3; 12])
    }

    fn memo_lock(id: &MemoId, key: &MemoKey, code: &MemoCode) -> TelephoneLock {
        lock(&id.to_string(), key.bytes(), code, Some(code.locator))
    }

    fn wrong() -> Proof {
        Proof::generate()
    }

    #[test]
    fn a_code_opens_its_memo_and_a_locator_is_one_memos() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let telephone = store.telephone();
        let ((first, first_key), (second, second_key)) = (memo(&store), memo(&store));
        let code = MemoCode::generate();
        let first_lock = memo_lock(&first, &first_key, &code);
        assert_eq!(telephone.set(&first, &first_lock).unwrap(), SetLock::Done);
        assert_eq!(telephone.set(&first, &first_lock).unwrap(), SetLock::Done);
        let second_lock = memo_lock(&second, &second_key, &code);
        assert_eq!(telephone.set(&second, &second_lock).unwrap(), SetLock::Taken);
        assert_eq!(
            telephone.set(&MemoId::generate(), &second_lock).unwrap(),
            SetLock::NoMemo
        );

        let parameters = telephone.parameters(code.locator, |_| true).unwrap();
        assert_eq!(&parameters, first_lock.parameters());
        let derived = code.secret.derive(&parameters);
        let opened = telephone
            .open(code.locator, &derived.proof(), now(), |_| true)
            .unwrap()
            .unwrap();
        assert_eq!(opened.record.id, first);
        let key = opened.wrapped.open_key(&derived, &first).ok().unwrap();
        assert_eq!(*key.to_text(), *first_key.to_text());
        // Where codes are not permitted it is as if there were none.
        let refused = telephone
            .open(code.locator, &derived.proof(), now(), |_| false)
            .unwrap();
        assert_eq!(refused.err(), Some(Locked::Wrong));
        assert_ne!(telephone.parameters(code.locator, |_| false).unwrap(), parameters);

        // A memo that is gone, or its lock, leaves its locator free.
        assert!(telephone.remove(&first).unwrap());
        assert!(!telephone.remove(&first).unwrap());
        assert_eq!(telephone.set(&second, &second_lock).unwrap(), SetLock::Done);
        store.delete(&second, Reason::Owner, now()).unwrap();
        assert_eq!(telephone.set(&first, &first_lock).unwrap(), SetLock::Done);
    }

    #[test]
    fn wrong_codes_are_counted_across_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let (id, key) = memo(&store);
        let code = MemoCode::generate();
        let lock = memo_lock(&id, &key, &code);
        store.telephone().set(&id, &lock).unwrap();
        let right = code.secret.derive(lock.parameters()).proof();
        let open = |store: &Store, proof: &Proof, at: SystemTime| {
            store
                .telephone()
                .open(code.locator, proof, at, |_| true)
                .unwrap()
                .err()
        };
        for _ in 0..limits::TELEPHONE_WRONG_IN_A_ROW {
            assert_eq!(open(&store, &wrong(), now()), Some(Locked::Wrong));
        }
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        let until = now() + limits::TELEPHONE_WAIT;
        let waits = Some(Locked::Waits(Millis::from_time(until)));
        assert_eq!(open(&store, &right, now()), waits);
        assert_eq!(open(&store, &right, until), None);
        // However many there were, the right one opens it once the wait is over.
        let mut at = until;
        for _ in 0..50 {
            for _ in 0..limits::TELEPHONE_WRONG_IN_A_ROW {
                assert_eq!(open(&store, &wrong(), at), Some(Locked::Wrong));
            }
            assert!(matches!(open(&store, &right, at), Some(Locked::Waits(_))));
            at += limits::TELEPHONE_WAIT_MOST;
        }
        assert_eq!(open(&store, &right, at), None);
    }

    #[test]
    fn a_locator_of_no_memo_looks_like_others_each_time_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let locator: Locator = "123456".parse().unwrap();
        let parameters = |store: &Store| store.telephone().parameters(locator, |_| true).unwrap();
        let before = parameters(&store);
        assert_eq!(parameters(&store), before);
        let refused = store
            .telephone()
            .open(locator, &wrong(), now(), |_| true)
            .unwrap();
        assert_eq!(refused.err(), Some(Locked::Wrong));
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(parameters(&store), before);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(parameters(&Store::open(other.path()).unwrap()), before);
    }

    #[test]
    fn a_mailboxes_code_opens_its_seed_until_the_owner_changes() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let telephone = store.telephone();
        let seed = OwnerSeed::generate();
        let code = MemoCode::generate();
        let lock = lock("main", seed.bytes(), &code, None);
        assert!(
            !telephone.set_mailbox("main", Some(&lock)).unwrap(),
            "nobody owns it"
        );
        let public = seed.public_key(Kem::X25519);
        let owner = || OwnerKey::new(&public, seed.listing_token().verifier(), now());
        store.mailboxes().set_owner("main", owner()).unwrap();
        assert!(telephone.set_mailbox("main", Some(&lock)).unwrap());

        let derived = code.secret.derive(&telephone.mailbox_parameters("main").unwrap());
        let open = |proof: &Proof| telephone.open_mailbox("main", proof, now()).unwrap();
        assert_eq!(open(&wrong()).err(), Some(Locked::Wrong));
        let entry = store.mailboxes().get("main").unwrap().unwrap();
        assert_eq!(entry.telephone.unwrap().attempts.wrong_attempts, 1);
        let opened = open(&derived.proof())
            .unwrap()
            .open_seed(&derived, "main")
            .ok()
            .unwrap();
        assert_eq!(*opened.to_text(), *seed.to_text());

        // Of a mailbox that is not there, nothing is to be seen either.
        let decoy = telephone.mailbox_parameters("nobody").unwrap();
        assert_eq!(telephone.mailbox_parameters("nobody").unwrap(), decoy);
        let nobody = telephone.open_mailbox("nobody", &wrong(), now()).unwrap();
        assert_eq!(nobody.err(), Some(Locked::Wrong));

        store.mailboxes().set_owner("main", owner()).unwrap();
        assert!(!telephone.has_mailbox("main").unwrap());
    }
}
