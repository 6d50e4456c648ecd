//! Tables of descriptions as senders in the field write them, the examples of RFC 4317, and properties.

use super::offer_answer::{Agreed, AnswerError, LocalMedia, NoCommon, OfferAnswer};
use super::{
    extract, Attribute, BodyError, Connection, Direction, Media, Origin, Sdp, SdpError, SdpErrorKind,
};
use crate::codec::Codec;
use proptest::prelude::*;
use std::net::{IpAddr, SocketAddr};

fn sdp(lines: &[&str]) -> Sdp {
    Sdp::parse(lines.join("\r\n").as_bytes()).expect("a description that can be read")
}

/// A description with the session lines in front.
fn offer(lines: &[&str]) -> Sdp {
    let mut all = vec![
        "v=0",
        "o=caller 2890844526 2890844526 IN IP4 192.0.2.7",
        "s=-",
        "c=IN IP4 192.0.2.7",
        "t=0 0",
    ];
    all.extend(lines);
    sdp(&all)
}

fn us() -> OfferAnswer {
    side("198.51.100.1", vec![Codec::Pcmu, Codec::Pcma])
}

fn side(address: &str, codecs: Vec<Codec>) -> OfferAnswer {
    OfferAnswer::new(LocalMedia {
        address: address.parse().expect("an address"),
        port: 10_000,
        codecs,
        session_id: 42,
    })
    .with_signalling_peer("192.0.2.7".parse().expect("an address"))
}

fn answered(side: &mut OfferAnswer, offer: &Sdp) -> (Sdp, Agreed) {
    let (bytes, agreed) = side.answer(offer).expect("an offer that can be taken");
    (Sdp::parse(&bytes).expect("our own answer can be read"), agreed)
}

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address and port")
}

fn media_lines(sdp: &Sdp) -> Vec<String> {
    sdp.to_string()
        .split("\r\n")
        .filter(|l| l.starts_with("m="))
        .map(str::to_owned)
        .collect()
}

// Parsing

#[test]
fn a_whole_description_is_read() {
    let sdp = offer(&[
        "a=tool:none",
        "m=audio 49170/2 RTP/AVP 0 96",
        "c=IN IP6 2001:db8::7",
        "a=rtpmap:96 opus/48000/2",
        "a=sendonly",
    ]);
    assert_eq!(sdp.origin.session_id, "2890844526");
    assert_eq!(sdp.attributes[0].value.as_deref(), Some("none"));
    let audio = &sdp.media[0];
    assert_eq!((audio.port, audio.port_pairs), (49170, 2));
    assert_eq!(
        sdp.connection_of(audio).and_then(Connection::ip),
        "2001:db8::7".parse().ok()
    );
    assert_eq!(sdp.direction_of(audio), Direction::SendOnly);
    let maps: Vec<_> = audio
        .rtp_maps()
        .into_iter()
        .map(|m| (m.payload_type, m.encoding, m.clock_rate))
        .collect();
    assert_eq!(
        maps,
        [(0, "PCMU".to_owned(), 8_000), (96, "opus".to_owned(), 48_000)]
    );
}

