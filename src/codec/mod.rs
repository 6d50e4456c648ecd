//! Codecs: one file each. Audio inside the switch is 8 kHz, 16-bit, mono, in frames of 20 ms (160 samples).

use zeroize::Zeroizing;

pub mod g711;
pub mod private;
pub mod resample;
pub mod wav;

/// Samples a second of all audio inside the switch.
pub const SAMPLE_RATE: u32 = 8_000;
/// Samples in one frame of 20 ms.
pub const FRAME_SAMPLES: usize = 160;

/// A codec that can be negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law, static payload type 0 (RFC 3551).
    Pcmu,
    /// G.711 A-law, static payload type 8 (RFC 3551).
    Pcma,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Codec; 2] = [Codec::Pcmu, Codec::Pcma];

    /// The encoding name of SDP's rtpmap.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }

    /// The static RTP payload type.
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
        }
    }

    /// One byte of silence.
    pub const fn silence(self) -> u8 {
        match self {
            Codec::Pcmu => g711::MULAW_SILENCE,
            Codec::Pcma => g711::ALAW_SILENCE,
        }
    }

    /// Appends the encoding of `samples`: a byte each.
    pub fn encode(self, samples: &[i16], into: &mut Vec<u8>) {
        match self {
            Codec::Pcmu => into.extend(samples.iter().map(|&sample| g711::mulaw_encode(sample))),
            Codec::Pcma => into.extend(samples.iter().map(|&sample| g711::alaw_encode(sample))),
        }
    }

    /// Appends the samples of a payload, one for each byte. The caller reserves the room, so that what was said is
    /// not left behind in memory by a vector that grew.
    pub fn decode(self, payload: &[u8], into: &mut Zeroizing<Vec<i16>>) {
        match self {
            Codec::Pcmu => into.extend(payload.iter().map(|&code| g711::mulaw_decode(code))),
            Codec::Pcma => into.extend(payload.iter().map(|&code| g711::alaw_decode(code))),
        }
    }

    /// Highest magnitude in a payload, of 32,768. Both laws order their codes by magnitude once the sign is off,
    /// so one decoding is enough.
    pub fn peak(self, payload: &[u8]) -> u16 {
        let code = match self {
            Codec::Pcmu => payload.iter().map(|code| code | 0x80).min(),
            Codec::Pcma => payload
                .iter()
                .map(|code| (code ^ 0x55) | 0x80)
                .max()
                .map(|bits| bits ^ 0x55),
        };
        match (self, code) {
            (_, None) => 0,
            (Codec::Pcmu, Some(code)) => g711::mulaw_decode(code).unsigned_abs(),
            (Codec::Pcma, Some(code)) => g711::alaw_decode(code).unsigned_abs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_a_payload_is_that_of_its_samples() {
        let mut rng = crate::rng::Rng::from_seed(3);
        for codec in Codec::ALL {
            for len in [0, 1, 7, 160] {
                let payload: Vec<u8> = (0..len).map(|_| rng.u32() as u8).collect();
                let mut samples = Zeroizing::new(Vec::new());
                codec.decode(&payload, &mut samples);
                let peak = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
                assert_eq!(codec.peak(&payload), peak);
                let mut again = Vec::new();
                codec.encode(&samples, &mut again);
                assert_eq!(again.len(), payload.len());
            }
        }
    }
}
