//! Digits as telephone-events (RFC 4733): the payload, and the machine that makes one digit of its packets.

use crate::time::{Duration, Instant};

/// Bytes of one event.
pub const PAYLOAD_BYTES: usize = 4;

/// The digits, in the order of their codes (RFC 4733 3.2).
const DIGITS: &[u8; 16] = b"0123456789*#ABCD";
/// The hook is pressed for a moment (RFC 4733 3.2).
const FLASH: u8 = 16;

/// The event code of a digit, or of a flash (`F`); `None` where it is neither.
pub fn code(digit: char) -> Option<u8> {
    let digit = u8::try_from(digit.to_ascii_uppercase()).ok()?;
    if digit == b'F' {
        return Some(FLASH);
    }
    DIGITS.iter().position(|&d| d == digit).map(|code| code as u8)
}

/// The digit of an event code; `None` for flash and what lies beyond.
pub fn digit(code: u8) -> Option<char> {
    DIGITS.get(usize::from(code)).map(|&digit| char::from(digit))
}

/// What one packet says of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Its code: 0 to 15 are digits.
    pub event: u8,
    /// Whether it is over.
    pub end: bool,
    /// Power, in dB below 0 dBm0.
    pub volume: u8,
    /// Samples since the timestamp.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload. What follows the first event is left aside; `None` where there is not even one.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[event, flags, high, low] = payload.get(..PAYLOAD_BYTES)? else {
            return None;
        };
        Some(TelephoneEvent {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// Its bytes.
    pub fn to_bytes(self) -> [u8; PAYLOAD_BYTES] {
        let [high, low] = self.duration.to_be_bytes();
        let flags = (u8::from(self.end) << 7) | (self.volume & 0x3f);
        [self.event, flags, high, low]
    }
}

/// After so long without a packet of a digit it has ended: the sender repeats it every 20 to 50 ms (RFC 4733
/// 2.5.2.2 asks for at least three packet intervals).
const TIMEOUT: Duration = Duration::from_millis(200);

/// No network delays a packet for so long: a timestamp that steps back by then has started anew.
const STALE: Duration = Duration::from_secs(2);

/// What a receiver makes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A key went down; told once.
    Began {
        /// Which.
        digit: char,
    },
    /// A key came up, or the packets ceased; told once.
    Ended {
        /// Which.
        digit: char,
        /// How long it was held, as far as the packets say.
        duration: Duration,
    },
}

/// Makes digits of packets. An event is known by its timestamp, so it does not matter which of its packets,
/// the marked first one or the end, are lost, late or repeated.
#[derive(Debug, Default)]
pub struct Receiver {
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    event: u8,
    timestamp: u32,
    /// Samples; wider than the field, since a key held for more than 8 s is sent as several events.
    duration: u32,
    /// Samples of the segments before this one.
    before: u32,
    seen: Instant,
    /// Kept after the end, to know the end's repetitions.
    ended: bool,
}

/// The two things that one packet can tell: that the digit before has ended, and what happened to its own.
pub type Told = smallvec::SmallVec<[Heard; 3]>;

impl Receiver {
    /// Takes in a packet.
    pub fn receive(&mut self, now: Instant, timestamp: u32, event: TelephoneEvent) -> Told {
        let mut told = Told::new();
        if let Some(current) = &mut self.current {
            let ahead = timestamp.wrapping_sub(current.timestamp) as i32;
            if ahead < 0 && now.since(current.seen) < STALE {
                // Overtaken by the packets of a later digit; its end was told then.
                return told;
            }
            if ahead == 0 {
                if !current.ended && event.event == current.event {
                    current.duration = current.duration.max(u32::from(event.duration));
                    current.seen = now;
                    if event.end {
                        told.extend(current.end());
                    }
                }
                return told;
            }
            let continues = current.duration == u32::from(u16::MAX) && ahead as u32 == current.duration;
            if continues && !current.ended && event.event == current.event {
                // RFC 4733 2.5.1.3: an event too long for the field goes on as a new segment.
                current.before += current.duration;
                current.timestamp = timestamp;
                current.duration = u32::from(event.duration);
                current.seen = now;
                if event.end {
                    told.extend(current.end());
                }
                return told;
            }
            told.extend(current.end());
        }
        let mut current = Current {
            event: event.event,
            timestamp,
            duration: u32::from(event.duration),
            before: 0,
            seen: now,
            ended: false,
        };
        told.extend(digit(event.event).map(|digit| Heard::Began { digit }));
        if event.end {
            told.extend(current.end());
        }
        self.current = Some(current);
        told
    }

    /// Ends a digit whose packets have ceased.
    pub fn expire(&mut self, now: Instant) -> Option<Heard> {
        let current = self.current.as_mut()?;
        (now.since(current.seen) >= TIMEOUT).then(|| current.end())?
    }

    /// Ends what goes on and forgets it: the stream has started anew, its timestamps mean nothing to the old.
    pub fn reset(&mut self) -> Option<Heard> {
        self.current.take().and_then(|mut current| current.end())
    }
}

impl Current {
    fn end(&mut self) -> Option<Heard> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        let samples = self.before.saturating_add(self.duration);
        digit(self.event).map(|digit| Heard::Ended {
            digit,
            duration: Duration::from_micros(u64::from(samples) * 125),
        })
    }
}

#[cfg(test)]
mod tests;
