//! Tables, properties, and rsip as an oracle.

use super::frame::{Frame, FrameErrorKind, Framer};
use super::*;
use crate::limits;
use proptest::prelude::*;

const INVITE: &str = "INVITE sip:+15550100@203.0.113.5:5060;transport=udp SIP/2.0\r\n\
v: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKabc;rport\r\n\
Max-Forwards: 70\r\n\
From: \"Alice \\\"A\\\"\" <sip:+15550123@example.org>;tag=a1\r\n\
t: <sip:+15550100@example.org>\r\n\
i: 1@192.0.2.1\r\n\
CSeq: 1 INVITE\r\n\
m: <sip:192.0.2.1:5060>\r\n\
Subject: one,\r\n  two\r\n\
\t three\r\n\
c: application/octet-stream\r\n\
X-Other: kept\r\n\
l: 4\r\n\r\n\x00\x01\r\n";

fn request(text: &str) -> Request {
    match Message::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("a request expected: {other:?}"),
    }
}

fn fault(bytes: &[u8]) -> ParseError {
    Message::parse(bytes).expect_err("a fault expected")
}

#[test]
fn an_invite_is_read_whole() {
    let invite = request(INVITE);
    assert_eq!(invite.method, Method::Invite);
    assert_eq!(invite.uri.user, "+15550100");
    assert_eq!(invite.uri.param("transport"), Some("udp"));
    assert_eq!(invite.body, b"\x00\x01\r\n");
    let headers = &invite.headers;
    assert_eq!(headers.get("Subject"), Some("one, two three"));
    assert_eq!(headers.get("call-id"), headers.get("i"));
    let via = headers.via().unwrap();
    assert_eq!(
        (via.branch(), via.rport(), via.received()),
        (Some("z9hG4bKabc"), Some(None), None)
    );
    assert_eq!(headers.from().unwrap().display.as_deref(), Some("Alice \"A\""));
    assert_eq!(headers.from().unwrap().tag(), Some("a1"));
    assert_eq!(
        headers.cseq().unwrap(),
        CSeq {
            number: 1,
            method: Method::Invite
        }
    );
    assert_eq!(headers.max_forwards(), Ok(Some(70)));
    assert_eq!(headers.expires(), Ok(None));
    assert_eq!(headers.contacts().unwrap()[0].uri.host, "192.0.2.1");
    assert_eq!(Message::parse(&invite.to_bytes()), Ok(Message::Request(invite)));
}

#[test]
fn a_response_has_what_the_rfc_copies() {
    let mut invite = request(INVITE);
    invite.headers.push("Record-Route", "<sip:192.0.2.9;lr>");
    invite
        .headers
        .push_front("Via", "SIP/2.0/TCP [2001:db8::1];branch=z9hG4bKtop");
    let names = |status| -> Vec<String> {
        invite
            .response(status)
            .headers
            .iter()
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    assert_eq!(names(486), ["Via", "Via", "From", "To", "Call-ID", "CSeq"]);
    assert_eq!(
        names(180),
        ["Via", "Via", "From", "To", "Call-ID", "CSeq", "Record-Route"]
    );
    let response = invite.response(486);
    assert!(response
        .to_bytes()
        .starts_with(b"SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/TCP [2001:db8::1]"));
    assert_eq!(Message::parse(&response.to_bytes()).unwrap(), {
        let mut read = response.clone();
        read.headers.push("Content-Length", 0);
        Message::Response(read)
    });
}

#[test]
fn uris_are_read_and_printed() {
    for (text, user, host, port, printed) in [
        ("sip:example.org", "", "example.org", None, ""),
        (
            "SIP:%61lice@EXAMPLE.org:5070",
            "alice",
            "EXAMPLE.org",
            Some(5070),
            "sip:alice@EXAMPLE.org:5070",
        ),
        (
            "sips:a%40b%3ac@[2001:db8::1]:5061;lr",
            "a@b:c",
            "2001:db8::1",
            Some(5061),
            "sips:a%40b%3Ac@[2001:db8::1]:5061;lr",
        ),
        (
            "sip:null-%00-null@192.0.2.1",
            "null-\0-null",
            "192.0.2.1",
            None,
            "",
        ),
        (
            "sip:user;par=u%40example.net@example.org",
            "user;par=u@example.net",
            "example.org",
            None,
            "",
        ),
        (
            "sip:1;phone-context=%2b1@x;user=phone?Subject=a%20b&To=c",
            "1;phone-context=+1",
            "x",
            None,
            "sip:1;phone-context=+1@x;user=phone?Subject=a%20b&To=c",
        ),
        ("sip:J%F6rg@x", "J\u{10FFF6}rg", "x", None, ""),
        ("sip:J%C3%B6rg@x", "J\u{f6}rg", "x", None, ""),
        ("sip:*98#@x", "*98#", "x", None, "sip:*98%23@x"),
        (
            "tel:+1-555-0100;phone-context=example.org",
            "+1-555-0100",
            "",
            None,
            "",
        ),
        (
            "unknown:totally%20opaque:@content?;",
            "totally%20opaque:@content?;",
            "",
            None,
            "",
        ),
        (
            "sip:[2001:db8:::192.0.2.1]",
            "",
            "2001:db8::192.0.2.1",
            None,
            "sip:[2001:db8::192.0.2.1]",
        ),
    ] {
        let uri: Uri = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            (uri.user.as_str(), uri.host.as_str(), uri.port),
            (user, host, port),
            "{text}"
        );
        let expected = if printed.is_empty() { text } else { printed };
        assert_eq!(uri.to_string(), expected);
        assert_eq!(expected.parse::<Uri>().as_ref(), Ok(&uri));
    }
}

