//! Whatever packets come, a digit begins and ends once, in turn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use obelus::rtp::telephone_event::{Heard, Receiver, TelephoneEvent};
use obelus::time::{Duration, Instant};

fuzz_target!(|bytes: &[u8]| {
    let mut receiver = Receiver::default();
    let mut now = Instant::ZERO;
    let mut down = None;
    for step in bytes.chunks_exact(6) {
        now += Duration::from_millis(u64::from(step[0]));
        let mut told: Vec<Heard> = receiver.expire(now).into_iter().collect();
        if let Some(event) = TelephoneEvent::parse(&step[2..]) {
            told.extend(receiver.receive(now, u32::from(step[1]) * 800, event));
        }
        for heard in told {
            match heard {
                Heard::Began { digit } => assert_eq!(down.replace(digit), None),
                Heard::Ended { digit, .. } => assert_eq!(down.take(), Some(digit)),
            }
        }
    }
});
