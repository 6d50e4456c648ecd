use super::*;
use crate::rng::Rng;
use proptest::prelude::*;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// A sender of packets of `samples`, whose bytes are different in every packet.
struct Sender {
    ssrc: u32,
    first_sequence: u16,
    first_timestamp: u32,
    samples: u32,
}

impl Sender {
    fn new() -> Self {
        // Both counters wrap soon.
        Sender {
            ssrc: 7,
            first_sequence: 0xfff8,
            first_timestamp: 0xffff_ff00,
            samples: 160,
        }
    }

    fn payload(&self, n: u32) -> Vec<u8> {
        (0..self.samples).map(|i| (n * 31 + i) as u8).collect()
    }

    fn insert(&self, buffer: &mut JitterBuffer, ms: u64, n: u32) -> Inserted {
        self.insert_as(buffer, ms, n, n * self.samples)
    }

    fn insert_as(&self, buffer: &mut JitterBuffer, ms: u64, n: u32, timestamp: u32) -> Inserted {
        let payload = self.payload(n);
        self.insert_content(
            buffer,
            ms,
            n,
            timestamp,
            Content::Audio {
                payload_type: 0,
                payload: &payload,
            },
        )
    }

    fn insert_event(&self, buffer: &mut JitterBuffer, ms: u64, n: u32, timestamp: u32, duration: u16) {
        self.insert_content(buffer, ms, n, timestamp, Content::Event { duration });
    }

    fn insert_content(
        &self,
        buffer: &mut JitterBuffer,
        ms: u64,
        n: u32,
        timestamp: u32,
        content: Content<'_>,
    ) -> Inserted {
        buffer.insert(Incoming {
            at: at(ms),
            ssrc: self.ssrc,
            sequence: self.first_sequence.wrapping_add(n as u16),
            timestamp: self.first_timestamp.wrapping_add(timestamp),
            content,
        })
    }
}

fn pop_all(buffer: &mut JitterBuffer, ms: u64) -> Vec<Item> {
    std::iter::from_fn(|| buffer.pop(at(ms))).collect()
}

fn flush_all(buffer: &mut JitterBuffer) -> Vec<Item> {
    std::iter::from_fn(|| buffer.flush()).collect()
}

/// Items in short: `a160` audio, `l160` lost, `s160` silence.
fn short(items: &[Item]) -> String {
    let item = |item: &Item| match item {
        Item::Audio { payload, .. } => format!("a{}", payload.len()),
        Item::Lost { samples } => format!("l{samples}"),
        Item::Silence { samples } => format!("s{samples}"),
    };
    items.iter().map(item).collect::<Vec<_>>().join(" ")
}

fn bytes(items: &[Item]) -> Vec<u8> {
    let bytes = |item: &Item| match item {
        Item::Audio { payload, .. } => payload.to_vec(),
        other => panic!("{other:?} where all is audio"),
    };
    items.iter().flat_map(bytes).collect()
}

#[test]
fn in_order_packets_pass_at_once_after_the_start() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    sender.insert(&mut buffer, 0, 0);
    sender.insert(&mut buffer, 20, 1);
    assert_eq!(short(&pop_all(&mut buffer, 59)), "");
    assert_eq!(short(&pop_all(&mut buffer, 60)), "a160 a160");
    for n in 2..40 {
        sender.insert(&mut buffer, u64::from(n) * 20, n);
        assert_eq!(bytes(&pop_all(&mut buffer, u64::from(n) * 20)), sender.payload(n));
    }
}

#[test]
fn a_late_packet_is_waited_for_and_a_lost_one_told() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    sender.insert(&mut buffer, 0, 0);
    assert_eq!(short(&pop_all(&mut buffer, 100)), "a160");
    sender.insert(&mut buffer, 100, 2);
    sender.insert(&mut buffer, 120, 3);
    assert_eq!(short(&pop_all(&mut buffer, 199)), "");
    assert_eq!(sender.insert(&mut buffer, 199, 1), Inserted::Taken);
    assert_eq!(short(&pop_all(&mut buffer, 199)), "a160 a160 a160");
    sender.insert(&mut buffer, 200, 6);
    sender.insert(&mut buffer, 220, 7);
    assert_eq!(short(&pop_all(&mut buffer, 299)), "");
    assert_eq!(short(&pop_all(&mut buffer, 300)), "l320 a160 a160");
}

