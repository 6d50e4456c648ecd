//! The timers of RFC 3261 17 and RFC 6026 by their letters.

use crate::time::{Duration, Instant};

/// The base values that all timers derive from (RFC 3261 table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// An estimate of the round trip: 500 ms.
    pub t1: Duration,
    /// The longest interval between retransmissions of a non-INVITE request or INVITE response: 4 s.
    pub t2: Duration,
    /// How long a message stays in the network: 5 s.
    pub t4: Duration,
}

impl Default for Base {
    fn default() -> Self {
        Base {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

impl Base {
    /// 64*T1: how long one side waits for the other (timers B, F, H, J, L, M).
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// The interval after `interval`: doubled up to T2.
    pub fn next_interval(&self, interval: Duration) -> Duration {
        (interval * 2).min(self.t2)
    }
}

/// A timer by the letter that RFC 3261 table 4, or RFC 6026 7.1 and 7.2 for L and M, gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// INVITE client: repeats the INVITE.
    A,
    /// INVITE client: gives up.
    B,
    /// INVITE client: absorbs repeated final responses.
    D,
    /// Client: repeats the request.
    E,
    /// Client: gives up.
    F,
    /// INVITE server: repeats the final response.
    G,
    /// INVITE server: stops waiting for the ACK.
    H,
    /// INVITE server: absorbs repeated ACKs.
    I,
    /// Server: absorbs repeated requests.
    J,
    /// Client: absorbs repeated responses.
    K,
    /// INVITE server: absorbs repeated INVITEs after a 2xx.
    L,
    /// INVITE client: lets further 2xx pass.
    M,
}

/// The deadlines of one transaction. No state of any of the four has more than two timers, so two places
/// suffice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimerTable([Option<(Timer, Instant)>; 2]);

impl TimerTable {
    /// Starts `timer`, or moves it.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.clear(timer);
        let free = self.0.iter_mut().find(|place| place.is_none());
        *free.expect("no transaction state has more than two timers") = Some((timer, at));
    }

    /// Stops `timer`.
    pub fn clear(&mut self, timer: Timer) {
        for place in &mut self.0 {
            if place.is_some_and(|(t, _)| t == timer) {
                *place = None;
            }
        }
    }

    /// Stops all.
    pub fn clear_all(&mut self) {
        self.0 = [None; 2];
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().map(|&(_, at)| at).min()
    }

    /// Takes out the earliest timer that is due by `now`.
    pub fn expired(&mut self, now: Instant) -> Option<Timer> {
        let (timer, _) = *self
            .0
            .iter()
            .flatten()
            .filter(|(_, at)| *at <= now)
            .min_by_key(|(_, at)| *at)?;
        self.clear(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_due_timer_comes_first_and_only_once() {
        let mut table = TimerTable::default();
        table.set(Timer::B, Instant::from_secs(32));
        table.set(Timer::A, Instant::from_millis(500));
        assert_eq!(table.next(), Some(Instant::from_millis(500)));
        assert_eq!(table.expired(Instant::from_millis(499)), None);
        assert_eq!(table.expired(Instant::from_secs(40)), Some(Timer::A));
        assert_eq!(table.expired(Instant::from_secs(40)), Some(Timer::B));
        assert_eq!(table.expired(Instant::from_secs(40)), None);
        assert_eq!(table.next(), None);
    }

    #[test]
    fn intervals_double_up_to_t2() {
        let base = Base::default();
        let mut interval = base.t1;
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(interval.as_millis());
            interval = base.next_interval(interval);
        }
        assert_eq!(seen, [500, 1000, 2000, 4000, 4000]);
        assert_eq!(base.patience(), Duration::from_secs(32));
    }
}
