//! Digits on their way out: as telephone-events (RFC 4733), or as tones where the peer takes no events.

use super::tone::Tone;
use super::SendingId;
use crate::codec::{Codec, FRAME_SAMPLES};
use crate::limits;
use crate::rtp::telephone_event::{self, TelephoneEvent};
use crate::time::Duration;
use std::collections::VecDeque;

/// Volume of the events that we send: -10 dBm0, what telephones send.
const VOLUME: u8 = 10;
/// The end of an event is sent three times (RFC 4733 2.5.1.4): the last packet of the digit, and one in each of so
/// many slots after it.
const END_REPEATED: u32 = 2;
/// The frequencies of the keys (ITU-T Q.23), by row and by column.
const ROWS: [u16; 4] = [697, 770, 852, 941];
const COLUMNS: [u16; 4] = [1_209, 1_336, 1_477, 1_633];

/// The digits of one act of sending.
#[derive(Debug)]
pub struct Digits {
    sending: Option<SendingId>,
    left: VecDeque<Digit>,
}

/// One digit, yet to be sent.
#[derive(Clone, Copy, Debug)]
struct Digit {
    event: u8,
    length: Duration,
    gap: Duration,
}

/// A digit on its way.
#[derive(Debug)]
pub struct Outgoing {
    event: u8,
    /// The RTP timestamp of its beginning, which all its packets have.
    pub timestamp: u32,
    /// Samples of it.
    samples: u16,
    /// Slots of it, and with the pause after it.
    slots: u32,
    whole_slots: u32,
    /// Slots that have passed.
    slot: u32,
}

/// What is sent of a digit in one slot.
#[derive(Debug, PartialEq, Eq)]
pub enum Slot {
    /// A packet of the event, with a marker on the first.
    Event {
        /// The first of this event.
        first: bool,
        /// What it says.
        payload: [u8; telephone_event::PAYLOAD_BYTES],
    },
    /// Nothing: the pause.
    Pause,
}

impl Digits {
    /// None.
    pub fn new() -> Self {
        Digits {
            sending: None,
            left: VecDeque::new(),
        }
    }

    /// Queues digits; what is no digit, or too many, is left out. Replaces what was queued for another act of sending,
    /// which is given back.
    pub fn send(
        &mut self,
        sending: SendingId,
        digits: &str,
        length: Duration,
        gap: Duration,
    ) -> Option<SendingId> {
        let before = self.stop();
        self.sending = Some(sending);
        let events = digits.chars().filter_map(telephone_event::code);
        self.left.extend(
            events
                .take(limits::SENT_DIGITS)
                .map(|event| Digit { event, length, gap }),
        );
        before
    }

    /// Queues one more, which nobody waits for: a digit that is echoed.
    pub fn push(&mut self, digit: char, length: Duration) {
        if self.left.len() < limits::DIGIT_QUEUE {
            self.left.extend(telephone_event::code(digit).map(|event| Digit {
                event,
                length,
                gap: Duration::ZERO,
            }));
        }
    }

    /// Forgets what is left; whose it was.
    pub fn stop(&mut self) -> Option<SendingId> {
        self.left.clear();
        self.sending.take()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Who waits, once none is left.
    pub fn finished(&mut self) -> Option<SendingId> {
        if self.left.is_empty() {
            self.sending.take()
        } else {
            None
        }
    }

    /// The next, beginning at that timestamp.
    pub fn begin(&mut self, timestamp: u32) -> Option<Outgoing> {
        let digit = self.left.pop_front()?;
        let length = digit.length.min(limits::SENT_DIGIT_TIME);
        // As events they are told in steps of a slot; the last says how long the digit was to the sample.
        let samples = (length.as_micros() / 125).max(1);
        let slots = slots(samples);
        let gap = slots_of(digit.gap).max(END_REPEATED);
        Some(Outgoing {
            event: digit.event,
            timestamp,
            samples: u16::try_from(samples).unwrap_or(u16::MAX),
            slots,
            whole_slots: slots + gap,
            slot: 0,
        })
    }
}

fn slots(samples: u128) -> u32 {
    u32::try_from(samples.div_ceil(FRAME_SAMPLES as u128)).unwrap_or(u32::MAX)
}

/// At most a minute, so that sums stay small.
fn slots_of(time: Duration) -> u32 {
    slots(time.min(Duration::from_secs(60)).as_micros() / 125)
}

impl Outgoing {
    /// Goes on to the next slot and tells what is sent in it as an event.
    pub fn next_event(&mut self) -> Slot {
        self.slot += 1;
        if self.slot > self.slots + END_REPEATED {
            return Slot::Pause;
        }
        let so_far = u64::from(self.slot.min(self.slots)) * FRAME_SAMPLES as u64;
        let event = TelephoneEvent {
            event: self.event,
            end: self.slot >= self.slots,
            volume: VOLUME,
            duration: u16::try_from(so_far).unwrap_or(u16::MAX).min(self.samples),
        };
        Slot::Event {
            first: self.slot == 1,
            payload: event.to_bytes(),
        }
    }

