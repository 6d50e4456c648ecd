//! Who gets a memo: decisions over the store, without HTTP.
//!
//! A memo that does not exist and a memo whose key is another are one outcome, [`Refusal::Unknown`], reached by the
//! same work in the same time: two hashes are compared, the memo's or those of a decoy, and nothing else of a record is
//! read before. That a memo has expired or is not shared is told only to who holds its key.

pub use super::policy::{Asker, Policy};
use crate::memo::key::{MemoId, MemoKey};
use crate::memo::record::{Millis, Record};
use crate::memo::store::{Ciphertext, Store, StoreError};
use crate::memo::token::{AccessToken, Verifier};
use std::time::SystemTime;
use thiserror::Error;

/// What a requester shows to prove that it holds a memo's key. Only hashes: the secret itself is dropped as soon as it
/// was read.
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    /// The key itself, as 1.0 peers send it.
    Key(Verifier),
    /// The access token.
    Token(Verifier),
    /// A text that can be neither. It proves nothing, and is treated like a wrong key, not like a malformed request:
    /// to whoever mistyped the last character of a key, it is the key that is wrong.
    None,
}

impl Proof {
    /// Of the text of a key.
    pub fn of_key(text: &str) -> Self {
        MemoKey::from_text(text).map_or(Proof::None, |key| Proof::Key(Verifier::of_key(&key)))
    }

    /// Of the text of a token.
    pub fn of_token(text: &str) -> Self {
        AccessToken::from_text(text).map_or(Proof::None, |token| Proof::Token(token.verifier()))
    }

    /// Compares with both of the memo's hashes, whichever kind of proof it is, so that each takes the same time; only the
    /// one of that kind counts.
    fn opens(&self, (of_key, of_token): (&Verifier, &Verifier)) -> bool {
        let (shown, is_key, is_token) = match self {
            Proof::Key(verifier) => (*verifier, true, false),
            Proof::Token(verifier) => (*verifier, false, true),
            Proof::None => (Verifier::nothing(), false, false),
        };
        (of_key.matches(&shown) & is_key) | (of_token.matches(&shown) & is_token)
    }
}

