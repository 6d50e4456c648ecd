//! Counting wrong codes: a value, the time handed in.
//!
//! Ten wrong ones in a row and the lock waits for an hour; after each ten more twice as long as before, up to eight hours.
//! Meanwhile nothing is compared and nothing counted. A right one ends the row, and so does a day without a wrong one.
//!
//! However many there were, the lock stays: a code that a stranger could use up for good would be the stranger's to take
//! away. A guesser has thirty codes a day to try, of 10^16.

use crate::limits;
use crate::memo::record::Millis;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the server keeps beside a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// Wrong ones since the lock was made.
    #[serde(default)]
    pub wrong_attempts: u32,
    /// Wrong ones since the last right one, or since a day without one.
    #[serde(default)]
    pub wrong_in_a_row: u32,
    /// When the last wrong one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_wrong_at: Option<Millis>,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The code is right.
    Right,
    /// The code is wrong, and was counted.
    Wrong,
    /// Nothing was compared: the lock waits until then.
    Waits(Millis),
}

impl Attempts {
    /// Until when nothing is compared, where that is so at `now`.
    pub fn waits(&self, now: Millis) -> Option<Millis> {
        let rounds = self.wrong_in_a_row / limits::TELEPHONE_WRONG_IN_A_ROW;
        if rounds == 0
            || !self
                .wrong_in_a_row
                .is_multiple_of(limits::TELEPHONE_WRONG_IN_A_ROW)
        {
            return None;
        }
        let wait = millis(limits::TELEPHONE_WAIT)
            .saturating_mul(1 << (rounds - 1).min(20))
            .min(millis(limits::TELEPHONE_WAIT_MOST));
        let until = Millis(self.last_wrong_at?.0.saturating_add(wait));
        (now < until).then_some(until)
    }

    /// Counts an attempt at `now`. `is_right` is only asked where the lock does not wait.
    pub fn attempt(&mut self, now: Millis, is_right: impl FnOnce() -> bool) -> Verdict {
        if let Some(until) = self.waits(now) {
            return Verdict::Waits(until);
        }
        if is_right() {
            self.wrong_in_a_row = 0;
            return Verdict::Right;
        }
        self.wrong_attempts = self.wrong_attempts.saturating_add(1);
        self.wrong_in_a_row = self.row(now).saturating_add(1);
        self.last_wrong_at = Some(now);
        Verdict::Wrong
    }

    /// Wrong ones in a row that still count.
    fn row(&self, now: Millis) -> u32 {
        let age = self.last_wrong_at.map(|at| now.0.saturating_sub(at.0));
        match age.is_some_and(|age| age >= millis(limits::TELEPHONE_ROW_AGE)) {
            true => 0,
            false => self.wrong_in_a_row,
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