#[test]
fn what_is_no_uri_is_refused_by_its_fault() {
    for (text, error) in [
        ("", UriError::Scheme),
        ("example.org", UriError::Scheme),
        ("1sip:x", UriError::Scheme),
        ("<sip:x>", UriError::Scheme),
        ("sip:a b@x", UriError::Character),
        ("sip:x;lr>", UriError::Character),
        ("sip:a[b@x", UriError::Character),
        ("sip:a%4@x", UriError::Escape),
        ("sip:%zz@x", UriError::Escape),
        ("sip::p@x", UriError::User),
        ("sip:a@", UriError::Host),
        ("sip:a@b@c", UriError::Host),
        ("sip:2001:db8::10", UriError::Port),
        ("sip:[2001:db8]", UriError::Host),
        ("sip:x:65536", UriError::Port),
        ("sip:x:", UriError::Port),
        ("sip:x:+5", UriError::Port),
        ("sip:x;=v", UriError::Parameter),
        ("tel:", UriError::User),
        ("other:", UriError::Host),
    ] {
        assert_eq!(text.parse::<Uri>(), Err(error), "{text}");
    }
}

#[test]
fn uris_match_as_rfc_3261_19_1_4_says() {
    let uri = |text: &str| text.parse::<Uri>().unwrap();
    for (a, b) in [
        (
            "sip:%61lice@atlanta.example.org;transport=TCP",
            "sip:alice@aTlanTa.ExamPle.ORG;Transport=tcp",
        ),
        (
            "sip:carol@chicago.example.org",
            "sip:carol@chicago.example.org;newparam=5",
        ),
        (
            "sip:carol@chicago.example.org;security=on",
            "sip:carol@chicago.example.org;newparam=5",
        ),
        (
            "sip:biloxi.example.org;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.example.org",
            "sip:biloxi.example.org;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.example.org",
        ),
        (
            "sip:alice@atlanta.example.org?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.example.org?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
        ("tel:+1-555-0100", "tel:+15550100"),
    ] {
        assert!(uri(a).matches(&uri(b)) && uri(b).matches(&uri(a)), "{a} and {b}");
    }
    for (a, b) in [
        ("sip:alice@atlanta.example.org", "sip:ALICE@aTlanTa.ExamPle.ORG"),
        ("sip:bob@biloxi.example.org", "sip:bob@biloxi.example.org:5060"),
        (
            "sip:bob@biloxi.example.org",
            "sip:bob@biloxi.example.org;transport=udp",
        ),
        (
            "sip:bob@biloxi.example.org",
            "sip:bob@biloxi.example.org:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.example.org",
            "sip:carol@chicago.example.org?Subject=next%20meeting",
        ),
        (
            "sip:carol@chicago.example.org;security=on",
            "sip:carol@chicago.example.org;security=off",
        ),
        ("sip:a@x", "sips:a@x"),
        ("sip:a:b@x", "sip:a@x"),
    ] {
        assert!(
            !uri(a).matches(&uri(b)) && !uri(b).matches(&uri(a)),
            "{a} and {b}"
        );
    }
}

#[test]
fn addresses_are_read_as_phones_send_them() {
    for (text, display, host, tag) in [
        ("sip:x", None, "x", None),
        ("sip:x;tag=1", None, "x", Some("1")),
        ("<sip:x;tag=uri>;TAG=2", None, "x", Some("2")),
        ("\"\" <sip:x>", None, "x", None),
        (
            "A. N. Other <sip:x> ; tag = 3 ;",
            Some("A. N. Other"),
            "x",
            Some("3"),
        ),
        ("J\u{f6}rg<sip:x>", Some("J\u{f6}rg"), "x", None),
        ("sip:@x;tag=4", None, "x", Some("4")),
        ("alice@x: work <sip:x>", Some("alice@x: work"), "x", None),
        (
            "\"a<b>, \\\"c\\\\\"\t<sip:x>;;q=\"0.5\"",
            Some("a<b>, \"c\\"),
            "x",
            None,
        ),
    ] {
        let address: NameAddr = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            (
                address.display.as_deref(),
                address.uri.host.as_str(),
                address.tag()
            ),
            (display, host, tag)
        );
        assert_eq!(
            address.to_string().parse::<NameAddr>().as_ref(),
            Ok(&address),
            "{text}"
        );
    }
    for text in [
        "",
        "<sip:x",
        "\"a <sip:x>",
        "\"a\" sip:x",
        "a, b <sip:x>",
        "sip:x?a=b",
        "< sip:x >",
        "<sip:x>tag=1",
        "<sip:x>;tag=\"",
        "<sip:x>;tag=a b",
    ] {
        assert!(text.parse::<NameAddr>().is_err(), "{text}");
    }
}

