//! Whatever packets come, the buffer stays within its bounds, and silence within the time that passed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::limits;
use obelus::rtp::jitter::{Content, Incoming, Item, JitterBuffer};
use obelus::time::{Duration, Instant};

fuzz_target!(|bytes: &[u8]| {
    let mut buffer = JitterBuffer::default();
    let mut now = Instant::ZERO;
    let mut silence = 0;
    for step in bytes.chunks_exact(8) {
        now += Duration::from_millis(u64::from(step[0]));
        let payload = [0; 256];
        buffer.insert(Incoming {
            at: now,
            ssrc: u32::from(step[1] & 1),
            sequence: u16::from_be_bytes([step[2] & 0x0f, step[3]]),
            timestamp: u32::from_be_bytes([step[4], step[5], step[6], 0]),
            content: match step[1] >> 6 {
                0 => Content::Noise,
                1 => Content::Event {
                    duration: u16::from(step[7]) * 160,
                },
                _ => Content::Audio {
                    payload_type: 0,
                    payload: &payload[..usize::from(step[7])],
                },
            },
        });
        assert!(buffer.len() <= limits::JITTER_PACKETS);
        while let Some(item) = buffer.pop(now) {
            match item {
                Item::Lost { samples } | Item::Silence { samples } => silence += u64::from(samples),
                Item::Audio { .. } => {}
            }
        }
    }
    // Ten seconds in reserve, and a hundredth more than the time that passed.
    assert!(silence <= 80_000 + now.as_micros() / 120);
});
