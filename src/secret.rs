//! Values that must not reach a log: secrets (never printed) and private data (printed shortened).

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::{Zeroize as _, Zeroizing};

/// A password or token from the configuration. It has no `Display`; its `Debug` prints no character of it;
/// it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// The text itself, for the one place that needs it (a digest, a comparison).
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

static FULL_NUMBERS: AtomicBool = AtomicBool::new(false);

/// Lets `Private` print telephone numbers whole: the operator's `[log] full_numbers`. Process-wide because
/// it is a property of the log, not of a call.
pub fn show_full_numbers(on: bool) {
    FULL_NUMBERS.store(on, Ordering::Relaxed);
}

/// A telephone number or SIP user on its way into a log line: shown as its last four characters
/// (`…0123`), unless the operator asked for whole numbers.
pub struct Private<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.as_ref();
        if FULL_NUMBERS.load(Ordering::Relaxed) {
            return write!(f, "{}", text.escape_debug());
        }
        let count = text.chars().count();
        if count == 0 {
            return f.write_str("anonymous");
        }
        // A number of four digits or fewer would otherwise be shown whole.
        let shown = count.saturating_sub(1).min(4);
        let tail: String = text.chars().skip(count - shown).collect();
        write!(f, "…{}", tail.escape_debug())
    }
}

impl<T: AsRef<str>> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Wipes the part of this thread's stack that returned functions have used: ciphers and hashes keep keys and blocks of audio
/// in local variables, of which moves leave copies that nothing wipes. Not even the heap is safe from them: a structure that
/// is built on the stack and moved to the heap takes along what lies in its gaps.
///
/// To be called as soon as a function that worked on a secret has returned, and again where a thread is done with it, from a
/// place no deeper than that of the call. Takes some ten microseconds.
#[inline(never)]
pub fn wipe_stack() {
    // Sealing an envelope in an unoptimised build uses less than half.
    wipe_stack_of::<{ 256 * 1024 }>();
}

/// The same of a part that is enough for one cipher's work, in less than a microsecond.
#[inline(never)]
pub fn wipe_some_stack() {
    wipe_stack_of::<{ 16 * 1024 }>();
}

#[inline(never)]
fn wipe_stack_of<const BYTES: usize>() {
    let mut below = [0u8; BYTES];
    below.zeroize();
    // Looked at, as far as the compiler knows, so that it is there to be wiped.
    std::hint::black_box(&below);
}

/// Digits of a code that opens something, as they are keyed or told. They have no `Display`, `Debug` prints none of
/// them, and they live in one place on the heap, which is wiped when they are dropped.
pub struct Digits {
    bytes: Box<[u8; Digits::MOST]>,
    len: usize,
}

impl Digits {
    /// How many there may be.
    pub const MOST: usize = 64;

    /// None so far.
    pub fn new() -> Self {
        Digits {
            bytes: Box::new([0; Digits::MOST]),
            len: 0,
        }
    }

    /// Those of a text, which may group them by spaces and hyphens; none where it holds anything else, or too many.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut digits = Digits::new();
        let mut keyed = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        keyed.all(|c| digits.push(c)).then_some(digits)
    }

    /// One more; `false` where it is no digit, or there is no room.
    pub fn push(&mut self, digit: char) -> bool {
        let fits = digit.is_ascii_digit() && self.len < Digits::MOST;
        if fits {
            self.bytes[self.len] = digit as u8;
            self.len += 1;
        }
        fits
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The digits themselves, for the one place that needs them.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).expect("digits are ASCII")
    }

    /// The first `count` of them, or all, and those behind.
    pub fn split(&self, count: usize) -> (Digits, Digits) {
        let (head, tail) = self.expose().split_at(count.min(self.len));
        let part = |text: &str| {
            let mut digits = Digits::new();
            text.chars().for_each(|digit| {
                digits.push(digit);
            });
            digits
        };
        (part(head), part(tail))
    }
}

impl Default for Digits {
    fn default() -> Self {
        Digits::new()
    }
}

impl Drop for Digits {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digits(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_digits_and_print_as_nothing() {
        let digits = Digits::from_text("123456 7890-12").expect("digits");
        assert_eq!((digits.expose(), digits.len()), ("123456789012", 12));
        assert_eq!(format!("{digits:?}"), "Digits(…)");
        let (head, tail) = digits.split(6);
        assert_eq!((head.expose(), tail.expose()), ("123456", "789012"));
        assert!(digits.split(99).1.is_empty());
        for wrong in ["12a", "12*", "٣", &"1".repeat(Digits::MOST + 1)] {
            assert!(Digits::from_text(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(…)");
    }

    #[test]
    fn a_number_is_shown_by_its_last_four_digits() {
        assert_eq!(Private("+15550100123").to_string(), "…0123");
        assert_eq!(Private("101").to_string(), "…01");
        assert_eq!(Private("").to_string(), "anonymous");
        assert_eq!(Private("ab\r\ncdef").to_string(), "…cdef");
    }
}
