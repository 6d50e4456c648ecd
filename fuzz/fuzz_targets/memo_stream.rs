//! Whatever bytes stand in the place of a stream: nothing opens that was not sealed, what is whole is told within its
//! bounds, and what is written opens again, in whatever pieces it came.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::memo::journal::{self, JournalWriter};
use obelus::memo::key::MemoKey;

fuzz_target!(|bytes: &[u8]| {
    let key = MemoKey::generate();
    let iv = [7; 12];
    let extent = journal::extent(bytes).expect("a slice does not fail");
    assert!(extent.bytes <= bytes.len() as u64);
    assert!(bytes.is_empty() || journal::open(&key, &iv, bytes).is_err());

    let mut writer = JournalWriter::new(&key, &iv);
    let mut whole = Vec::new();
    let mut samples = Vec::new();
    for (at, byte) in bytes.iter().enumerate().take(64) {
        let piece = vec![at as i16; usize::from(*byte) * 37];
        samples.extend_from_slice(&piece);
        let mut piece = &piece[..];
        while !piece.is_empty() {
            whole.extend(writer.push(&mut piece).unwrap_or_default());
        }
    }
    whole.extend(writer.cut().unwrap_or_default());
    let opened = journal::open(&key, &iv, &whole).expect("what was written opens");
    assert_eq!(opened.wav.len(), 44 + 2 * samples.len());
    assert!(opened.wav[44..].chunks_exact(2).eq(samples.iter().map(|sample| sample.to_le_bytes())));
});