#[test]
fn the_wait_grows_where_packets_come_after_it_and_shrinks_again() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    let first = buffer.wait();
    let mut ms = 0;
    for n in (0..60).step_by(2) {
        sender.insert(&mut buffer, ms, n);
        sender.insert(&mut buffer, ms + 20, n + 2);
        pop_all(&mut buffer, ms + 1_000);
        assert_eq!(sender.insert(&mut buffer, ms + 1_000, n + 1), Inserted::Late);
        ms += 2_000;
    }
    assert_eq!(buffer.wait(), WAIT_MAX);
    for n in 62..62 + 30 * PACKETS_TO_SHORTEN {
        sender.insert(&mut buffer, ms, n);
        pop_all(&mut buffer, ms);
        ms += 20;
    }
    assert_eq!(buffer.wait(), WAIT_MIN);
    assert!(first > WAIT_MIN);
    // A packet that came in time and then again says nothing about the wait.
    let n = 61 + 30 * PACKETS_TO_SHORTEN;
    assert_eq!(sender.insert(&mut buffer, ms, n), Inserted::Late);
    assert_eq!(buffer.wait(), WAIT_MIN);
}

#[test]
fn silence_suppression_becomes_silence_and_loss_before_it_stays_loss() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    sender.insert_as(&mut buffer, 0, 0, 0);
    // Three seconds later, the numbers go on.
    sender.insert_as(&mut buffer, 3_020, 1, 24_160);
    assert_eq!(short(&pop_all(&mut buffer, 3_020)), "a160 s24000 a160");
    // Two packets lost, and a second of silence beside.
    sender.insert_as(&mut buffer, 4_080, 4, 24_320 + 320 + 8_000);
    assert_eq!(short(&pop_all(&mut buffer, 4_200)), "l320 s8000 a160");
}

#[test]
fn comfort_noise_is_silence() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    sender.insert_as(&mut buffer, 0, 0, 0);
    sender.insert_content(&mut buffer, 20, 1, 160, Content::Noise);
    sender.insert_content(&mut buffer, 220, 2, 160 + 1_600, Content::Noise);
    sender.insert_as(&mut buffer, 320, 3, 160 + 2_400);
    assert_eq!(short(&pop_all(&mut buffer, 320)), "a160 s1600 s800 a160");
}

#[test]
fn a_hostile_timestamp_does_not_make_hours() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    let mut silence = 0u64;
    for n in 0..500 {
        // 20 ms pass, and each timestamp claims an hour.
        sender.insert_as(&mut buffer, u64::from(n) * 20, n, n.wrapping_mul(8_000 * 3_600));
        for item in pop_all(&mut buffer, u64::from(n) * 20) {
            match item {
                Item::Silence { samples } | Item::Lost { samples } => silence += u64::from(samples),
                Item::Audio { .. } => {}
            }
        }
    }
    assert!(silence <= 80_000 + 10 * 8_000 / 50, "{silence}");
}

#[test]
fn an_event_is_silence_once_and_what_lies_under_it_is_dropped() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    sender.insert_as(&mut buffer, 0, 0, 0);
    for (n, duration) in [(1, 160), (2, 320), (3, 480), (4, 480), (5, 480)] {
        sender.insert_event(&mut buffer, u64::from(n) * 20, n, 160, duration);
    }
    // Audio of the tone itself, sent along with it, and a packet that is half under the event.
    sender.insert_as(&mut buffer, 120, 6, 320);
    sender.insert_as(&mut buffer, 140, 7, 560);
    sender.insert_as(&mut buffer, 160, 8, 720);
    assert_eq!(short(&pop_all(&mut buffer, 160)), "a160 s160 s160 s160 a80 a160");
}