#[test]
fn vias_are_read_with_white_space_and_addresses_of_any_form() {
    for (text, host, port, received) in [
        ("SIP/2.0/UDP 192.0.2.1", "192.0.2.1", None, None),
        (
            "SIP / 2.0\t/ UDP  192.0.2.1 : 5060 ;branch=z",
            "192.0.2.1",
            Some(5060),
            None,
        ),
        (
            "sip/2.0/TLS [2001:db8::9:1]:5061;received=[2001:db8::9:255]",
            "2001:db8::9:1",
            Some(5061),
            Some("2001:db8::9:255"),
        ),
        (
            "SIP/2.0/SCTP x;received=2001:db8::9:255;rport=5;;",
            "x",
            None,
            Some("2001:db8::9:255"),
        ),
    ] {
        let via: Via = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            (via.host.as_str(), via.port, via.received()),
            (host, port, received),
            "{text}"
        );
        assert_eq!(via.to_string().parse::<Via>().as_ref(), Ok(&via));
    }
    for text in [
        "",
        ";;",
        "SIP/2.0/UDP",
        "SIP/3 0/UDP x",
        "SIP/2.0/U:P x",
        "SIP/2.0/UDP x:a",
        "SIP/2.0/UDP x;branch=\"",
        "SIP//UDP x",
    ] {
        assert!(text.parse::<Via>().is_err(), "{text}");
    }
}

#[test]
fn cseq_is_bounded() {
    assert_eq!(
        "2147483647  ACK".parse(),
        Ok(CSeq {
            number: 2_147_483_647,
            method: Method::Ack
        })
    );
    for text in [
        "",
        "1",
        "INVITE",
        "-1 INVITE",
        "+1 INVITE",
        "2147483648 INVITE",
        "36893488147419103232 REGISTER",
        "1 IN VITE",
    ] {
        assert!(text.parse::<CSeq>().is_err(), "{text}");
    }
}

