//! A network that loses, repeats, delays and reorders datagrams, from a seed.

use obelus::rng::Rng;
use obelus::time::{Duration, Instant};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;

/// How bad it is, each a share of one.
#[derive(Clone, Copy, Debug)]
pub struct Quality {
    /// Of datagrams that never arrive.
    pub loss: f64,
    /// Of datagrams that arrive twice.
    pub duplicate: f64,
    /// Most delay, milliseconds; each datagram draws its own, so later ones overtake.
    pub delay_ms: u64,
}

impl Quality {
    /// Nothing is lost and everything arrives in order.
    pub const PERFECT: Quality = Quality {
        loss: 0.0,
        duplicate: 0.0,
        delay_ms: 0,
    };
    /// One in five is lost, one in twenty comes twice, any may be overtaken.
    pub const BAD: Quality = Quality {
        loss: 0.2,
        duplicate: 0.05,
        delay_ms: 120,
    };
}

/// A datagram under way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Everything under way.
pub struct Net {
    quality: Quality,
    rng: Rng,
    under_way: BinaryHeap<Reverse<(Instant, u64, Datagram)>>,
    sent: u64,
}

impl Net {
    pub fn new(quality: Quality, rng: Rng) -> Self {
        Net {
            quality,
            rng,
            under_way: BinaryHeap::new(),
            sent: 0,
        }
    }

    pub fn send(&mut self, now: Instant, datagram: Datagram) {
        if self.rng.unit() < self.quality.loss {
            return;
        }
        let copies = if self.rng.unit() < self.quality.duplicate {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let delay = Duration::from_millis(5 + self.rng.below(self.quality.delay_ms + 1));
            self.sent += 1;
            self.under_way
                .push(Reverse((now + delay, self.sent, datagram.clone())));
        }
    }

    pub fn next_arrival(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse((at, _, _))| *at)
    }

    /// The next datagram that has arrived by `now`.
    pub fn arrive(&mut self, now: Instant) -> Option<Datagram> {
        if self.next_arrival()? > now {
            return None;
        }
        self.under_way.pop().map(|Reverse((_, _, datagram))| datagram)
    }
}
