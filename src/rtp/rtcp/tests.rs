use super::*;
use crate::rng::Rng;
use proptest::prelude::*;

fn block() -> ReportBlock {
    ReportBlock {
        ssrc: 0x0102_0304,
        fraction_lost: 64,
        cumulative_lost: -2,
        highest_sequence: 0x0001_fffe,
        jitter: 80,
        last_sr: 0x1234_5678,
        delay_since_last_sr: 65_536,
    }
}

fn sender() -> SenderInfo {
    SenderInfo {
        ntp: ntp(Instant::from_millis(1_500)),
        rtp_timestamp: 12_000,
        packets: 75,
        octets: 12_000,
    }
}

#[test]
fn a_sender_report_in_bytes() {
    let bytes = Report {
        ssrc: 0xaabb_ccdd,
        sender: Some(sender()),
        block: Some(block()),
        cname: "abc",
        bye: true,
    }
    .to_bytes();
    #[rustfmt::skip]
    let expected = [
        0x81, 200, 0, 12, 0xaa, 0xbb, 0xcc, 0xdd, // one block, thirteen words
        0, 0, 0, 1, 0x80, 0, 0, 0, // 1.5 s
        0, 0, 0x2e, 0xe0, 0, 0, 0, 75, 0, 0, 0x2e, 0xe0,
        1, 2, 3, 4, 64, 0xff, 0xff, 0xfe, 0, 1, 0xff, 0xfe, 0, 0, 0, 80,
        0x12, 0x34, 0x56, 0x78, 0, 1, 0, 0,
        0x81, 202, 0, 3, 0xaa, 0xbb, 0xcc, 0xdd, 1, 3, b'a', b'b', b'c', 0, 0, 0,
        0x81, 203, 0, 1, 0xaa, 0xbb, 0xcc, 0xdd,
    ];
    assert_eq!(bytes, expected);
    let compound = Compound::parse(&bytes).unwrap();
    assert_eq!(compound.ssrc, 0xaabb_ccdd);
    assert_eq!(compound.sender, Some(sender()));
    assert_eq!(compound.reports[..], [block()]);
    assert_eq!(compound.byes[..], [0xaabb_ccdd]);
}

#[test]
fn a_receiver_report_without_a_block() {
    let report = Report {
        ssrc: 1,
        sender: None,
        block: None,
        cname: "",
        bye: false,
    };
    let compound = Compound::parse(&report.to_bytes()).unwrap();
    assert_eq!(
        compound,
        Compound {
            ssrc: 1,
            ..Compound::default()
        }
    );
}

#[test]
fn the_round_trip_of_the_rfc() {
    // RFC 3550 6.4.1, figure 2: A = 0xb710:8000, DLSR = 0x0005:4000, LSR = 0xb705:2000, the trip 6.125 s.
    let a = Instant::from_micros((0xb710u64 * 1_000_000) + 500_000);
    let block = ReportBlock {
        last_sr: 0xb705_2000,
        delay_since_last_sr: 0x0005_4000,
        ..block()
    };
    assert_eq!(round_trip(a, &block), Some(Duration::from_micros(6_125_000)));
    assert_eq!(round_trip(a, &ReportBlock { last_sr: 0, ..block }), None);
    // An answer from before the report.
    let later = ReportBlock {
        last_sr: 0xb711_0000,
        ..block
    };
    assert_eq!(round_trip(a, &later), None);
}

#[test]
fn intervals_are_those_of_the_rfc() {
    let mut rng = Rng::from_seed(1);
    let (mut least, mut most, mut sum) = (f64::MAX, 0f64, 0f64);
    for _ in 0..10_000 {
        let seconds = interval(&mut rng, false).as_secs_f64();
        least = least.min(seconds);
        most = most.max(seconds);
        sum += seconds;
        assert!(interval(&mut rng, true).as_secs_f64() <= 3.75 / 1.218_28);
    }
    assert!((2.05..2.1).contains(&least) && (6.1..6.16).contains(&most));
    assert!((sum / 10_000.0 - 5.0 / 1.218_28).abs() < 0.05);
}

#[test]
fn each_fault_is_named() {
    let good = Report {
        ssrc: 1,
        sender: None,
        block: Some(block()),
        cname: "x",
        bye: false,
    }
    .to_bytes();
    let altered = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Compound::parse(&bytes)
    };
    assert_eq!(Compound::parse(&[]), Err(Malformed::Truncated));
    assert_eq!(
        Compound::parse(&good[..good.len() - 1]),
        Err(Malformed::Truncated)
    );
    assert_eq!(altered(0, 0x01), Err(Malformed::Version));
    assert_eq!(altered(1, 202), Err(Malformed::NoReport));
    assert_eq!(altered(0, 0xa1), Err(Malformed::Padding));
    // More blocks announced than there are.
    assert_eq!(altered(0, 0x82), Err(Malformed::Truncated));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..120),
        kind in 198u8..206,
        words in 0u8..12,
        count in 0u8..4,
    ) {
        let _ = Compound::parse(&bytes);
        if bytes.len() >= 4 {
            bytes[..4].copy_from_slice(&[0x80 | count, kind, 0, words]);
        }
        let _ = Compound::parse(&bytes);
    }

    #[test]
    fn parsing_inverts_printing(
        ssrc: u32,
        sends: bool,
        has_block: bool,
        lost in -0x80_0000i32..0x80_0000,
        bye: bool,
        cname in "[a-z]{0,40}",
    ) {
        let report_block = ReportBlock { cumulative_lost: lost, ..block() };
        let report = Report {
            ssrc,
            sender: sends.then(sender),
            block: has_block.then_some(report_block),
            cname: &cname,
            bye,
        };
        let bytes = report.to_bytes();
        prop_assert_eq!(bytes.len() % 4, 0);
        let compound = Compound::parse(&bytes).unwrap();
        prop_assert_eq!(compound.ssrc, ssrc);
        prop_assert_eq!(compound.sender, report.sender);
        prop_assert_eq!(compound.reports.first().copied(), report.block);
        prop_assert_eq!(compound.byes.len(), usize::from(bye));
    }
}