#[test]
fn list_values_are_split_where_the_grammar_splits() {
    let mut headers = Headers::new();
    headers.push("Contact", "\"a, \\\" b\" <sip:x,y@x>;q=1 , <sip:z>");
    headers.push("m", "sip:w");
    let values: Vec<&str> = headers.values("contact").collect();
    assert_eq!(values, ["\"a, \\\" b\" <sip:x,y@x>;q=1", "<sip:z>", "sip:w"]);
    assert_eq!(headers.contacts().unwrap().len(), 3);
    headers.set("Contact", "*");
    assert!(headers.contact_is_star() && headers.contacts().unwrap().is_empty() && headers.len() == 1);
}

#[test]
fn headers_are_edited_in_place() {
    let mut headers = Headers::new();
    headers.push("To", "  <sip:a> ");
    headers.push("Via", "1, 2");
    headers.push("Z", "z");
    headers.push("v", "3");
    headers.set("Z", 7);
    headers.push_front("Route", "r");
    assert_eq!(headers.pop_value("Via").as_deref(), Some("1"));
    let all: Vec<_> = headers.iter().collect();
    assert_eq!(
        all,
        [
            ("Route", "r"),
            ("To", "<sip:a>"),
            ("Via", "2"),
            ("Z", "7"),
            ("Via", "3")
        ]
    );
    assert_eq!(headers.pop_value("v").as_deref(), Some("2"));
    assert_eq!(headers.pop_value("v").as_deref(), Some("3"));
    assert_eq!(headers.pop_value("v"), None);
    assert!(headers.remove("t") && !headers.remove("t"));
    assert!(headers.has_token("z", "7") && !headers.contains("To"));
}

#[test]
fn a_value_that_is_set_again_and_again_takes_no_more_room() {
    let mut headers = Headers::new();
    headers.push("Call-ID", "stays");
    for i in 0..10_000 {
        headers.set("CSeq", format_args!("{i} INVITE"));
    }
    assert_eq!(headers.get("Call-ID"), Some("stays"));
    assert_eq!(headers.get("CSeq"), Some("9999 INVITE"));
    assert!(headers.room() < 1_000);
}

#[test]
fn no_value_can_add_a_line() {
    let mut request = Request::new(
        Method::Other("X\r\nY: z".into()),
        Uri::sip("a\r\nb", "h\r\nX: y", None),
    );
    request.headers.push("Subject\r\nBad", "one\r\nTwo: three\0");
    let address = NameAddr {
        display: Some("a\r\nEvil: yes".into()),
        ..NameAddr::new(Uri::sip("u", "h", None))
    };
    request.headers.push("From", address);
    let mut response = Response::new(200);
    response.reason = "OK\r\nEvil: yes".into();
    for bytes in [request.to_bytes(), response.to_bytes()] {
        let text = String::from_utf8(bytes).unwrap();
        for line in text.split("\r\n").skip(1).filter(|line| !line.is_empty()) {
            let name = line.split(':').next();
            assert!(
                matches!(name, Some("SubjectBad" | "From" | "Content-Length")),
                "{text}"
            );
        }
    }
}

#[test]
fn octets_that_are_not_utf8_come_back_as_they_were() {
    let mut bytes = INVITE.replace("kept", "J@rg \u{10FF80} \u{f6}").into_bytes();
    let at = bytes.iter().position(|&b| b == b'J').unwrap() + 1;
    bytes[at] = 0xF6;
    let Ok(Message::Request(request)) = Message::parse(&bytes) else {
        panic!("octets beyond ASCII are let through");
    };
    let expected = &bytes[at - 1..at + 12];
    assert!(request.to_bytes().windows(expected.len()).any(|w| w == expected));
}