#[test]
fn timestamps_that_count_wrongly_lose_nothing() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    // Always the same timestamp, then one that counts half, then one that starts anew.
    for (n, timestamp) in [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 80),
        (4, 160),
        (5, 0x8000_0000),
        (6, 5),
    ] {
        sender.insert_as(&mut buffer, u64::from(n) * 20, n, timestamp);
    }
    let items = pop_all(&mut buffer, 200);
    let audio: Vec<&Item> = items
        .iter()
        .filter(|item| matches!(item, Item::Audio { .. }))
        .collect();
    assert_eq!(audio.len(), 7);
}

#[test]
fn a_new_source_needs_two_packets_and_loses_none() {
    let (old, mut buffer) = (Sender::new(), JitterBuffer::default());
    old.insert(&mut buffer, 0, 0);
    old.insert(&mut buffer, 20, 2);
    let new = Sender {
        ssrc: 8,
        first_sequence: 100,
        ..Sender::new()
    };
    assert_eq!(new.insert(&mut buffer, 40, 0), Inserted::Suspect);
    assert_eq!(new.insert(&mut buffer, 60, 5), Inserted::Suspect);
    assert_eq!(new.insert(&mut buffer, 80, 6), Inserted::Restarted);
    let items = flush_all(&mut buffer);
    assert_eq!(short(&items), "a160 l160 a160 a160 a160");
    // The same source, its numbers started anew.
    let again = Sender {
        first_sequence: 30_000,
        ..new
    };
    assert_eq!(again.insert(&mut buffer, 100, 0), Inserted::Suspect);
    assert_eq!(again.insert(&mut buffer, 120, 1), Inserted::Restarted);
    assert_eq!(short(&flush_all(&mut buffer)), "a160 a160");
}

#[test]
fn what_is_held_is_bounded() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    sender.insert(&mut buffer, 0, 0);
    for n in (2..2_000).step_by(2) {
        sender.insert(&mut buffer, 1, n);
        assert!(buffer.len() <= limits::JITTER_PACKETS);
        assert!(buffer.held_bytes <= limits::JITTER_BYTES);
        buffer.pop(at(1));
    }
    let long = Sender {
        samples: 1_400,
        ssrc: 9,
        ..Sender::new()
    };
    let mut buffer = JitterBuffer::default();
    long.insert(&mut buffer, 0, 0);
    for n in 2..40 {
        long.insert(&mut buffer, 1, n);
        assert!(buffer.held_bytes <= limits::JITTER_BYTES);
    }
}

