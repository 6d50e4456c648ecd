//! The marks of signed requests that were accepted, so that none is accepted twice.
//!
//! A mark is kept until its signature has expired, and never forgotten earlier: where there is no room left, requests
//! are refused instead. Each key has a bound of its own, so that one domain cannot take all the room. A mark is kept as
//! a hash, so that each takes the same memory.
//!
//! A restart forgets them, so what was signed before the start is refused. That is not enough for a request of a domain
//! whose clock is ahead: it was accepted before the restart and was signed, by what it says, after it. Such marks alone
//! are kept on disk, before the request is answered; whose clock is right waits for no disk, and is not refused after a
//! restart.

use crate::limits;
pub use crate::memo::store::marks::Mark;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use thiserror::Error;

/// Why a mark is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NonceError {
    /// It was accepted before.
    #[error("this signed request was sent before: its nonce was used")]
    Replayed,
    /// Signed before this server started, which does not know what it accepted then.
    #[error("this request was signed before this server started: sign it again")]
    BeforeStart,
    /// There is no room to remember it.
    #[error("too many signed requests at once; try again in a minute")]
    Full,
    /// It could not be remembered where a restart does not undo it.
    #[error(
        "this server cannot remember a request from a clock that is ahead of its own; try again in a minute"
    )]
    NotKept,
}

/// The marks.
#[derive(Debug, Default)]
pub struct Nonces {
    started_secs: u64,
    seen: HashSet<Mark>,
    by_expiry: BTreeSet<(u64, Mark, Arc<str>)>,
    by_key: HashMap<Arc<str>, usize>,
}

impl Nonces {
    /// None yet, for a server that starts at that time, seconds since 1970: what was signed before it is refused.
    pub fn new(started_secs: u64) -> Self {
        Nonces {
            started_secs,
            ..Nonces::default()
        }
    }

    /// The same, knowing the marks that were kept before the start, each with its expiry.
    pub fn with_kept(mut self, kept: Vec<(Mark, u64)>) -> Self {
        let key: Arc<str> = "".into();
        for (mark, expires_secs) in kept {
            if self.seen.insert(mark) {
                self.by_expiry.insert((expires_secs, mark, key.clone()));
                *self.by_key.entry(key.clone()).or_default() += 1;
            }
        }
        self
    }

    /// Accepts the mark of a request whose signature was verified. Where it gives the mark back, that is to be kept until
    /// the signature expires, where a restart does not undo it, before the request counts as accepted.
    ///
    /// # Errors
    /// Why not.
    pub fn accept(
        &mut self,
        keyid: &str,
        nonce: &str,
        created_secs: u64,
        expires_secs: u64,
        now_secs: u64,
    ) -> Result<Option<Mark>, NonceError> {
        self.forget_expired(now_secs);
        if created_secs < self.started_secs {
            return Err(NonceError::BeforeStart);
        }
        let mark = mark(keyid, nonce);
        if self.seen.contains(&mark) {
            return Err(NonceError::Replayed);
        }
        let of_key = self.by_key.get(keyid).copied().unwrap_or(0);
        if self.seen.len() >= limits::NONCES || of_key >= limits::NONCES_PER_KEY {
            return Err(NonceError::Full);
        }
        let key: Arc<str> = match self.by_key.get_key_value(keyid) {
            Some((key, _)) => key.clone(),
            None => keyid.into(),
        };
        self.seen.insert(mark);
        self.by_expiry.insert((expires_secs, mark, key.clone()));
        *self.by_key.entry(key).or_default() += 1;
        Ok((created_secs > now_secs).then_some(mark))
    }

    fn forget_expired(&mut self, now_secs: u64) {
        while let Some((expires, ..)) = self.by_expiry.first() {
            if *expires > now_secs {
                return;
            }
            let Some((_, mark, key)) = self.by_expiry.pop_first() else {
                return;
            };
            self.seen.remove(&mark);
            if let Some(count) = self.by_key.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    self.by_key.remove(&key);
                }
            }
        }
    }
}