#[test]
fn faults_are_named_and_answered() {
    let with = |from: &str, to: &str| INVITE.replace(from, to);
    for (text, status, kind) in [
        (with("l: 4", "l: 5"), 400, "shorter"),
        (with("l: 4", "l: -4"), 400, "Content-Length is malformed"),
        (
            with("l: 4", "l: 4\r\nContent-Length: 3"),
            400,
            "Content-Length stands more than once",
        ),
        (with("SIP/2.0\r\nv", "SIP/7.0\r\nv"), 505, "version"),
        (with("SIP/2.0\r\nv", "SIP/2.0 \r\nv"), 400, "first line"),
        (
            with("INVITE sip:+15550100@", "INVITE sip:a b@"),
            400,
            "first line",
        ),
        (
            with("INVITE sip:+15550100@", "INVITE <sip:+15550100>@"),
            400,
            "Request-URI",
        ),
        (
            with("transport=udp SIP", "transport=udp?To=x SIP"),
            400,
            "must not stand here",
        ),
        (with("X-Other:", "X Other:"), 400, "header line"),
        (with("X-Other: kept", "X-Other: a\nb"), 400, "header line"),
        (with("X-Other: kept", "no colon"), 400, "header line"),
        (with("1 INVITE", "1 BYE"), 400, "CSeq names"),
        (with("1 INVITE", "2147483648 INVITE"), 400, "CSeq is malformed"),
        (
            with("Max-Forwards: 70", "Max-Forwards: 300"),
            400,
            "Max-Forwards is malformed",
        ),
        (
            with("Max-Forwards: 70", "Max-Forwards: 7\r\nMax-Forwards: 7"),
            400,
            "Max-Forwards stands",
        ),
        (with("i: 1@192.0.2.1\r\n", ""), 400, "Call-ID is missing"),
        (
            with("t: <sip:+15550100@example.org>\r\n", ""),
            400,
            "To is missing",
        ),
        (
            with("m: <sip:192.0.2.1:5060>", "m: \"x <sip:y>"),
            400,
            "Contact is malformed",
        ),
        (with("rport\r\n", "rport, ;,\r\n"), 400, "Via is malformed"),
    ] {
        let fault = fault(text.as_bytes());
        assert!(fault.to_string().contains(kind), "{fault} for {kind}");
        let response = fault.response().unwrap_or_else(|| panic!("{kind}: no answer"));
        assert_eq!(response.status, status, "{kind}");
        assert!(response.headers.via().is_ok() && response.headers.get("CSeq").is_some());
        if let Ok(to) = response.headers.to() {
            assert!(to.tag().is_some());
        }
        assert_eq!(
            Some(response),
            self::fault(text.as_bytes()).response(),
            "{kind}: the same each time"
        );
    }
}

#[test]
fn what_is_no_request_or_asks_for_no_answer_gets_none() {
    for text in [
        "".to_owned(),
        "\r\n\r\n".to_owned(),
        "hello".to_owned(),
        "\x16\x03\x01\x02\x00".to_owned(),
        INVITE.replace("INVITE", "ACK").replace("l: 4", "l: 5"),
        INVITE.replace("v: SIP/2.0/UDP", "v: nothing/"),
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x\r\n\r\n".to_owned(),
        "SIP/2.0 4294967301 better not\r\nVia: SIP/2.0/UDP x\r\n\r\n".to_owned(),
    ] {
        assert_eq!(fault(text.as_bytes()).response(), None, "{text}");
    }
    assert_eq!(fault(b"\r\n\r\n").kind, ParseErrorKind::Empty);
}

#[test]
fn a_message_is_bounded() {
    let many = "X: y\r\n".repeat(limits::SIP_HEADERS);
    let fault = fault(INVITE.replace("X-Other: kept\r\n", &many).as_bytes());
    assert_eq!(
        (fault.kind.clone(), fault.fault(), fault.status()),
        (ParseErrorKind::TooLarge, Fault::Limit, 513)
    );
    let long = "y".repeat(limits::SIP_MESSAGE_BYTES);
    assert_eq!(
        self::fault(INVITE.replace("kept", &long).as_bytes()).kind,
        ParseErrorKind::TooLarge
    );
}

#[test]
fn line_ends_before_a_message_and_octets_after_it_are_ignored() {
    let bytes = format!("\r\n\r\n{INVITE}and more");
    assert_eq!(
        Message::parse(bytes.as_bytes()),
        Message::parse(INVITE.as_bytes())
    );
}

