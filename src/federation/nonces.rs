//! The marks of signed requests that were accepted, so that none is accepted twice.
//!
//! A mark is kept until its signature has expired, and never forgotten earlier: where there is no room left, requests
//! are refused instead. Each key has a bound of its own, so that one domain cannot take all the room. A mark is kept as
//! a hash, so that each takes the same memory.

use crate::limits;
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
}

type Mark = [u8; 16];

/// The marks.
#[derive(Debug, Default)]
pub struct Nonces {
    started_secs: u64,
    seen: HashSet<Mark>,
    by_expiry: BTreeSet<(u64, Mark, Arc<str>)>,
    by_key: HashMap<Arc<str>, usize>,
}

impl Nonces {
    /// None yet, for a server that starts at that time, seconds since 1970.
    pub fn new(started_secs: u64) -> Self {
        Nonces {
            started_secs,
            ..Nonces::default()
        }
    }

    /// Accepts the mark of a request whose signature was verified.
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
    ) -> Result<(), NonceError> {
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
        Ok(())
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

    #[test]
    fn a_nonce_is_accepted_once_for_each_key() {
        let mut nonces = Nonces::new(100);
        let mut accept = |key, nonce, now| nonces.accept(key, nonce, 100, 160, now);
        assert_eq!(accept("a", "1", 100), Ok(()));
        assert_eq!(accept("a", "1", 100), Err(NonceError::Replayed));
        assert_eq!(accept("a", "1", 159), Err(NonceError::Replayed));
        assert_eq!(accept("a", "2", 159), Ok(()));
        assert_eq!(accept("b", "1", 159), Ok(()));
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
            assert_eq!(nonces.accept("a", &number.to_string(), 0, 60, 0), Ok(()));
        }
        assert_eq!(nonces.accept("a", "more", 0, 60, 0), Err(NonceError::Full));
        assert_eq!(nonces.accept("b", "other", 0, 60, 0), Ok(()));
        let mut key = 0;
        while nonces.accept(&format!("k{key}"), &key.to_string(), 0, 60, 0) == Ok(()) {
            key += 1;
        }
        assert_eq!(nonces.seen.len(), limits::NONCES);
        assert_eq!(nonces.accept("a", "0", 0, 60, 0), Err(NonceError::Replayed));
        assert_eq!(nonces.accept("a", "later", 60, 120, 60), Ok(()));
        assert_eq!(
            (nonces.seen.len(), nonces.by_expiry.len(), nonces.by_key.len()),
            (1, 1, 1)
        );
    }
}
