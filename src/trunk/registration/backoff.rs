//! How long to wait after a failure.

use crate::rng::Rng;
use crate::time::Duration;

/// The first wait after a failure and the longest.
const FAILURE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));
/// The first wait after a wrong password and the longest.
const REJECTION: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(3_600));

/// Failures in a row, by kind.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    rejections: u32,
}

impl Backoff {
    /// It went well.
    pub(super) fn reset(&mut self) {
        *self = Backoff::default();
    }

    /// The wait after a failure: doubling, and drawn from the upper half.
    pub(super) fn after_failure(&mut self, rng: &mut Rng) -> Duration {
        let longest = doubled(FAILURE.0, self.failures, FAILURE.1);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(0.5 + rng.unit() / 2.0)
    }

    /// The wait after refused credentials. Never below the first, so the draw goes upwards from there.
    pub(super) fn after_rejection(&mut self, rng: &mut Rng) -> Duration {
        let least = doubled(REJECTION.0, self.rejections, REJECTION.1);
        self.rejections = self.rejections.saturating_add(1);
        least.mul_f64(1.0 + rng.unit() / 4.0).min(REJECTION.1)
    }

    /// Whether this is the first rejection in a row: the one that the operator is told of loudly.
    pub(super) fn is_first_rejection(&self) -> bool {
        self.rejections == 0
    }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_their_bounds() {
        let mut rng = Rng::from_seed(3);
        let mut backoff = Backoff::default();
        let failures: Vec<Duration> = (0..20).map(|_| backoff.after_failure(&mut rng)).collect();
        for (i, wait) in failures.iter().enumerate() {
            let longest = 300.min(2u64 << i.min(16));
            assert!(*wait <= Duration::from_secs(longest), "{i}: {wait:?}");
            assert!(*wait >= Duration::from_secs(longest) / 2, "{i}: {wait:?}");
        }
        assert_ne!(failures[18], failures[19], "the waits are drawn, not fixed");
        for _ in 0..20 {
            let wait = backoff.after_rejection(&mut rng);
            assert!((300..=3_600).contains(&wait.as_secs()), "{wait:?}");
        }
        backoff.reset();
        assert!(backoff.after_failure(&mut rng) <= Duration::from_secs(2));
        assert!(backoff.is_first_rejection());
    }
}
