//! When what wants to be woken: one heap for all transactions and calls.
//!
//! Deletion is lazy. Each sleeper remembers for when it is `armed`; an entry of the heap that says another time
//! is stale and is dropped when it comes up. So setting a timer anew, which nearly every message does, costs a
//! push at most, and a finished transaction leaves at most its last entry behind.

use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Who sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sleeper {
    /// A transaction.
    Transaction(u64),
    /// A call.
    Call(u64),
}

/// The heap.
#[derive(Debug, Default)]
pub(super) struct Schedule(BinaryHeap<Reverse<(Instant, Sleeper)>>);

impl Schedule {
    /// Sees to it that `sleeper` is woken at `deadline` or earlier; `armed` is the sleeper's own note.
    pub fn arm(&mut self, sleeper: Sleeper, deadline: Option<Instant>, armed: &mut Option<Instant>) {
        let Some(deadline) = deadline else { return };
        if armed.is_none_or(|at| deadline < at) {
            self.0.push(Reverse((deadline, sleeper)));
            *armed = Some(deadline);
        }
    }

    /// The earliest entry.
    pub fn peek(&self) -> Option<(Instant, Sleeper)> {
        self.0.peek().map(|&Reverse(entry)| entry)
    }

    /// Takes the earliest entry out.
    pub fn pop(&mut self) {
        self.0.pop();
    }
}