#[test]
fn a_bridge_pulls_at_the_time_of_hearing() {
    let (sender, mut buffer) = (Sender::new(), JitterBuffer::default());
    let mut rng = Rng::from_seed(4);
    // Packets come up to 40 ms late, one is lost.
    let mut arrivals: Vec<(u64, u32)> = (0..200)
        .filter(|n| *n != 150)
        .map(|n| (u64::from(n) * 20 + rng.below(40), n))
        .collect();
    arrivals.sort_unstable();
    let mut arrivals = arrivals.into_iter().peekable();
    let (mut heard, mut gaps, mut latest) = (0u32, 0, 0);
    for tick in 0..230u64 {
        while let Some((ms, n)) = arrivals.next_if(|(ms, _)| *ms <= tick * 20) {
            sender.insert(&mut buffer, ms, n);
        }
        while let Some(item) = buffer.pull(at(tick * 20)) {
            heard += 160;
            gaps += u32::from(matches!(item, Item::Lost { .. }));
            // Once it has begun it neither runs ahead nor falls behind by more than the wait.
            let behind = tick * 20 - u64::from(heard / 8 - 20).min(tick * 20);
            latest = latest.max(behind);
        }
    }
    assert_eq!((heard, gaps), (200 * 160, 1));
    assert!((80..=160).contains(&latest), "{latest}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the order within the window, the bunching, the duplicates, the packet time and the clock: every
    /// byte comes out once and in order.
    #[test]
    fn without_loss_it_is_exact(
        seed: u64,
        packet_ms in prop::sample::select(vec![10u32, 20, 30, 40, 60]),
        drift_per_mille in -20i64..=20,
        packets in 1u32..150,
        window_ms in 0u64..90,
        stall_at in 0u64..3_000,
        stall_ms in 0u64..5_000,
    ) {
        let sender = Sender { samples: packet_ms * 8, ..Sender::new() };
        let mut rng = Rng::from_seed(seed);
        let mut arrivals: Vec<(u64, u32)> = Vec::new();
        for n in 0..packets {
            let sent = (i64::from(n * packet_ms) * (1_000 + drift_per_mille) / 1_000) as u64;
            // The network holds everything back for a while, then delivers at once.
            let held = if (stall_at..stall_at + stall_ms).contains(&sent) { stall_at + stall_ms - sent } else { 0 };
            // What was held back comes in order: more of it shuffled than the buffer holds could not be exact. The
            // very first is given a chance only as long as a start lasts.
            let late = if held > 0 { 0 } else { rng.below(window_ms.min(55) + 1) };
            arrivals.push((sent + held + late, n));
            if rng.below(4) == 0 {
                arrivals.push((sent + held + late + rng.below(60), n));
            }
        }
        arrivals.sort_unstable();
        let mut buffer = JitterBuffer::default();
        let mut items = Vec::new();
        for (ms, n) in arrivals {
            let _ = sender.insert(&mut buffer, ms, n);
            items.extend(pop_all(&mut buffer, ms));
        }
        items.extend(flush_all(&mut buffer));
        let expected: Vec<u8> = (0..packets).flat_map(|n| sender.payload(n)).collect();
        prop_assert_eq!(bytes(&items), expected);
    }

    /// Whatever is lost, the timeline keeps its length.
    #[test]
    fn lost_packets_leave_gaps_of_their_length(seed: u64, loss_percent in 0u64..60) {
        let sender = Sender::new();
        let mut rng = Rng::from_seed(seed);
        let mut buffer = JitterBuffer::default();
        let mut items = Vec::new();
        for n in 0..200u32 {
            let ms = u64::from(n) * 20;
            if n == 0 || n == 199 || rng.below(100) >= loss_percent {
                sender.insert(&mut buffer, ms, n);
            }
            items.extend(pop_all(&mut buffer, ms));
        }
        items.extend(flush_all(&mut buffer));
        let mut place = 0usize;
        for item in &items {
            match item {
                Item::Audio { payload, .. } => {
                    prop_assert_eq!(&payload[..], &sender.payload(place as u32 / 160)[..]);
                    place += payload.len();
                }
                Item::Lost { samples } => place += *samples as usize,
                Item::Silence { .. } => prop_assert!(false, "loss is not silence"),
            }
        }
        prop_assert_eq!(place, 200 * 160);
    }

    /// Anything at all: nothing panics, nothing grows.
    #[test]
    fn any_packets_are_survived(packets in proptest::collection::vec(any::<(u8, u16, u32, u8, u16)>(), 0..200)) {
        let mut buffer = JitterBuffer::default();
        let (mut ms, mut taken) = (0, 0u64);
        for (kind, sequence, timestamp, len, wait) in packets {
            ms += u64::from(wait % 50);
            let payload = vec![1; usize::from(len)];
            let content = match kind % 4 {
                0 => Content::Event { duration: wait },
                1 => Content::Noise,
                _ => Content::Audio { payload_type: 0, payload: &payload },
            };
            // Mostly near each other, so that more than the stray is reached.
            let sequence = if kind < 200 { sequence % 64 } else { sequence };
            let timestamp = if kind % 3 > 0 { timestamp % 10_000 } else { timestamp };
            let ssrc = u32::from(kind % 8 == 0);
            let _ = buffer.insert(Incoming { at: at(ms), ssrc, sequence, timestamp, content });
            prop_assert!(buffer.len() <= limits::JITTER_PACKETS);
            while let Some(item) = buffer.pop(at(ms)) {
                if let Item::Silence { samples } | Item::Lost { samples } = item {
                    taken += u64::from(samples);
                }
            }
            prop_assert!(taken <= 80_000 + ms * 9);
        }
    }
}
