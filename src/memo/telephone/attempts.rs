//! Counting wrong codes: a value, the time handed in.
//!
//! Ten wrong ones in a row and the lock waits for an hour; after each ten more twice as long as before. Meanwhile nothing
//! is compared and nothing counted, so a stranger cannot use the wait up. A right one ends the row. A hundred wrong ones
//! in all, however many right ones came between, and the lock is removed: who guesses has then tried 100 of 10^16 codes.

use crate::limits;
use crate::memo::record::Millis;
use serde::{Deserialize, Serialize};

/// What the server keeps beside a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// Wrong ones since the lock was made.
    #[serde(default)]
    pub wrong_attempts: u32,
    /// Wrong ones since the last right one.
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
    /// The code is wrong, and was the last: the lock is to be removed.
    Removed,
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
        let first = u64::try_from(limits::TELEPHONE_WAIT.as_millis()).unwrap_or(u64::MAX);
        let wait = first.saturating_mul(1 << (rounds - 1).min(20));
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
        self.wrong_in_a_row = self.wrong_in_a_row.saturating_add(1);
        self.last_wrong_at = Some(now);
        match self.wrong_attempts >= limits::TELEPHONE_WRONG_IN_ALL {
            true => Verdict::Removed,
            false => Verdict::Wrong,
        }
    }
}