fn mark(keyid: &str, nonce: &str) -> Mark {
    let digest = Sha256::new()
        .chain_update(keyid.len().to_le_bytes())
        .chain_update(keyid)
        .chain_update(nonce)
        .finalize();
    let mut mark = Mark::default();
    let length = mark.len();
    mark.copy_from_slice(&digest[..length]);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::store::Store;

    #[test]
    fn a_nonce_is_accepted_once_for_each_key() {
        let mut nonces = Nonces::new(100);
        let mut accept = |key, nonce, now| nonces.accept(key, nonce, 100, 160, now);
        assert_eq!(accept("a", "1", 100), Ok(None));
        assert_eq!(accept("a", "1", 100), Err(NonceError::Replayed));
        assert_eq!(accept("a", "1", 159), Err(NonceError::Replayed));
        assert_eq!(accept("a", "2", 159), Ok(None));
        assert_eq!(accept("b", "1", 159), Ok(None));
    }

    #[test]
    fn what_was_signed_before_the_start_is_refused() {
        let mut nonces = Nonces::new(100);
        assert_eq!(
            nonces.accept("a", "1", 99, 150, 120),
            Err(NonceError::BeforeStart)
        );
    }

    #[test]
    fn memory_is_bounded_by_key_and_in_all_and_given_back() {
        let mut nonces = Nonces::new(0);
        for number in 0..limits::NONCES_PER_KEY {
            assert_eq!(nonces.accept("a", &number.to_string(), 0, 60, 0), Ok(None));
        }
        assert_eq!(nonces.accept("a", "more", 0, 60, 0), Err(NonceError::Full));
        assert_eq!(nonces.accept("b", "other", 0, 60, 0), Ok(None));
        let mut key = 0;
        while nonces.accept(&format!("k{key}"), &key.to_string(), 0, 60, 0) == Ok(None) {
            key += 1;
        }
        assert_eq!(nonces.seen.len(), limits::NONCES);
        assert_eq!(nonces.accept("a", "0", 0, 60, 0), Err(NonceError::Replayed));
        assert_eq!(nonces.accept("a", "later", 60, 120, 60), Ok(None));
        assert_eq!(
            (nonces.seen.len(), nonces.by_expiry.len(), nonces.by_key.len()),
            (1, 1, 1)
        );
    }

    #[test]
    fn a_request_from_a_clock_that_is_ahead_is_not_accepted_again_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let start = |now: u64| {
            let store = Store::open(folder.path()).unwrap();
            let nonces = Nonces::new(now + 1).with_kept(store.marks().all().unwrap());
            (store, nonces)
        };
        let (store, mut nonces) = start(100);
        // Thirty seconds ahead, and as it should be.
        let ahead = |nonces: &mut Nonces, now| nonces.accept("a", "ahead", 150, 210, now);
        let mark = ahead(&mut nonces, 120).unwrap().expect("it is to be kept");
        store.marks().keep(&mark, 210, 120).unwrap();
        assert_eq!(nonces.accept("a", "right", 120, 180, 120), Ok(None));
        drop((store, nonces));

        let (store, mut nonces) = start(121);
        for secs in [121, 150, 209] {
            assert_eq!(ahead(&mut nonces, secs), Err(NonceError::Replayed), "{secs}");
        }
        assert_eq!(
            nonces.accept("a", "right", 120, 180, 121),
            Err(NonceError::BeforeStart)
        );
        // Who signs now is not refused for it.
        assert_eq!(nonces.accept("a", "next", 122, 182, 122), Ok(None));
        assert_eq!(
            nonces
                .accept("b", "ahead", 150, 210, 122)
                .map(|mark| mark.is_some()),
            Ok(true)
        );

        // What has expired is kept no longer.
        store.marks().keep(&[7; 16], 400, 300).unwrap();
        assert_eq!(store.marks().all().unwrap(), [([7; 16], 400)]);
    }
}
