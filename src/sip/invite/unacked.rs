//! A 2xx of ours until its ACK comes (RFC 3261 13.3.1.4).
//!
//! The 2xx travels end to end, so it is repeated here and not by the transaction, over streams too: the next
//! hop may go on over datagrams.

use crate::sip::transaction::timers::Base;
use crate::time::{Duration, Instant};

/// A 2xx that waits for its ACK.
#[derive(Debug)]
pub struct Unacked {
    /// The CSeq number of the INVITE, and so of its ACK.
    pub cseq: u32,
    /// Whether the 2xx carried the offer, so that the ACK brings the answer.
    pub offered: bool,
    response: Vec<u8>,
    interval: Duration,
    repeat_at: Instant,
    give_up_at: Instant,
}

/// What the passing of time asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Send the 2xx again.
    Repeat(Vec<u8>),
    /// 64*T1 have passed: end the dialog.
    GiveUp,
}

impl Unacked {
    /// The wait that begins with having sent `response`.
    pub fn new(now: Instant, base: &Base, cseq: u32, offered: bool, response: Vec<u8>) -> Self {
        Unacked {
            cseq,
            offered,
            response,
            interval: base.t1,
            repeat_at: now + base.t1,
            give_up_at: now + base.patience(),
        }
    }

    /// When `expire` is due.
    pub fn poll_timeout(&self) -> Instant {
        self.repeat_at.min(self.give_up_at)
    }

    /// Does what is due by `now`.
    pub fn expire(&mut self, now: Instant, base: &Base) -> Due {
        if self.give_up_at <= now {
            return Due::GiveUp;
        }
        if self.repeat_at > now {
            return Due::Nothing;
        }
        self.interval = base.next_interval(self.interval);
        self.repeat_at = now + self.interval;
        Due::Repeat(self.response.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_2xx_is_repeated_from_t1_up_to_t2_and_given_up_after_64_t1() {
        let base = Base::default();
        let mut unacked = Unacked::new(Instant::ZERO, &base, 1, false, b"200".to_vec());
        let mut repeats = Vec::new();
        let end = loop {
            let at = unacked.poll_timeout();
            match unacked.expire(at, &base) {
                Due::Repeat(bytes) => {
                    assert_eq!(bytes, b"200");
                    repeats.push(at.as_micros() / 1000);
                }
                Due::GiveUp => break at,
                Due::Nothing => panic!("woken at {at:?} for nothing"),
            }
        };
        assert_eq!(
            repeats,
            [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
        );
        assert_eq!(end, Instant::from_secs(32));
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut unacked = Unacked::new(Instant::ZERO, &Base::default(), 1, false, Vec::new());
        assert_eq!(
            unacked.expire(Instant::from_millis(499), &Base::default()),
            Due::Nothing
        );
    }
}
