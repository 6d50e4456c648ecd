//! The RTP ports of the configuration: which are free.

use crate::rng::Rng;
use std::collections::VecDeque;

/// Hands out even ports (RTP; RTCP is the odd one above) and takes them back. A port given back goes to the end of
/// the line, so that late packets of an old call do not meet a new one.
#[derive(Debug)]
pub struct PortPool {
    free: VecDeque<u16>,
    total: usize,
}

impl PortPool {
    /// The even ports of `low..=high` whose odd neighbour is in the range too, in random order, so that a stranger
    /// cannot tell the next call's port from the last one's.
    pub fn new((low, high): (u16, u16), rng: &mut Rng) -> Self {
        let mut ports: Vec<u16> = (low..high).filter(|port| port % 2 == 0).collect();
        for i in (1..ports.len()).rev() {
            ports.swap(i, rng.below(i as u64 + 1) as usize);
        }
        PortPool {
            total: ports.len(),
            free: ports.into(),
        }
    }

    /// The next free port; `None` where every one is in use.
    pub fn take(&mut self) -> Option<u16> {
        self.free.pop_front()
    }

    /// Takes a port back.
    pub fn give_back(&mut self, port: u16) {
        debug_assert!(!self.free.contains(&port), "port {port} was given back twice");
        self.free.push_back(port);
    }

    /// Ports in use.
    pub fn in_use(&self) -> usize {
        self.total - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_lie_inside_the_range_and_all_come_back() {
        let mut pool = PortPool::new((10_001, 10_008), &mut Rng::from_seed(1));
        let mut taken: Vec<u16> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(pool.in_use(), 3);
        taken.sort_unstable();
        assert_eq!(taken, [10_002, 10_004, 10_006]);
        for port in taken {
            pool.give_back(port);
        }
        assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_port_given_back_is_the_last_to_be_used_again() {
        let mut pool = PortPool::new((10_000, 10_009), &mut Rng::from_seed(1));
        let first = pool.take().expect("the pool is not empty");
        pool.give_back(first);
        let order: Vec<u16> = std::iter::from_fn(|| pool.take()).collect();
        assert_eq!(order.last(), Some(&first));
    }
}
