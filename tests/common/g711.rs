//! Known audio as callers send it, and finding it again in a memo.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

/// Octets of G.711 in a packet of 20 ms.
pub const PACKET: usize = 160;

/// Octets of which no packet is like another, from a small generator of random numbers (xorshift).
pub fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

/// ITU-T G.711's mu-law, written from its definition and not from our tables.
pub fn mu_law(octet: u8) -> i16 {
    let octet = !octet;
    let segment = (octet >> 4) & 7;
    let magnitude = (((i32::from(octet & 15) << 3) + 132) << segment) - 132;
    let sample = if octet & 0x80 == 0 { magnitude } else { -magnitude };
    i16::try_from(sample).unwrap()
}

/// How many of the packets that were sent are in the memo, sample by sample and in order.
pub fn packets_in(memo: &[i16], sent: &[i16]) -> usize {
    let mut at = 0;
    let mut found = 0;
    for packet in sent.chunks(PACKET) {
        if let Some(offset) = memo[at..].windows(PACKET).position(|window| window == packet) {
            found += 1;
            at += offset + PACKET;
        }
    }
    found
}
