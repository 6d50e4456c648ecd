use super::*;
use proptest::prelude::*;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// The packets of a digit: five of 20 ms, and two more of its end.
fn packets(digit: char, timestamp: u32) -> Vec<(u32, TelephoneEvent)> {
    let packet = |n: u16| {
        let event = TelephoneEvent {
            event: code(digit).unwrap(),
            end: n >= 5,
            volume: 10,
            duration: n.min(5) * 160,
        };
        (timestamp, event)
    };
    (1..=7).map(packet).collect()
}

/// What is told when these packets come every 20 ms, and then nothing for a second.
fn hear(packets: &[(u32, TelephoneEvent)]) -> Vec<Heard> {
    let mut receiver = Receiver::default();
    let mut heard = Vec::new();
    let mut now = at(0);
    for (timestamp, event) in packets {
        now += Duration::from_millis(20);
        heard.extend(receiver.expire(now));
        heard.extend(receiver.receive(now, *timestamp, *event));
    }
    for _ in 0..50 {
        now += Duration::from_millis(20);
        heard.extend(receiver.expire(now));
    }
    heard
}

fn digits(heard: &[Heard]) -> String {
    let digit = |heard: &Heard| match heard {
        Heard::Ended { digit, .. } => Some(*digit),
        Heard::Began { .. } => None,
    };
    heard.iter().filter_map(digit).collect()
}

#[test]
fn one_digit_of_seven_packets() {
    assert_eq!(
        hear(&packets('5', 1_000)),
        [
            Heard::Began { digit: '5' },
            Heard::Ended {
                digit: '5',
                duration: Duration::from_millis(100)
            }
        ]
    );
}

#[test]
fn each_packet_lost_in_turn_and_each_pair() {
    let both: Vec<_> = packets('1', 1_000)
        .into_iter()
        .chain(packets('2', 3_000))
        .collect();
    for first in 0..both.len() {
        for second in 0..both.len() {
            let mut left = both.clone();
            left.remove(first.max(second));
            if first != second {
                left.remove(first.min(second));
            }
            assert_eq!(digits(&hear(&left)), "12", "without {first} and {second}");
        }
    }
}

#[test]
fn only_the_first_or_only_the_last_packet() {
    for n in 0..7 {
        assert_eq!(digits(&hear(&packets('#', 8)[n..=n])), "#", "only {n}");
    }
}

#[test]
fn all_ends_lost_and_the_same_digit_again() {
    let mut both: Vec<_> = packets('7', 1_000)[..3].to_vec();
    both.extend(&packets('7', 2_000)[..3]);
    let heard = hear(&both);
    assert_eq!(digits(&heard), "77");
    assert_eq!(heard.len(), 4);
}

#[test]
fn packets_in_any_order_are_still_one_digit() {
    let mut packets = packets('A', 1_000);
    packets.reverse();
    assert_eq!(digits(&hear(&packets)), "A");
    // An old packet after a newer digit is nobody's.
    let mut late = super::tests::packets('1', 1_000);
    late.extend(super::tests::packets('2', 2_000));
    late.push(super::tests::packets('1', 1_000)[2]);
    assert_eq!(digits(&hear(&late)), "12");
}

#[test]
fn timestamps_wrap() {
    let mut both = packets('8', u32::MAX - 100);
    both.extend(packets('9', 1_500));
    assert_eq!(digits(&hear(&both)), "89");
}

#[test]
fn a_key_held_for_long_is_one_digit() {
    let event = |duration, end| TelephoneEvent {
        event: 3,
        end,
        volume: 0,
        duration,
    };
    let mut receiver = Receiver::default();
    let mut heard = Vec::new();
    heard.extend(receiver.receive(at(0), 100, event(160, false)));
    heard.extend(receiver.receive(at(100), 100, event(0xffff, false)));
    heard.extend(receiver.receive(at(200), 100 + 0xffff, event(160, false)));
    heard.extend(receiver.receive(at(300), 100 + 0xffff, event(8_001, true)));
    assert_eq!(
        heard,
        [
            Heard::Began { digit: '3' },
            Heard::Ended {
                digit: '3',
                duration: Duration::from_micros((0xffff + 8_001) * 125)
            }
        ]
    );
}

#[test]
fn what_is_no_digit_is_not_told() {
    let flash = TelephoneEvent {
        event: 16,
        end: true,
        volume: 0,
        duration: 800,
    };
    assert_eq!(hear(&[(5, flash)]), []);
    assert_eq!(digit(16), None);
    assert_eq!(code('x'), None);
    assert_eq!(code('d').and_then(digit), Some('D'));
    assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
}

#[test]
fn timestamps_that_started_anew_are_believed_after_a_while() {
    let mut receiver = Receiver::default();
    for (timestamp, event) in packets('1', 1_000_000) {
        receiver.receive(at(0), timestamp, event);
    }
    let (timestamp, event) = packets('2', 1_000)[0];
    assert!(receiver.receive(at(500), timestamp, event).is_empty());
    assert_eq!(
        receiver.receive(at(3_000), timestamp, event)[..],
        [Heard::Began { digit: '2' }]
    );
}

#[test]
fn a_reset_ends_what_goes_on() {
    let mut receiver = Receiver::default();
    let (timestamp, event) = packets('4', 9)[0];
    receiver.receive(at(0), timestamp, event);
    assert!(matches!(receiver.reset(), Some(Heard::Ended { digit: '4', .. })));
    assert_eq!(receiver.reset(), None);
}

proptest! {
    #[test]
    fn parsing_inverts_printing(event: u8, end: bool, volume in 0u8..64, duration: u16) {
        let event = TelephoneEvent { event, end, volume, duration };
        prop_assert_eq!(TelephoneEvent::parse(&event.to_bytes()), Some(event));
    }

    /// Whatever comes, a digit begins and ends once, in turn.
    #[test]
    fn beginnings_and_ends_alternate(packets in proptest::collection::vec(any::<(u32, u8, bool, u16, u8)>(), 0..60)) {
        let mut receiver = Receiver::default();
        let mut now = at(0);
        let mut down: Option<char> = None;
        for (timestamp, event, end, duration, wait) in packets {
            now += Duration::from_millis(u64::from(wait));
            let event = TelephoneEvent { event: event % 18, end, volume: 0, duration };
            let mut told: Vec<Heard> = receiver.expire(now).into_iter().collect();
            told.extend(receiver.receive(now, timestamp % 5, event));
            for heard in told {
                match heard {
                    Heard::Began { digit } => prop_assert_eq!(down.replace(digit), None),
                    Heard::Ended { digit, .. } => prop_assert_eq!(down.take(), Some(digit)),
                }
            }
        }
    }
}