    /// Goes on to the next slot and appends its 20 ms as tones.
    pub fn append_tones(&mut self, codec: Codec, into: &mut Vec<u8>) {
        let mut frame = [0; FRAME_SAMPLES];
        if let Some(frequencies) = frequencies(self.event) {
            let tone = Tone {
                frequencies,
                time: Duration::from_micros(u64::from(self.samples) * 125),
            };
            let start = u64::from(self.slot) * FRAME_SAMPLES as u64;
            let left = tone.samples().saturating_sub(start);
            let ats = start..start + left.min(FRAME_SAMPLES as u64);
            for (sample, at) in frame.iter_mut().zip(ats) {
                *sample = tone.sample(at);
            }
        }
        self.slot += 1;
        codec.encode(&frame, into);
    }

    /// Whether digit and pause are over.
    pub fn is_over(&self) -> bool {
        self.slot >= self.whole_slots
    }
}

/// The two frequencies of a digit's event code; a flash has none.
fn frequencies(event: u8) -> Option<[u16; 2]> {
    let keys = b"123A456B789C*0#D";
    let key = u8::try_from(telephone_event::digit(event)?).ok()?;
    let place = keys.iter().position(|&of| of == key)?;
    Some([*ROWS.get(place / 4)?, *COLUMNS.get(place % 4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// The packets of one digit, slot by slot.
    fn packets(digit: &str, length: Duration, gap: Duration) -> Vec<Option<[u8; 4]>> {
        let mut digits = Digits::new();
        assert_eq!(digits.send(SendingId(1), digit, length, gap), None);
        let mut outgoing = digits.begin(0).unwrap();
        let mut packets = Vec::new();
        while !outgoing.is_over() {
            packets.push(match outgoing.next_event() {
                Slot::Event { first, payload } => {
                    assert_eq!(first, packets.is_empty());
                    Some(payload)
                }
                Slot::Pause => None,
            });
        }
        packets
    }

    #[test]
    fn an_event_is_told_in_steps_and_its_end_three_times() {
        // 50 ms are two slots and a half; the end says 400 samples.
        let expected = [
            Some([11, 0x0a, 0x00, 0xa0]),
            Some([11, 0x0a, 0x01, 0x40]),
            Some([11, 0x8a, 0x01, 0x90]),
            Some([11, 0x8a, 0x01, 0x90]),
            Some([11, 0x8a, 0x01, 0x90]),
            None,
        ];
        assert_eq!(packets("#", MS(50), MS(60)), expected);
        // A pause too short for the repetitions of the end is made longer, and a digit of no length is one slot.
        assert_eq!(packets("5", MS(0), MS(0)), [Some([5, 0x8a, 0, 1]); 3]);
        let longest = packets("D", MS(3_600_000), MS(0));
        assert_eq!(longest.len(), 402);
        assert_eq!(longest[401], Some([15, 0x8a, 0xfa, 0x00]));
    }

    #[test]
    fn a_flash_is_event_16_and_silent_as_a_tone() {
        assert_eq!(packets("f", MS(20), MS(0))[0], Some([16, 0x8a, 0, 160]));
        assert_eq!(frequencies(16), None);
        assert_eq!(frequencies(0), Some([941, 1_336]));
        assert_eq!(frequencies(1), Some([697, 1_209]));
        assert_eq!(frequencies(11), Some([941, 1_477]));
        assert_eq!(frequencies(15), Some([941, 1_633]));
    }

    #[test]
    fn what_is_replaced_or_stopped_is_told_to_who_waits() {
        let mut digits = Digits::new();
        assert_eq!(digits.send(SendingId(1), "12x3", MS(100), MS(100)), None);
        assert_eq!(digits.left.len(), 3);
        assert_eq!(digits.finished(), None);
        assert_eq!(
            digits.send(SendingId(2), &"1".repeat(999), MS(100), MS(100)),
            Some(SendingId(1))
        );
        assert_eq!(digits.left.len(), limits::SENT_DIGITS);
        assert_eq!(digits.stop(), Some(SendingId(2)));
        assert!(digits.is_empty());
        assert_eq!(digits.finished(), None);
        assert_eq!(digits.send(SendingId(3), "", MS(100), MS(100)), None);
        assert_eq!(digits.finished(), Some(SendingId(3)));
    }
}