/// All frames of a stream that comes in pieces.
fn frames(pieces: &[&[u8]]) -> Result<Vec<Frame>, FrameErrorKind> {
    let mut framer = Framer::new();
    let mut out = Vec::new();
    for piece in pieces {
        framer.push(piece);
        while let Some(frame) = framer.next().map_err(|e| e.kind)? {
            out.push(frame);
        }
    }
    Ok(out)
}

#[test]
fn a_stream_is_cut_the_same_however_it_comes() {
    let message = Frame::Message(INVITE.as_bytes().to_vec());
    let stream = format!("\r\n\r\n{INVITE}{INVITE}\r\n\r\n{INVITE}\r\n\r\n");
    let expected = [
        &Frame::Ping,
        &message,
        &message,
        &Frame::Ping,
        &message,
        &Frame::Ping,
    ];
    for size in [1, 2, 3, 5, 7, 64, 1_000, 10_000] {
        let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
        let frames = frames(&pieces).unwrap();
        // A ping cut in two is first taken for a pong.
        let got: Vec<&Frame> = frames.iter().filter(|frame| **frame != Frame::Pong).collect();
        assert_eq!(got, expected, "pieces of {size}");
    }
    assert_eq!(frames(&[b"\r\n"]), Ok(vec![Frame::Pong]));
    let pong = format!("\r\n{INVITE}");
    assert_eq!(frames(&[pong.as_bytes()]), Ok(vec![Frame::Pong, message]));
}

#[test]
fn a_stream_that_cannot_be_cut_is_given_up_with_an_answer() {
    for (stream, kind, status) in [
        (
            INVITE.replace("l: 4\r\n", ""),
            FrameErrorKind::NoContentLength,
            Some(400),
        ),
        (
            INVITE.replace("l: 4", "l: -999"),
            FrameErrorKind::BadContentLength,
            Some(400),
        ),
        (
            INVITE.replace("l: 4", "l: 4\r\nl: 5"),
            FrameErrorKind::BadContentLength,
            Some(400),
        ),
        (
            INVITE.replace("l: 4", "l: 99999"),
            FrameErrorKind::TooLarge,
            Some(513),
        ),
        (
            INVITE.replace("l: 4", "l: 18446744073709551615"),
            FrameErrorKind::TooLarge,
            Some(513),
        ),
        (
            INVITE.replace("kept", &"y".repeat(70_000)),
            FrameErrorKind::TooLarge,
            None,
        ),
        ("\x16\x03\x01".to_owned(), FrameErrorKind::NotSip, None),
        (
            "SIP/2.0 200 OK\r\n\r\n".to_owned(),
            FrameErrorKind::NoContentLength,
            None,
        ),
    ] {
        let mut framer = Framer::new();
        framer.push(stream.as_bytes());
        let error = framer.next().expect_err("an error");
        assert_eq!(error.kind, kind);
        assert_eq!(error.response().map(|r| r.status), status, "{kind:?}");
        framer.push(INVITE.as_bytes());
        assert_eq!(framer.next().map_err(|e| e.kind), Err(kind));
        assert!(!framer.is_partial());
    }
}

#[test]
fn an_endless_head_is_cut_off() {
    let mut framer = Framer::new();
    let piece = [b'x'; 1_000];
    let stopped = (0..1_000).find(|_| {
        framer.push(&piece);
        framer.next().is_err()
    });
    assert!(stopped.is_some_and(|pieces| pieces * 1_000 <= limits::SIP_MESSAGE_BYTES + 1_000));
}

// Generators of values that can be printed.

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,10}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9-]{0,8}\\.example\\.org",
        any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
        any::<std::net::Ipv6Addr>().prop_map(|ip| ip.to_string()),
    ]
}

fn uri_params() -> impl Strategy<Value = Params> {
    // A parameter may stand once (RFC 3261 19.1.1).
    prop::collection::btree_map("[a-z]{1,6}", prop::option::of("\\PC{0,6}"), 0..3)
        .prop_map(|params| params.into_iter().collect())
}

fn params() -> impl Strategy<Value = Params> {
    prop::collection::vec((token(), prop::option::of("\\PC{0,6}")), 0..3)
}

