//! How many of one address, or of one of anything else, do something at once, so that one cannot take all the places.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Places by address, or by what else tells askers apart.
pub(in crate::http) struct Crowd<K: Eq + Hash = IpAddr> {
    shared: Arc<Shared<K>>,
    each: usize,
    total: usize,
}

struct Shared<K> {
    counts: Mutex<HashMap<K, usize>>,
    /// Told whenever a place is given back.
    freed: Notify,
}

/// A place, or some together, given back when dropped.
pub(in crate::http) struct Place<K: Eq + Hash = IpAddr> {
    shared: Arc<Shared<K>>,
    key: K,
    size: usize,
}

impl<K: Eq + Hash + Clone> Crowd<K> {
    /// So many for each, and so many for all together.
    pub(in crate::http) fn new(each: usize, total: usize) -> Self {
        Crowd {
            shared: Arc::new(Shared {
                counts: Mutex::default(),
                freed: Notify::new(),
            }),
            each,
            total,
        }
    }

    /// None where this one, or all together, have as many as they may.
    pub(in crate::http) fn enter_as(&self, key: K) -> Option<Place<K>> {
        self.enter_with(key, 1)
    }

    fn enter_with(&self, key: K, size: usize) -> Option<Place<K>> {
        let mut counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = counts.values().sum();
        let own = counts.get(&key).copied().unwrap_or(0);
        if all.saturating_add(size) > self.total || own + size > self.each {
            return None;
        }
        counts.insert(key.clone(), own + size);
        drop(counts);
        Some(Place {
            shared: self.shared.clone(),
            key,
            size,
        })
    }

    async fn wait_with(&self, key: K, size: usize, wait: Duration) -> Option<Place<K>> {
        let until = tokio::time::Instant::now() + wait;
        loop {
            // Listening before looking, so that no place is given back between.
            let mut freed = std::pin::pin!(self.shared.freed.notified());
            freed.as_mut().enable();
            if let Some(place) = self.enter_with(key.clone(), size) {
                return Some(place);
            }
            tokio::time::timeout_at(until, freed).await.ok()?;
        }
    }
}

impl Crowd<IpAddr> {
    /// None where the address, or all together, have as many as they may.
    pub(in crate::http) fn enter(&self, address: IpAddr) -> Option<Place<IpAddr>> {
        self.enter_as(crate::http::limiter::network(address))
    }

    /// The same for so many places at once, and waiting so long for others to give theirs back.
    pub(in crate::http) async fn wait(
        &self,
        address: IpAddr,
        size: usize,
        wait: Duration,
    ) -> Option<Place<IpAddr>> {
        let network = crate::http::limiter::network(address);
        self.wait_with(network, size, wait).await
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut counts = self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= self.size;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
        drop(counts);
        self.shared.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_address_and_all_together_have_so_many_places() {
        let crowd = Crowd::new(2, 3);
        let mut mine: Vec<Place> = (0..2)
            .map(|_| crowd.enter(address(1)).expect("there is room"))
            .collect();
        assert!(crowd.enter(address(1)).is_none());
        let other = crowd.enter(address(2)).expect("there is room");
        assert!(crowd.enter(address(3)).is_none(), "all are taken");
        mine.pop();
        assert!(crowd.enter(address(1)).is_some());
        drop((mine, other));
        assert!(crowd.shared.counts.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn who_waits_gets_the_place_that_is_given_back() {
        let crowd = Crowd::new(4, 8);
        let long = Duration::from_secs(60);
        let mine = crowd.wait(address(1), 4, long).await.expect("there is room");
        assert!(crowd.wait(address(1), 1, Duration::ZERO).await.is_none());
        let (waiting, ()) = futures_util::future::join(crowd.wait(address(1), 3, long), async {
            assert!(crowd.wait(address(2), 4, Duration::ZERO).await.is_some());
            drop(mine);
        })
        .await;
        assert!(waiting.is_some());
        assert!(crowd.enter(address(1)).is_some());
        assert!(
            crowd.wait(address(3), 5, Duration::ZERO).await.is_none(),
            "more than one may have"
        );
    }
}