#[test]
fn what_senders_do_is_forgiven() {
    for (what, text) in [
        ("LF alone", "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n"),
        ("CR alone", "v=0\ro=- 1 1 IN IP4 192.0.2.1\rs=-\rc=IN IP4 192.0.2.1\rt=0 0\rm=audio 4000 RTP/AVP 0"),
        ("no s= and no t=", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"),
        ("empty s=", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
        ("out of order", "v=0\r\ns=-\r\nt=0 0\r\nc=IN IP4 192.0.2.1\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"),
        ("spaces at the ends", "v=0 \r\no=- 1 1 IN IP4 192.0.2.1 \r\ns= \r\nc=IN IP4 192.0.2.1  \r\nt=0 0 \r\nm=audio 4000 RTP/AVP 0 \r\n"),
        ("empty lines", "v=0\r\n\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n\r\n\r\n"),
        ("an unknown type", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nx=what\r\nm=audio 4000 RTP/AVP 0\r\n"),
        ("a username with a space", "v=0\r\no=Big Switch 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"),
        ("a number beyond 64 bits", "v=0\r\no=- 340282366920938463463374607431768211457 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n"),
        ("two c= lines", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.2\r\nm=audio 4000 RTP/AVP 0\r\n"),
        ("lower case", "v=0\r\no=- 1 1 in ip4 192.0.2.1\r\nc=in ip4 192.0.2.1\r\nm=AUDIO 4000 rtp/avp 0\r\n"),
        ("a NUL at the end", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n\0"),
    ] {
        let sdp = Sdp::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{what}: {e}"));
        let (_, agreed) = answered(&mut us(), &sdp);
        assert_eq!(agreed.remote, at("192.0.2.1:4000"), "{what}");
    }
}

#[test]
fn what_cannot_be_understood_is_named_with_its_line() {
    use SdpErrorKind::{Limit, Malformed, Missing, Version};
    let many =
        |line: &str, n: usize| format!("v=0\no=- 1 1 IN IP4 192.0.2.1\n{}", format!("{line}\n").repeat(n));
    for (text, kind, line) in [
        (String::new(), Missing('v'), 2),
        ("o=- 1 1 IN IP4 192.0.2.1".into(), Missing('v'), 1),
        ("v=1".into(), Version, 1),
        ("v=0".into(), Missing('o'), 2),
        ("v=0\r\nhello".into(), Malformed('h'), 2),
        ("v=0\r\no=- 1 1 IN IP4".into(), Malformed('o'), 2),
        ("v=0\r\no=- one 1 IN IP4 192.0.2.1".into(), Malformed('o'), 2),
        (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.999".into(),
            Malformed('c'),
            3,
        ),
        (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP6 2001:::1".into(),
            Malformed('c'),
            3,
        ),
        (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nt=now".into(),
            Malformed('t'),
            3,
        ),
        (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio".into(),
            Malformed('m'),
            3,
        ),
        (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 70000 RTP/AVP 0".into(),
            Malformed('m'),
            3,
        ),
        (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP".into(),
            Malformed('m'),
            3,
        ),
        (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 4000/0 RTP/AVP 0".into(),
            Malformed('m'),
            3,
        ),
        ("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\na=".into(), Malformed('a'), 3),
        (many("m=audio 4000 RTP/AVP 0", 17), Limit("media"), 19),
        (many("a=inactive", 257), Limit("attributes"), 259),
        (many("t=0 0", 9), Limit("t= lines"), 11),
        (
            many(&format!("m=audio 4000 RTP/AVP{}", " 0".repeat(65)), 1),
            Limit("formats"),
            3,
        ),
        ("v".repeat(40_000), Limit("bytes"), 1),
    ] {
        let error = Sdp::parse(text.as_bytes()).expect_err("refused");
        assert_eq!(error, SdpError { kind, line }, "{}", &text[..text.len().min(80)]);
    }
}

// Answering

#[test]
fn the_answer_has_one_codec_and_the_events_of_the_offer() {
    let offer = offer(&[
        "m=audio 49170 RTP/AVP 18 8 0 96",
        "a=rtpmap:18 G729/8000",
        "a=rtpmap:96 telephone-event/8000",
        "a=fmtp:96 0-15",
    ]);
    let (bytes, agreed) = us().answer(&offer).expect("PCMU is offered");
    assert_eq!(
        String::from_utf8(bytes).expect("text"),
        "v=0\r\no=- 42 42 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\n\
         m=audio 10000 RTP/AVP 0 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\n\
         a=fmtp:96 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!(
        agreed,
        Agreed {
            remote: at("192.0.2.7:49170"),
            remote_rtcp: at("192.0.2.7:49171"),
            codec: Codec::Pcmu,
            payload_type: 0,
            event_payload_type: Some(96),
            direction: Direction::SendRecv,
            ptime_ms: 20,
        }
    );
}

#[test]
fn our_order_of_codecs_decides() {
    let offer = offer(&["m=audio 49170 RTP/AVP 0 8"]);
    let (_, agreed) = answered(&mut side("198.51.100.1", vec![Codec::Pcma, Codec::Pcmu]), &offer);
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Pcma, 8));
    let (_, agreed) = answered(&mut side("198.51.100.1", vec![Codec::Pcmu]), &offer);
    assert_eq!(agreed.codec, Codec::Pcmu);
}

#[test]
fn g711_under_a_dynamic_type_keeps_that_type() {
    let (answer, agreed) = answered(
        &mut us(),
        &offer(&[
            "m=audio 49170 RTP/AVP 97 98",
            "a=rtpmap:97 pcma/8000/1",
            "a=rtpmap:98 PCMU/16000",
        ]),
    );
    assert_eq!((agreed.codec, agreed.payload_type), (Codec::Pcma, 97));
    assert_eq!(
        agreed.event_payload_type, None,
        "events that were not offered are not answered"
    );
    assert_eq!(media_lines(&answer), ["m=audio 10000 RTP/AVP 97"]);
}

#[test]
fn events_count_only_at_the_clock_of_the_codec() {
    let lines = [
        "m=audio 49170 RTP/AVP 0 101 102",
        "a=rtpmap:101 telephone-event/48000",
        "a=rtpmap:102 telephone-event/8000",
    ];
    assert_eq!(
        answered(&mut us(), &offer(&lines)).1.event_payload_type,
        Some(102)
    );
    assert_eq!(
        answered(&mut us(), &offer(&lines[..2])).1.event_payload_type,
        None
    );
}

#[test]
fn every_stream_is_answered_and_all_but_one_refused() {
    let (answer, agreed) = answered(
        &mut us(),
        &offer(&[
            "m=image 6000 udptl t38",
            "a=T38FaxVersion:0",
            "m=audio 49168 RTP/SAVP 0",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:bm90IGEgcmVhbCBrZXk",
            "m=audio 49170 RTP/AVP 0",
            "m=audio 49172 RTP/AVP 8",
            "m=video 51372 RTP/AVP 31 32",
            "a=rtpmap:31 H261/90000",
        ]),
    );
    assert_eq!(
        media_lines(&answer),
        [
            "m=image 0 udptl t38",
            "m=audio 0 RTP/SAVP 0",
            "m=audio 10000 RTP/AVP 0",
            "m=audio 0 RTP/AVP 8",
            "m=video 0 RTP/AVP 31 32",
        ]
    );
    assert_eq!(agreed.remote, at("192.0.2.7:49170"));
    assert!(
        answer.media[1].attributes.is_empty(),
        "nothing of the peer's key comes back"
    );
}

#[test]
fn what_gives_no_call_says_why() {
    for (lines, why) in [
        (&[][..], NoCommon::NoAudio),
        (&["m=video 4000 RTP/AVP 31"][..], NoCommon::NoAudio),
        (&["m=audio 0 RTP/AVP 0"][..], NoCommon::NoAudio),
        (&["m=audio 4000 RTP/SAVP 0"][..], NoCommon::Protocol),
        (&["m=audio 4000 UDP/TLS/RTP/SAVPF 0"][..], NoCommon::Protocol),
        (&["m=audio 4000 RTP/AVP 18"][..], NoCommon::Codec),
        (&["m=audio 4000 RTP/AVP 97"][..], NoCommon::Codec),
        (
            &["m=audio 4000 RTP/AVP 0", "a=rtpmap:0 L16/8000"][..],
            NoCommon::Codec,
        ),
        (
            &["m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::7"][..],
            NoCommon::Address,
        ),
        (
            &["m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1/127"][..],
            NoCommon::Address,
        ),
        (
            &["m=audio 4000 RTP/AVP 0", "c=IN IP4 224.2.1.1"][..],
            NoCommon::Address,
        ),
        (
            &["m=audio 4000 RTP/AVP 0", "c=IN IP4 255.255.255.255"][..],
            NoCommon::Address,
        ),
        (
            &["m=audio 4000 RTP/AVP 0", "c=ATM NSAP 47.0091"][..],
            NoCommon::Address,
        ),
        (
            &[
                "m=video 4000 RTP/AVP 31",
                "m=audio 4000 RTP/AVP 18",
                "m=audio 4000 RTP/SAVP 0",
            ][..],
            NoCommon::Codec,
        ),
    ] {
        let mut side = us();
        assert_eq!(side.answer(&offer(lines)).expect_err("refused"), why, "{lines:?}");
        assert_eq!(side.agreed(), None);
    }
    let nowhere = sdp(&["v=0", "o=- 1 1 IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0"]);
    assert_eq!(us().answer(&nowhere).expect_err("no c="), NoCommon::Address);
}

#[test]
fn plain_rtp_with_optional_encryption_is_answered_plain() {
    let lines = [
        "m=audio 4000 RTP/AVP 0",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:bm90IGEgcmVhbCBrZXk",
    ];
    let (answer, _) = answered(&mut us(), &offer(&lines));
    assert_eq!(answer.media[0].attribute("crypto"), None);
    let (answer, _) = answered(&mut us(), &offer(&["m=audio 4000 RTP/AVPF 0"]));
    assert_eq!(media_lines(&answer), ["m=audio 10000 RTP/AVPF 0"]);
}

#[test]
fn ipv6_is_spoken_where_we_have_it() {
    let offer = sdp(&[
        "v=0",
        "o=- 1 1 IN IP6 2001:db8::7",
        "c=IN IP6 2001:db8::7",
        "m=audio 4000 RTP/AVP 0",
        "a=rtcp:5000 IN IP6 2001:db8::8",
    ]);
    let (answer, agreed) = answered(&mut side("2001:db8::1", vec![Codec::Pcmu]), &offer);
    assert_eq!(agreed.remote, at("[2001:db8::7]:4000"));
    assert_eq!(agreed.remote_rtcp, at("[2001:db8::8]:5000"));
    assert_eq!(
        answer.connection,
        Some(Connection::Ip("2001:db8::1".parse().expect("an address")))
    );
    assert!(answer.to_string().contains("o=- 42 42 IN IP6 2001:db8::1\r\n"));
}

#[test]
fn rtcp_goes_where_the_peer_says() {
    for (attribute, expected) in [
        ("a=rtcp:53020", "192.0.2.7:53020"),
        ("a=rtcp:53020 IN IP4 192.0.2.9", "192.0.2.9:53020"),
        ("a=rtcp:53020 IN IP6 2001:db8::9", "192.0.2.7:53020"),
        ("a=rtcp:53020 IN IP4 224.0.0.1", "192.0.2.7:53020"),
        ("a=rtcp:0", "192.0.2.7:49171"),
        ("a=rtcp:x", "192.0.2.7:49171"),
        ("a=rtcp", "192.0.2.7:49171"),
    ] {
        let (_, agreed) = answered(&mut us(), &offer(&["m=audio 49170 RTP/AVP 0", attribute]));
        assert_eq!(agreed.remote_rtcp, at(expected), "{attribute}");
    }
    let (_, agreed) = answered(&mut us(), &offer(&["m=audio 65535 RTP/AVP 0"]));
    assert_eq!(agreed.remote_rtcp, at("192.0.2.7:65535"));
}

#[test]
fn packets_have_the_length_that_the_peer_wants() {
    for (attributes, expected) in [
        (&["a=ptime:20"][..], 20),
        (&["a=ptime:40"][..], 40),
        (&["a=ptime:30"][..], 20),
        (&["a=ptime:10"][..], 20),
        (&["a=ptime:500"][..], 60),
        (&["a=ptime:60", "a=maxptime:40"][..], 40),
        (&["a=ptime:NaN"][..], 20),
        (&["a=ptime:-20"][..], 20),
        (&["a=ptime"][..], 20),
    ] {
        let mut lines = vec!["m=audio 49170 RTP/AVP 0"];
        lines.extend(attributes);
        assert_eq!(
            answered(&mut us(), &offer(&lines)).1.ptime_ms,
            expected,
            "{attributes:?}"
        );
    }
}

// Changes while the call runs

#[test]
fn hold_and_resume() {
    let stream = "m=audio 49170 RTP/AVP 0";
    for (lines, ours, held) in [
        (&[stream, "a=sendonly"][..], Direction::RecvOnly, true),
        (&[stream, "a=inactive"][..], Direction::Inactive, true),
        (&[stream, "c=IN IP4 0.0.0.0"][..], Direction::RecvOnly, true),
        (
            &[stream, "c=IN IP4 0.0.0.0", "a=inactive"][..],
            Direction::Inactive,
            true,
        ),
        (
            &[stream, "c=IN IP4 0.0.0.0", "a=recvonly"][..],
            Direction::Inactive,
            true,
        ),
        (&[stream, "a=recvonly"][..], Direction::SendOnly, false),
        (&["a=sendonly", stream][..], Direction::RecvOnly, true),
        (
            &["a=sendonly", stream, "a=sendrecv"][..],
            Direction::SendRecv,
            false,
        ),
    ] {
        let mut side = us();
        answered(&mut side, &offer(&[stream]));
        let (answer, agreed) = answered(&mut side, &offer(lines));
        assert_eq!((agreed.direction, agreed.is_held()), (ours, held), "{lines:?}");
        assert_eq!(answer.direction_of(&answer.media[0]), ours, "{lines:?}");
        let (answer, agreed) = answered(&mut side, &offer(&[stream, "a=sendrecv"]));
        assert_eq!(agreed.direction, Direction::SendRecv);
        assert_eq!(answer.direction_of(&answer.media[0]), Direction::SendRecv);
    }
}

#[test]
fn the_version_rises_with_each_change_and_only_then() {
    let version = |answer: &Sdp| answer.origin.version.clone();
    let mut side = us();
    let first = answered(&mut side, &offer(&["m=audio 49170 RTP/AVP 0"])).0;
    let refreshed = answered(&mut side, &offer(&["m=audio 49170 RTP/AVP 0"])).0;
    assert_eq!((version(&first), version(&refreshed)), ("42".into(), "42".into()));
    // The peer moved; nothing of ours changes.
    let (moved, agreed) = answered(
        &mut side,
        &offer(&["m=audio 50000 RTP/AVP 0", "c=IN IP4 192.0.2.99"]),
    );
    assert_eq!(version(&moved), "42");
    assert_eq!(agreed.remote, at("192.0.2.99:50000"));
    assert_eq!(side.agreed(), Some(&agreed));
    let held = answered(&mut side, &offer(&["m=audio 50000 RTP/AVP 0", "a=sendonly"])).0;
    let resumed = answered(&mut side, &offer(&["m=audio 50000 RTP/AVP 0"])).0;
    assert_eq!((version(&held), version(&resumed)), ("43".into(), "44".into()));
    assert_eq!(held.origin.session_id, "42");
}

#[test]
fn a_refused_change_leaves_the_call_as_it_was() {
    let mut side = us();
    let (_, agreed) = answered(&mut side, &offer(&["m=audio 49170 RTP/AVP 0"]));
    assert_eq!(
        side.answer(&offer(&["m=audio 49170 RTP/AVP 18"])),
        Err(NoCommon::Codec)
    );
    assert_eq!(side.agreed(), Some(&agreed));
}

// Offering

#[test]
fn an_offer_and_its_answer() {
    let (mut ours, mut theirs) = (us(), side("192.0.2.7", vec![Codec::Pcma]));
    let bytes = ours.offer();
    assert!(ours.awaits_answer());
    let offer = Sdp::parse(&bytes).expect("our own offer can be read");
    assert_eq!(media_lines(&offer), ["m=audio 10000 RTP/AVP 0 8 101"]);
    let (answer, seen_by_them) = answered(&mut theirs, &offer);
    let agreed = ours.accept_answer(&answer).expect("the answer fits");
    assert_eq!(
        (agreed.codec, agreed.payload_type, agreed.event_payload_type),
        (Codec::Pcma, 8, Some(101))
    );
    assert_eq!(agreed.remote, at("192.0.2.7:10000"));
    assert_eq!(seen_by_them.remote, at("198.51.100.1:10000"));
    assert_eq!(ours.accept_answer(&answer), Err(AnswerError::NoOffer));
}

#[test]
fn an_answer_that_does_not_fit_withdraws_the_offer() {
    let mut side = us();
    let (_, agreed) = answered(
        &mut side,
        &offer(&["m=audio 49170 RTP/AVP 0 96", "a=rtpmap:96 telephone-event/8000"]),
    );
    let reoffer = Sdp::parse(&side.offer()).expect("our own offer can be read");
    assert_eq!(
        media_lines(&reoffer),
        ["m=audio 10000 RTP/AVP 0 8 96"],
        "the peer's payload type stays"
    );
    assert_eq!(
        side.agreed(),
        Some(&agreed),
        "what was agreed holds until the answer"
    );
    let two = offer(&["m=audio 49170 RTP/AVP 0", "m=video 0 RTP/AVP 31"]);
    assert_eq!(side.accept_answer(&two), Err(AnswerError::Streams));
    assert!(!side.awaits_answer());
    assert_eq!(side.agreed(), Some(&agreed));
    side.offer();
    let refusal = offer(&["m=audio 0 RTP/AVP 0"]);
    assert_eq!(
        side.accept_answer(&refusal),
        Err(AnswerError::NoCommon(NoCommon::NoAudio))
    );
    let mut fresh = us();
    fresh.offer();
    fresh.withdraw();
    assert_eq!(fresh.agreed(), None);
}

// RFC 4317: the offers of its examples, and what a side with G.711 answers. Where the document's Bob has a codec that
// we lack, or takes a video stream, the difference is that alone.

const ALICE: [&str; 5] = [
    "v=0",
    "o=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com",
    "s=",
    "c=IN IP4 host.atlanta.example.com",
    "t=0 0",
];

#[test]
fn rfc_4317_examples() {
    let audio = [
        "m=audio 49170 RTP/AVP 0 8 97",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:97 iLBC/8000",
    ];
    let video = [
        "m=video 51372 RTP/AVP 31 32",
        "a=rtpmap:31 H261/90000",
        "a=rtpmap:32 MPV/90000",
    ];
    let events = [
        "m=audio 49172 RTP/AVP 98",
        "a=rtpmap:98 telephone-event/8000",
        "a=sendonly",
    ];
    let second = ["m=audio 49172 RTP/AVP 97", "a=rtpmap:97 iLBC/8000"];
    for (clause, lines, expected) in [
        (
            "2.1 audio and video",
            [&audio[..], &video[..]].concat(),
            vec!["m=audio 10000 RTP/AVP 0", "m=video 0 RTP/AVP 31 32"],
        ),
        (
            "2.4 a stream of events",
            [&audio[..], &events[..]].concat(),
            vec!["m=audio 10000 RTP/AVP 0", "m=audio 0 RTP/AVP 98"],
        ),
        ("2.6 audio only", audio.to_vec(), vec!["m=audio 10000 RTP/AVP 0"]),
        (
            "4.1 a second stream",
            [&audio[..], &second[..]].concat(),
            vec!["m=audio 10000 RTP/AVP 0", "m=audio 0 RTP/AVP 97"],
        ),
        (
            "4.3 video deleted",
            [&audio[..], &["m=video 0 RTP/AVP 31"][..]].concat(),
            vec!["m=audio 10000 RTP/AVP 0", "m=video 0 RTP/AVP 31"],
        ),
    ] {
        let offer = sdp(&[&ALICE[..], &lines[..]].concat());
        let (answer, agreed) = answered(&mut us(), &offer);
        assert_eq!(media_lines(&answer), expected, "{clause}");
        assert_eq!(
            agreed.remote,
            at("192.0.2.7:49170"),
            "{clause}: a host name means where the signalling comes from"
        );
    }
    // 5.1: no streams at first; a call without audio is none to us.
    assert_eq!(us().answer(&sdp(&ALICE)), Err(NoCommon::NoAudio));
}

#[test]
fn rfc_4317_3_1_hold_and_unhold() {
    let mut bob = us();
    let stream = [
        "m=audio 49170 RTP/AVP 0 97",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:97 iLBC/8000",
    ];
    let talk = sdp(&[&ALICE[..], &stream[..]].concat());
    let hold = sdp(&[&ALICE[..], &stream[..], &["a=sendonly"][..]].concat());
    let directions: Vec<_> = [&talk, &hold, &talk]
        .map(|offer| answered(&mut bob, offer).1.direction)
        .into();
    assert_eq!(
        directions,
        [Direction::SendRecv, Direction::RecvOnly, Direction::SendRecv]
    );
}

#[test]
fn a_host_name_without_a_known_peer_is_no_address() {
    let mut side = OfferAnswer::new(LocalMedia {
        address: "198.51.100.1".parse().expect("an address"),
        port: 10_000,
        codecs: vec![Codec::Pcmu],
        session_id: 1,
    });
    let offer = sdp(&[&ALICE[..], &["m=audio 49170 RTP/AVP 0"]].concat());
    assert_eq!(side.answer(&offer), Err(NoCommon::Address));
}

// Bodies

#[test]
fn the_description_is_found_in_the_body() {
    let sdp = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n";
    assert_eq!(extract(Some("application/sdp"), sdp), Ok(Some(&sdp[..])));
    assert_eq!(
        extract(Some("Application/SDP ; charset=utf-8"), sdp),
        Ok(Some(&sdp[..]))
    );
    assert_eq!(extract(None, sdp), Ok(Some(&sdp[..])));
    assert_eq!(extract(Some("text/plain"), sdp), Err(BodyError::Unsupported));
    assert_eq!(extract(Some("application/sdp"), b""), Ok(None));
    assert_eq!(extract(Some("text/plain"), b""), Ok(None));
}

#[test]
fn the_description_is_found_among_parts() {
    let body = b"preamble\r\n--b 1\r\nContent-Type: application/isup;version=x\r\n\r\n\x00\x01--b 1 no\r\n\
        --b 1\r\ncontent-type:\r\n application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n\r\n--b 1--\r\nepilogue";
    let kind = "multipart/mixed; charset=x; boundary=\"b 1\"";
    assert_eq!(
        extract(Some(kind), body),
        Ok(Some(&b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n"[..]))
    );
    let nested = b"--out\n\nplain text\n--out\nContent-Type: multipart/alternative;boundary=in\n\n--in\nContent-Type: application/sdp\n\nv=0\n--in--\n--out--";
    assert_eq!(
        extract(Some("multipart/mixed;boundary=out"), nested),
        Ok(Some(&b"v=0"[..]))
    );
    let unclosed = b"--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
    assert_eq!(
        extract(Some("multipart/mixed;boundary=x"), unclosed),
        Ok(Some(&b"v=0\r\n"[..]))
    );
    assert_eq!(
        extract(Some("multipart/mixed;boundary=y"), unclosed),
        Err(BodyError::Unsupported)
    );
    assert_eq!(
        extract(Some("multipart/mixed"), unclosed),
        Err(BodyError::Malformed)
    );
    let deep = b"--a\nContent-Type: multipart/mixed;boundary=a\n\n--a\nContent-Type: multipart/mixed;boundary=a\n\n--a\n";
    assert!(extract(Some("multipart/mixed;boundary=a"), deep).is_err());
}

// Properties

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9!#$%&'*+.^_{}~-]{1,12}"
}

fn connection() -> impl Strategy<Value = Connection> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| Connection::Ip(IpAddr::from(ip))),
        any::<[u16; 8]>().prop_map(|ip| Connection::Ip(IpAddr::from(ip))),
        "[a-z][a-z0-9.-]{0,20}".prop_map(|host| Connection::Other("IN".into(), "IP4".into(), host)),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let value = proptest::option::of("([!-~]([ -~]{0,20}[!-~])?)?");
    let one = (word(), value).prop_map(|(name, value)| Attribute { name, value });
    proptest::collection::vec(one, 0..6)
}

fn media() -> impl Strategy<Value = Media> {
    let formats = proptest::collection::vec(word(), 1..6);
    (
        word(),
        any::<u16>(),
        1u16..,
        word(),
        formats,
        proptest::option::of(connection()),
        attributes(),
    )
        .prop_map(
            |(kind, port, port_pairs, protocol, formats, connection, attributes)| Media {
                kind,
                port,
                port_pairs,
                protocol,
                formats,
                connection,
                attributes,
            },
        )
}

fn description() -> impl Strategy<Value = Sdp> {
    let origin =
        (word(), any::<u64>(), any::<u128>(), connection()).prop_map(|(username, id, version, address)| {
            Origin {
                username,
                session_id: id.to_string(),
                version: version.to_string(),
                address,
            }
        });
    let name = "[!-~]([ -~]{0,20}[!-~])?";
    let times = proptest::collection::vec("[0-9]{1,12} [0-9]{1,12}", 1..4);
    let all = proptest::collection::vec(media(), 0..5);
    (
        origin,
        name,
        proptest::option::of(connection()),
        times,
        attributes(),
        all,
    )
        .prop_map(|(origin, name, connection, times, attributes, media)| Sdp {
            origin,
            name,
            connection,
            times,
            attributes,
            media,
        })
}

/// Lines that mean something, in any number and order, so that random offers reach far into the machine.
fn plausible_offer() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("m=audio 4000 RTP/AVP 0 8 101"),
        Just("m=audio 4002 RTP/AVP 96 97"),
        Just("m=audio 0 RTP/AVP 0"),
        Just("m=video 4004 RTP/AVP 31"),
        Just("m=image 4006 udptl t38"),
        Just("a=rtpmap:96 PCMA/8000"),
        Just("a=rtpmap:101 telephone-event/8000"),
        Just("a=rtpmap:0 junk"),
        Just("a=sendonly"),
        Just("a=inactive"),
        Just("a=sendrecv"),
        Just("a=ptime:40"),
        Just("a=rtcp:9 IN IP4 192.0.2.3"),
        Just("c=IN IP4 192.0.2.1"),
        Just("c=IN IP4 0.0.0.0"),
        Just("c=IN IP6 2001:db8::1"),
    ];
    proptest::collection::vec(line, 0..12)
        .prop_map(|lines| format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n{}", lines.join("\r\n")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn parse_inverts_print(sdp in description()) {
        prop_assert_eq!(Sdp::parse(&sdp.to_bytes()), Ok(sdp));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(sdp) = Sdp::parse(&bytes) {
            prop_assert_eq!(Sdp::parse(&sdp.to_bytes()), Ok(sdp));
        }
        let _ = extract(Some("multipart/mixed;boundary=x"), &bytes);
    }

    #[test]
    fn an_answer_fits_its_offer(texts in proptest::collection::vec(plausible_offer(), 1..5)) {
        let mut side = us();
        for text in texts {
            let offer = Sdp::parse(text.as_bytes()).expect("made of good lines");
            let before = side.agreed().cloned();
            match side.answer(&offer) {
                Ok((bytes, agreed)) => {
                    let answer = Sdp::parse(&bytes).expect("our own answer can be read");
                    prop_assert_eq!(answer.media.len(), offer.media.len());
                    let taken: Vec<_> = answer.media.iter().filter(|m| m.port != 0).collect();
                    prop_assert_eq!(taken.len(), 1);
                    for (a, o) in answer.media.iter().zip(&offer.media) {
                        prop_assert_eq!(&a.kind, &o.kind);
                        prop_assert_eq!(&a.protocol, &o.protocol);
                        prop_assert!(a.formats.iter().all(|f| o.formats.contains(f)));
                    }
                    prop_assert!(!agreed.direction.sends() || !agreed.remote.ip().is_unspecified());
                    prop_assert!(agreed.remote.port() != 0);
                    prop_assert_eq!(side.agreed(), Some(&agreed));
                }
                Err(_) => prop_assert_eq!(side.agreed().cloned(), before),
            }
        }
    }
}
