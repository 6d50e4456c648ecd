//! How many of one address do something at once, so that one host cannot take all the places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Places by address.
#[derive(Clone)]
pub(in crate::http) struct Crowd {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address: usize,
    total: usize,
}

/// A place, given back when dropped.
pub(in crate::http) struct Place {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    pub(in crate::http) fn new(per_address: usize, total: usize) -> Self {
        Crowd {
            counts: Arc::default(),
            per_address,
            total,
        }
    }

    /// None where the address, or all together, have as many as they may.
    pub(in crate::http) fn enter(&self, address: IpAddr) -> Option<Place> {
        let address = crate::http::limiter::network(address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.values().sum::<usize>() >= self.total {
            return None;
        }
        let count = counts.entry(address).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Place {
            crowd: self.clone(),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
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
