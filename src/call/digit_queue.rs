//! Digits that a caller typed and that the dialplan has not read: some may be of a code, so a place is wiped as soon as
//! its digit is taken out.

use crate::limits;
use std::fmt;
use zeroize::Zeroize;

/// At most [`limits::DIGIT_QUEUE`] digits, first in, first out.
pub struct DigitQueue {
    places: [char; limits::DIGIT_QUEUE],
    first: usize,
    len: usize,
}

impl DigitQueue {
    /// An empty one.
    pub fn new() -> Self {
        DigitQueue {
            places: ['\0'; limits::DIGIT_QUEUE],
            first: 0,
            len: 0,
        }
    }

    /// Appends a digit; one for which there is no room is dropped.
    pub fn push(&mut self, digit: char) {
        if self.len < self.places.len() {
            self.places[(self.first + self.len) % self.places.len()] = digit;
            self.len += 1;
        }
    }

    /// Takes the first one out.
    pub fn pop(&mut self) -> Option<char> {
        if self.len == 0 {
            return None;
        }
        let digit = self.places[self.first];
        self.places[self.first].zeroize();
        self.first = (self.first + 1) % self.places.len();
        self.len -= 1;
        Some(digit)
    }

    /// Takes out the first that is one of `keys`, and forgets what was typed before it. Where there is none, nothing
    /// changes.
    pub fn pop_one_of(&mut self, keys: &str) -> Option<char> {
        let at = |n: usize| self.places[(self.first + n) % self.places.len()];
        let before = (0..self.len).find(|n| keys.contains(at(*n)))?;
        for _ in 0..before {
            self.pop();
        }
        self.pop()
    }
}

impl Drop for DigitQueue {
    fn drop(&mut self) {
        self.places.zeroize();
    }
}

impl fmt::Debug for DigitQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DigitQueue({})", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_out_as_they_went_in_and_leave_nothing_behind() {
        let mut queue = DigitQueue::new();
        // Twice around the ring.
        for round in 0..limits::DIGIT_QUEUE {
            queue.push('1');
            queue.push('2');
            assert_eq!(
                (queue.pop(), queue.pop(), queue.pop()),
                (Some('1'), Some('2'), None),
                "{round}"
            );
        }
        assert!(queue.places.iter().all(|place| *place == '\0'));
        for _ in 0..limits::DIGIT_QUEUE + 3 {
            queue.push('9');
        }
        assert_eq!(queue.len, limits::DIGIT_QUEUE);
    }

    #[test]
    fn what_was_typed_before_a_key_that_is_waited_for_is_forgotten() {
        let mut queue = DigitQueue::new();
        for digit in "12#4".chars() {
            queue.push(digit);
        }
        assert_eq!(queue.pop_one_of("*0"), None);
        assert_eq!(queue.pop_one_of("#*"), Some('#'));
        assert_eq!(queue.pop(), Some('4'));
        assert!(queue.places.iter().all(|place| *place == '\0'));
        assert_eq!(format!("{queue:?}"), "DigitQueue(0)");
    }
}
