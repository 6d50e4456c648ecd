//! What was fetched from other domains, for another listening: ciphertext only, in memory, small, and not for long.
//!
//! A memo is found by the domain, its id and a hash of the token that fetched it, so that nobody gets a memo whose token
//! they do not hold. The domain that holds a memo says how long it may be kept (`max_age_seconds`), and what it does not
//! say so of is not kept: who takes a memo back, or lets it be heard once, is obeyed.

use super::client::Fetched;
use super::domain::Domain;
use crate::limits;
use crate::memo::token::AccessToken;
use crate::time::Instant;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Which memo, by whose leave.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// Of a memo and a token that fetches it.
    pub fn new(domain: &Domain, memo_id: &str, token: &AccessToken) -> Self {
        let digest = Sha256::new()
            .chain_update(domain.as_str())
            .chain_update([0])
            .chain_update(memo_id)
            .chain_update([0])
            .chain_update(token.verifier().as_bytes())
            .finalize();
        CacheKey(digest.into())
    }
}

struct Kept {
    memo: Arc<Fetched>,
    until: Instant,
}

/// The memos that are kept.
#[derive(Default)]
pub struct Cache {
    kept: HashMap<CacheKey, Kept>,
    /// Oldest first.
    order: VecDeque<CacheKey>,
    bytes: usize,
}

impl Cache {
    /// A memo that is kept.
    pub fn get(&mut self, key: &CacheKey, now: Instant) -> Option<Arc<Fetched>> {
        self.forget_old(now);
        self.kept.get(key).map(|kept| kept.memo.clone())
    }

    /// Keeps a memo for as long as its domain allows, where there is room for it at all.
    pub fn put(&mut self, key: CacheKey, memo: &Arc<Fetched>, now: Instant) {
        self.forget_old(now);
        let size = memo.ciphertext.len();
        let time = memo.max_age.min(limits::FETCH_CACHE_TIME);
        // A few large ones would leave no room for the others.
        if time.is_zero() || size > limits::FETCH_CACHE_BYTES / 4 || self.kept.contains_key(&key) {
            return;
        }
        while self.bytes + size > limits::FETCH_CACHE_BYTES {
            self.forget_first();
        }
        self.bytes += size;
        self.order.push_back(key);
        let kept = Kept {
            memo: memo.clone(),
            until: now + time,
        };
        self.kept.insert(key, kept);
    }

    fn forget_old(&mut self, now: Instant) {
        // The times differ little, so that the order of coming is nearly that of going; what is over is gone at once.
        let over: Vec<CacheKey> = self
            .kept
            .iter()
            .filter(|(_, kept)| kept.until <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in over {
            self.forget(&key);
        }
    }

    fn forget_first(&mut self) {
        if let Some(key) = self.order.front().copied() {
            self.forget(&key);
        }
    }

    fn forget(&mut self, key: &CacheKey) {
        self.order.retain(|known| known != key);
        if let Some(kept) = self.kept.remove(key) {
            self.bytes -= kept.memo.ciphertext.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::key::MemoKey;
    use crate::time::Duration;

    fn memo(bytes: usize, secs: u64) -> Arc<Fetched> {
        Arc::new(Fetched {
            ciphertext: vec![0; bytes].into(),
            encryption_iv: [0; 12],
            audio_format: "audio/wav".into(),
            encryption: "aes-256-gcm".into(),
            complete: true,
            created_at: None,
            max_age: Duration::from_secs(secs),
        })
    }

    fn key(id: &str, token: &AccessToken) -> CacheKey {
        CacheKey::new(&"a.example".parse().unwrap(), id, token)
    }

    #[test]
    fn a_memo_is_kept_for_who_holds_its_token_and_as_long_as_its_domain_allows() {
        let token = AccessToken::derive(&MemoKey::generate());
        let other = AccessToken::derive(&MemoKey::generate());
        let mut cache = Cache::default();
        let at = Instant::from_secs;
        cache.put(key("a", &token), &memo(10, 20), at(0));
        cache.put(key("b", &token), &memo(10, 0), at(0));
        cache.put(key("c", &token), &memo(10, 86_400), at(0));
        assert!(cache.get(&key("a", &token), at(19)).is_some());
        assert!(cache.get(&key("a", &other), at(19)).is_none());
        assert!(cache.get(&key("b", &token), at(0)).is_none());
        assert!(cache.get(&key("a", &token), at(20)).is_none());
        assert!(cache.get(&key("c", &token), at(59)).is_some());
        assert!(cache.get(&key("c", &token), at(60)).is_none());
        assert_eq!((cache.bytes, cache.order.len()), (0, 0));
    }

    #[test]
    fn it_is_bounded() {
        let token = AccessToken::derive(&MemoKey::generate());
        let mut cache = Cache::default();
        let size = limits::FETCH_CACHE_BYTES / 4;
        cache.put(key("large", &token), &memo(size + 1, 60), Instant::ZERO);
        assert_eq!(cache.bytes, 0);
        for id in ["1", "2", "3", "4", "5"] {
            cache.put(key(id, &token), &memo(size, 60), Instant::ZERO);
        }
        assert_eq!((cache.bytes, cache.kept.len()), (4 * size, 4));
        assert!(cache.get(&key("1", &token), Instant::ZERO).is_none());
        assert!(cache.get(&key("5", &token), Instant::ZERO).is_some());
    }
}
