//! How many of one address, or of one of anything else, do something at once, so that one cannot take all the places.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Places by address, or by what else tells askers apart.
pub(in crate::http) struct Crowd<K: Eq + Hash = IpAddr> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    each: usize,
    total: usize,
}

/// A place, given back when dropped.
pub(in crate::http) struct Place<K: Eq + Hash = IpAddr> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Eq + Hash + Clone> Crowd<K> {
    /// So many for each, and so many for all together.
    pub(in crate::http) fn new(each: usize, total: usize) -> Self {
        Crowd {
            counts: Arc::default(),
            each,
            total,
        }
    }

    /// None where this one, or all together, have as many as they may.
    pub(in crate::http) fn enter_as(&self, key: K) -> Option<Place<K>> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.values().sum::<usize>() >= self.total {
            return None;
        }
        let count = counts.entry(key.clone()).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Place {
            counts: self.counts.clone(),
            key,
        })
    }
}

impl Crowd<IpAddr> {
    /// None where the address, or all together, have as many as they may.
    pub(in crate::http) fn enter(&self, address: IpAddr) -> Option<Place<IpAddr>> {
        self.enter_as(crate::http::limiter::network(address))
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_all_together_have_so_many_places() {
        let crowd = Crowd::new(2, 3);
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let mut mine: Vec<Place> = (0..2)
            .map(|_| crowd.enter(address(1)).expect("there is room"))
            .collect();
        assert!(crowd.enter(address(1)).is_none());
        let other = crowd.enter(address(2)).expect("there is room");
        assert!(crowd.enter(address(3)).is_none(), "all are taken");
        mine.pop();
        assert!(crowd.enter(address(1)).is_some());
        drop((mine, other));
        assert!(crowd.counts.lock().unwrap().is_empty());
    }
}
