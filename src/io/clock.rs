//! The clock that the shell reads, once for each input.

use crate::time::Instant;

/// Turns the operating system's monotonic clock into the machines' time and back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: std::time::Instant,
}

impl Clock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Clock {
            origin: std::time::Instant::now(),
        }
    }

    /// The time.
    pub fn now(&self) -> Instant {
        Instant::ZERO + self.origin.elapsed()
    }

    /// When the operating system's clock shows `at`.
    pub fn to_std(&self, at: Instant) -> std::time::Instant {
        self.origin + at.since(Instant::ZERO)
    }
}
