//! RTP packets: a checked view of what came, and the header of what we send (RFC 3550 5.1).
//!
//! Parsing is rtp-rs's. RTCP is told apart first, since rtp-rs takes a sender report for RTP of type 72.

use rtp_rs::{RtpReader, RtpReaderError};

/// Bytes of the header that we send: no extension, no contributing sources.
pub const HEADER_BYTES: usize = 12;

/// Static payload type of comfort noise (RFC 3389).
pub const COMFORT_NOISE: u8 = 13;

/// Why a datagram is not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Shorter than its header says, or than any header.
    #[error("cut short")]
    Truncated,
    /// Another version than 2.
    #[error("not RTP version 2")]
    Version,
    /// More padding than payload, or none where some is announced.
    #[error("impossible padding")]
    Padding,
    /// RTCP on the RTP port; we do not offer rtcp-mux (RFC 5761).
    #[error("RTCP on the RTP port")]
    Rtcp,
}

/// What one packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// First of a talkspurt (RFC 3551 4.1), where the sender bothers.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Counts packets.
    pub sequence: u16,
    /// Counts samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Without padding.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram that came on an RTP port.
    ///
    /// # Errors
    /// Where it is not RTP.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if is_rtcp(bytes) {
            return Err(Malformed::Rtcp);
        }
        let reader = RtpReader::new(bytes).map_err(|error| match error {
            RtpReaderError::BufferTooShort(_) | RtpReaderError::HeadersTruncated { .. } => {
                Malformed::Truncated
            }
            RtpReaderError::UnsupportedVersion(_) => Malformed::Version,
            RtpReaderError::PaddingLengthInvalid(_) => Malformed::Padding,
        })?;
        Ok(Packet {
            marker: reader.mark(),
            payload_type: reader.payload_type(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
            payload: reader.payload(),
        })
    }
}

/// Whether a datagram is RTCP: its second byte is a packet type of 192 to 223, which RTP's payload types 64 to
/// 95 with the marker are kept free for (RFC 5761 4).
pub fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes.get(1), Some(192..=223))
}

/// The header of a packet that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// First of a talkspurt.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Counts packets.
    pub sequence: u16,
    /// Counts samples.
    pub timestamp: u32,
    /// Ours.
    pub ssrc: u32,
}

impl Header {
    /// Its bytes: version 2, no padding, no extension, no contributing sources.
    pub fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0] = 0x80;
        bytes[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7f);
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header() -> Header {
        Header {
            marker: true,
            payload_type: 8,
            sequence: 0xfffe,
            timestamp: 0x1234_5678,
            ssrc: 0xdead_beef,
        }
    }

    #[test]
    fn extensions_sources_and_padding_are_skipped() {
        let mut bytes = header().to_bytes().to_vec();
        bytes[0] |= 0x20 | 0x10 | 0x02; // padding, extension, two contributing sources
        bytes.extend([0; 8]);
        bytes.extend([0xbe, 0xde, 0, 1, 9, 9, 9, 9]); // an extension of one word
        bytes.extend([1, 2, 3]);
        bytes.extend([0, 0, 3]); // padding
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.payload, [1, 2, 3]);
        assert!(packet.marker);
    }

    #[test]
    fn each_fault_is_named() {
        let good = header().to_bytes();
        assert_eq!(Packet::parse(&good[..11]), Err(Malformed::Truncated));
        let mut version = good;
        version[0] = 0x40;
        assert_eq!(Packet::parse(&version), Err(Malformed::Version));
        let mut padded = good.to_vec();
        padded[0] |= 0x20;
        padded.push(9);
        assert_eq!(Packet::parse(&padded), Err(Malformed::Padding));
        let mut report = good;
        report[1] = 200;
        assert_eq!(Packet::parse(&report), Err(Malformed::Rtcp));
        let mut sources = good;
        sources[0] |= 0x0f;
        assert_eq!(Packet::parse(&sources), Err(Malformed::Truncated));
    }

    proptest! {
        #[test]
        fn parsing_inverts_printing(
            marker: bool,
            payload_type in 0u8..64,
            sequence: u16,
            timestamp: u32,
            ssrc: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let header = Header { marker, payload_type, sequence, timestamp, ssrc };
            let mut bytes = header.to_bytes().to_vec();
            bytes.extend(&payload);
            let packet = Packet::parse(&bytes).unwrap();
            let again = Header {
                marker: packet.marker,
                payload_type: packet.payload_type,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                ssrc: packet.ssrc,
            };
            prop_assert_eq!(again, header);
            prop_assert_eq!(packet.payload, &payload[..]);
        }

        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
            if let Some(first) = bytes.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            let _ = Packet::parse(&bytes);
        }
    }
}
