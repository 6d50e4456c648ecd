//! A stream must be cut into the same messages however it comes in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::sip::message::frame::{Frame, Framer};

fn messages<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut framer, mut out) = (Framer::new(), Vec::new());
    for piece in pieces {
        framer.push(piece);
        while let Ok(Some(frame)) = framer.next() {
            if let Frame::Message(bytes) = frame {
                out.push(bytes);
            }
        }
    }
    out
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, stream) = (usize::from(input.0) + 1, input.1);
    assert_eq!(messages(stream.chunks(size)), messages(std::iter::once(stream)));
});
