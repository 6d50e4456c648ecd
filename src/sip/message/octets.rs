//! Octets that are not UTF-8, kept in a `String` without loss.
//!
//! SIP is UTF-8 (RFC 3261 7), but old phones send Latin-1 names, and an escape such as `%F6` may stand for
//! any octet. A text that is ours to read as `str` and to send back unharmed keeps such an octet as one
//! private character, U+10FF80 to U+10FFFF for 0x80 to 0xFF; printing turns it back. Those characters
//! arriving as such are kept as four octets each, so the mapping is one to one.

use std::borrow::Cow;

const FIRST: u32 = 0x10_FF80;

/// The first octet of the UTF-8 form of every character that stands for an octet.
const LEAD: u8 = 0xF4;

fn stand_in(byte: u8) -> char {
    char::from_u32(FIRST + u32::from(byte & 0x7F)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The octet that a character stands for, where it stands for one.
pub(super) fn octet(c: char) -> Option<u8> {
    u8::try_from(u32::from(c).checked_sub(FIRST)?)
        .ok()
        .map(|low| low | 0x80)
}

/// Octets to text.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if !bytes.contains(&LEAD) {
            return Cow::Borrowed(text);
        }
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if octet(c).is_some() {
                out.extend(c.encode_utf8(&mut [0; 4]).bytes().map(stand_in));
            } else {
                out.push(c);
            }
        }
        out.extend(chunk.invalid().iter().map(|&b| stand_in(b)));
    }
    Cow::Owned(out)
}

/// Text to octets, appended.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) {
    if !text.as_bytes().contains(&LEAD) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for c in text.chars() {
        match octet(c) {
            Some(byte) => out.push(byte),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
