//! An echo: what the peer says, on its way back to it.
//!
//! Packets go back in the order in which they came, without a jitter buffer: an echo is a test of the line, and its
//! delay is what is tested. What comes in a bunch waits for at most two frames; what is older is left out.

use crate::codec::{Codec, FRAME_SAMPLES};
use crate::limits;
use crate::time::Duration;
use zeroize::Zeroizing;

/// Samples that may wait behind the packet that came last.
const WAITING: usize = 2 * FRAME_SAMPLES;
/// Room for the largest packet and what waits before it, so that what was said is never left behind by a vector that
/// grew.
const ROOM: usize = limits::RTP_BYTES + WAITING;

/// What is on its way back.
pub struct Echo {
    until: String,
    /// Encoded as it is to be sent.
    codec: Codec,
    audio: Zeroizing<Vec<u8>>,
    /// Source and number of the packet that was taken in last.
    last: Option<(u32, u16)>,
    digits: Vec<(char, Duration)>,
}

impl Echo {
    /// An echo that ends at one of those digits.
    pub fn new(until: String, codec: Codec) -> Self {
        Echo {
            until,
            codec,
            audio: Zeroizing::new(Vec::with_capacity(ROOM)),
            last: None,
            digits: Vec::new(),
        }
    }

    /// Another codec was agreed; what waits in the old one is left out.
    pub fn negotiated(&mut self, codec: Codec) {
        if self.codec != codec {
            self.codec = codec;
            self.audio.clear();
        }
    }

    /// Whether that digit ends it.
    pub fn ends_at(&self, digit: char) -> bool {
        self.until.contains(digit)
    }

    /// Takes in a packet's audio. One that is late or repeated is left out.
    pub fn hear(&mut self, ssrc: u32, sequence: u16, codec: Codec, payload: &[u8]) {
        if let Some((of, last)) = self.last {
            // A source that starts anew is far from where it was.
            let ahead = sequence.wrapping_sub(last) as i16;
            if of == ssrc && (-100..=0).contains(&ahead) {
                return;
            }
        }
        self.last = Some((ssrc, sequence));
        let payload = payload.get(..limits::RTP_BYTES).unwrap_or(payload);
        let surplus = self.audio.len().saturating_sub(WAITING);
        self.audio.drain(..surplus);
        if codec == self.codec {
            self.audio.extend_from_slice(payload);
        } else {
            let mut samples = Zeroizing::new(Vec::with_capacity(payload.len()));
            codec.decode(payload, &mut samples);
            self.codec.encode(&samples, &mut self.audio);
        }
    }

    /// Takes in a digit that does not end it.
    pub fn press(&mut self, digit: char, held: Duration) {
        if self.digits.len() < limits::DIGIT_QUEUE {
            self.digits.push((digit, held));
        }
    }

    /// The digits that are to go back.
    pub fn take_digits(&mut self) -> impl Iterator<Item = (char, Duration)> + '_ {
        self.digits.drain(..)
    }

    /// Appends the next frame; `false` where no whole one has come.
    pub fn append(&mut self, into: &mut Vec<u8>) -> bool {
        let Some(frame) = self.audio.get(..FRAME_SAMPLES) else {
            return false;
        };
        into.extend_from_slice(frame);
        self.audio.drain(..FRAME_SAMPLES);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(echo: &mut Echo) -> Vec<u8> {
        let mut frames = Vec::new();
        while echo.append(&mut frames) {}
        frames.chunks(FRAME_SAMPLES).map(|frame| frame[0]).collect()
    }

    #[test]
    fn what_comes_in_a_bunch_waits_for_two_frames_and_no_longer() {
        let mut echo = Echo::new(String::new(), Codec::Pcmu);
        for n in 1..=9 {
            echo.hear(7, u16::from(n), Codec::Pcmu, &[n; FRAME_SAMPLES]);
        }
        assert_eq!(frames(&mut echo), [7, 8, 9]);
        // A large packet is not cut.
        echo.hear(7, 10, Codec::Pcmu, &[10; 5 * FRAME_SAMPLES + 1]);
        assert_eq!(frames(&mut echo), [10; 5]);
        assert!(echo.audio.capacity() <= 2 * ROOM);
    }

    #[test]
    fn a_packet_that_is_late_or_repeated_is_left_out_and_a_new_start_is_followed() {
        let mut echo = Echo::new("#".into(), Codec::Pcmu);
        for (ssrc, sequence) in [(7, 65_535), (7, 65_535), (7, 0), (7, 65_534), (9, 3), (9, 40_000)] {
            let code = sequence as u8;
            echo.hear(ssrc, sequence, Codec::Pcmu, &[code; FRAME_SAMPLES]);
        }
        assert_eq!(frames(&mut echo), [0, 3, 64]);
        assert!(echo.ends_at('#') && !echo.ends_at('1'));
    }

    #[test]
    fn the_other_law_is_translated() {
        let mut echo = Echo::new(String::new(), Codec::Pcmu);
        let samples = [1_000_i16; FRAME_SAMPLES];
        let (mut came, mut expected) = (Vec::new(), Vec::new());
        Codec::Pcma.encode(&samples, &mut came);
        Codec::Pcmu.encode(&samples, &mut expected);
        echo.hear(7, 1, Codec::Pcma, &came);
        let mut sent = Vec::new();
        assert!(echo.append(&mut sent) && sent == expected);
        echo.hear(7, 2, Codec::Pcmu, &expected);
        echo.negotiated(Codec::Pcma);
        assert!(!echo.append(&mut sent));
    }
}