/// Why a memo is not given out.
#[derive(Debug, Error)]
pub enum Refusal {
    /// There is no such memo, or the proof is not of its key.
    #[error("unknown memo or wrong key")]
    Unknown,
    /// It expired, or was fetched as often as it may be; only to who holds its key.
    #[error("this memo has expired")]
    Expired(Millis),
    /// It was fetched as often as it may be; only to who holds its key.
    #[error("this memo was opened as often as its link allows")]
    UsedUp,
    /// It is not shared with other domains; only to who holds its key.
    #[error("this memo is not shared with your domain")]
    NotShared,
    /// The store failed; the operator's matter.
    #[error("the memo could not be read")]
    Failed(#[source] StoreError),
}

/// A memo as it is given out.
#[derive(Debug)]
pub struct Served {
    /// Its record, as it was before this fetch was counted.
    pub record: Record,
    /// Its ciphertext with the tag.
    pub ciphertext: Ciphertext,
}

/// Gives a memo's ciphertext to who proves to hold its key, and counts that. Blocks on the disk.
///
/// # Errors
/// Why not.
pub fn fetch(
    store: &Store,
    id: Option<MemoId>,
    proof: Proof,
    policy: &Policy,
    asker: &Asker,
    now: SystemTime,
) -> Result<Served, Refusal> {
    let record = check(store, id, proof, policy, asker, now)?;
    let ciphertext = give_out(store, &record, now)?;
    Ok(Served { record, ciphertext })
}

/// Opens a memo's ciphertext and counts that it is given out.
pub(super) fn give_out(store: &Store, record: &Record, now: SystemTime) -> Result<Ciphertext, Refusal> {
    let mut ciphertext = store.open_ciphertext(record).map_err(Refusal::Failed)?;
    if record.max_accesses.is_some() {
        // A disk that fails on the way does not use up a link that somebody was given.
        ciphertext
            .try_whole()
            .map_err(|error| Refusal::Failed(error.into()))?;
    }
    // Of two who come for the last time at once, one is counted.
    match store.count_access(&record.id, now).map_err(Refusal::Failed)? {
        true => Ok(ciphertext),
        false => Err(Refusal::UsedUp),
    }
}

/// Says whether a key opens a memo, without giving anything of it. Blocks on the disk.
///
/// # Errors
/// Why it does not.
pub fn verify(
    store: &Store,
    id: Option<MemoId>,
    proof: Proof,
    policy: &Policy,
    asker: &Asker,
    now: SystemTime,
) -> Result<Record, Refusal> {
    check(store, id, proof, policy, asker, now)
}

fn check(
    store: &Store,
    id: Option<MemoId>,
    proof: Proof,
    policy: &Policy,
    asker: &Asker,
    now: SystemTime,
) -> Result<Record, Refusal> {
    // A text that is no id of ours is looked up too, under a name that no memo has: it takes the same time.
    let id = id.unwrap_or_else(|| MemoId::from_bytes([0; 16]));
    let record = store.get_or_decoy(&id).map_err(Refusal::Failed)?;
    let opens = proof.opens(record.verifiers());
    if !opens {
        return Err(Refusal::Unknown);
    }
    let record = match record.real() {
        // What is damaged is restored from the memo's body.
        Err(StoreError::Corrupt(_)) => store.get(&id),
        other => other,
    };
    let record = record.map_err(Refusal::Failed)?.ok_or(Refusal::Unknown)?;
    if !policy.allows(&record, asker) {
        return Err(Refusal::NotShared);
    }
    match record.expires_at {
        Some(expiry) if expiry <= Millis::from_time(now) => Err(Refusal::Expired(expiry)),
        _ if record.is_expired(now) => Err(Refusal::UsedUp),
        _ => Ok(record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::record::Facts;
    use crate::memo::seal;
    use crate::memo::store::{Durable, NewMemo};

    #[test]
    fn a_hash_that_stands_for_nothing_is_opened_by_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let now = SystemTime::now();
        let (sealed, key) = seal::seal(zeroize::Zeroizing::new(vec![7; 60]));
        let facts = Facts::at("here.example", now);
        let id = store
            .insert(vec![NewMemo { sealed, facts }])
            .remove(0)
            .unwrap()
            .id;
        let policy = Policy::new(&crate::config::Config::default().federation);
        let other = MemoKey::generate().to_text();
        let (key, token) = (key.to_text(), AccessToken::derive(&key).to_text());
        let zeros = MemoKey::from_bytes(&[0; 32]).to_text();
        for (no_key, no_token) in [(false, true), (true, false), (true, true)] {
            let changed = store.update(&id, Durable::Now, |record| {
                let real = |secret: &str| match Proof::of_key(secret) {
                    Proof::Key(verifier) => verifier,
                    _ => unreachable!("it is a key"),
                };
                record.access_key_hash = if no_key { Verifier::nothing() } else { real(&key) };
                record.access_token_hash = if no_token {
                    Verifier::nothing()
                } else {
                    real(&token)
                };
                Ok::<(), ()>(())
            });
            assert!(matches!(changed, Ok(Some(Ok(_)))));
            let opens = |proof: Proof| {
                let asked = |id| fetch(&store, Some(id), proof, &policy, &Asker::OwnPage, now);
                assert!(matches!(asked(MemoId::generate()), Err(Refusal::Unknown)));
                match asked(id) {
                    Ok(_) => true,
                    Err(Refusal::Unknown) => false,
                    Err(other) => panic!("{other}"),
                }
            };
            for text in ["rubbish", "", &*other, &*zeros] {
                assert!(!opens(Proof::of_token(text)), "{text} {no_key} {no_token}");
                assert!(!opens(Proof::of_key(text)), "{text} {no_key} {no_token}");
            }
            assert_eq!(opens(Proof::of_key(&key)), !no_key);
            assert_eq!(opens(Proof::of_token(&token)), !no_token);
            // Neither stands in the place of the other.
            assert!(!opens(Proof::of_key(&token)) && !opens(Proof::of_token(&key)));
            for kind in [Proof::Key, Proof::Token] {
                assert!(!opens(kind(Verifier::nothing())));
            }
        }
    }
}