prop_compose! {
    fn uri()(
        scheme in "sips?",
        user in "\\PC{0,8}",
        password in prop::option::of("\\PC{0,4}"),
        host in host(),
        port in any::<Option<u16>>(),
        params in uri_params(),
        query in prop::option::of("[a-z]{1,4}=[a-z]{0,4}(%20)?"),
    ) -> Uri {
        let password = password.filter(|_| !user.is_empty());
        Uri { scheme, user, password, host, port, params, query }
    }
}

prop_compose! {
    fn name_addr()(display in prop::option::of("\\PC{1,12}"), uri in uri(), params in params()) -> NameAddr {
        NameAddr { display, uri, params }
    }
}

prop_compose! {
    fn via()(transport in token(), host in host(), port in any::<Option<u16>>(), params in params()) -> Via {
        Via { params, ..Via::new(transport, host, port) }
    }
}

prop_compose! {
    fn any_request()(
        uri in uri(),
        from in name_addr(),
        to in name_addr(),
        vias in prop::collection::vec(via(), 1..3),
        number in 0u32..1 << 31,
        method in token(),
        extra in "\\PC{0,20}",
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) -> Request {
        let method: Method = method.parse().unwrap();
        let mut request = Request::new(method.clone(), Uri { query: None, ..uri });
        for via in vias {
            request.headers.push("Via", via);
        }
        request.headers.push("From", from);
        request.headers.push("To", to);
        request.headers.push("Call-ID", "1");
        request.headers.push("CSeq", CSeq { number, method });
        request.headers.push("X-Extra", extra);
        request.headers.push("Content-Length", body.len());
        request.body = body;
        request
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn parse_inverts_print_for_uris(uri in uri()) {
        prop_assert_eq!(uri.to_string().parse::<Uri>(), Ok(uri.clone()));
        prop_assert!(uri.matches(&uri));
    }

    #[test]
    fn parse_inverts_print_for_addresses(address in name_addr()) {
        prop_assert_eq!(address.to_string().parse::<NameAddr>(), Ok(address));
    }

    #[test]
    fn parse_inverts_print_for_vias(via in via()) {
        prop_assert_eq!(via.to_string().parse::<Via>(), Ok(via));
    }

    #[test]
    fn parse_inverts_print_for_messages(request in any_request()) {
        let bytes = request.to_bytes();
        prop_assert_eq!(Message::parse(&bytes), Ok(Message::Request(request.clone())));
        prop_assert_eq!(frames(&[&bytes]), Ok(vec![Frame::Message(bytes.clone())]));
    }

    #[test]
    fn a_body_of_any_octets_survives(body in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let mut request = request(INVITE);
        request.body = body;
        match Message::parse(&request.to_bytes()) {
            Ok(Message::Request(read)) => prop_assert_eq!(read.body, request.body),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn any_octets_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
        let _ = Message::parse(&bytes);
        let _ = frames(&[&bytes[..cut.min(bytes.len())], &bytes[cut.min(bytes.len())..]]);
        let text = octets::decode(&bytes);
        let mut back = Vec::new();
        octets::encode(&text, &mut back);
        prop_assert_eq!(&back, &bytes);
        let _ = (text.parse::<Uri>(), text.parse::<NameAddr>(), text.parse::<Via>(), text.parse::<CSeq>());
    }

    #[test]
    fn an_invite_with_octets_changed_is_read_without_a_panic_and_printed_so_that_it_reads_back(
        changes in prop::collection::vec((0usize..INVITE.len(), any::<u8>()), 1..8)
    ) {
        let mut bytes = INVITE.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let _ = frames(&[&bytes]);
        match Message::parse(&bytes) {
            Ok(message) => {
                let printed = message.to_bytes();
                let again = Message::parse(&printed);
                prop_assert_eq!(again.map(|m| m.to_bytes()), Ok(printed));
            }
            Err(fault) => {
                if let Some(response) = fault.response() {
                    prop_assert!(Message::parse(&response.to_bytes()).is_ok() || response.headers.from().is_err()
                        || response.headers.to().is_err() || response.headers.call_id().is_err()
                        || response.headers.cseq().is_err() || response.headers.vias().is_err());
                }
            }
        }
    }
}
