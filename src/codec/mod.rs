//! Codecs: one file each. Audio inside the switch is 8 kHz, 16-bit, mono, in frames of 20 ms (160 samples).

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
}
