//! How loud a stream was in the last second.

use crate::time::{Duration, Instant};

/// The highest magnitude of the last half to whole second, in two buckets of half a second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Level {
    current: u16,
    previous: u16,
    since: Instant,
}

const BUCKET: Duration = Duration::from_millis(500);

impl Level {
    /// Takes in the peak of a frame.
    pub fn add(&mut self, now: Instant, peak: u16) {
        self.turn(now);
        self.current = self.current.max(peak);
    }

    /// As a fraction of full scale.
    pub fn peak(&mut self, now: Instant) -> f32 {
        self.turn(now);
        f32::from(self.current.max(self.previous)) / 32_768.0
    }

    fn turn(&mut self, now: Instant) {
        let age = now.since(self.since);
        if age < BUCKET {
            return;
        }
        self.previous = if age < 2 * BUCKET { self.current } else { 0 };
        self.current = 0;
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_is_forgotten_after_a_second() {
        let at = Instant::from_millis;
        let mut level = Level::default();
        level.add(at(0), 16_384);
        level.add(at(400), 8_192);
        assert_eq!(level.peak(at(400)), 0.5);
        level.add(at(600), 4_096);
        assert_eq!(level.peak(at(600)), 0.5);
        assert_eq!(level.peak(at(1_100)), 0.125);
        assert_eq!(level.peak(at(9_000)), 0.0);
    }
}
