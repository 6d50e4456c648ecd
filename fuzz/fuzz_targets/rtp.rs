//! A datagram that is read as RTP is no RTCP, and its payload is a part of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::rtp::packet::{is_rtcp, Packet, HEADER_BYTES};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packet) = Packet::parse(bytes) {
        assert!(!is_rtcp(bytes));
        assert!(packet.payload.len() + HEADER_BYTES <= bytes.len());
    }
});
