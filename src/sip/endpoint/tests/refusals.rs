//! What is refused, with which status, and that a refusal leaves nothing behind.

use super::*;

/// Sends one request to a fresh endpoint and says the status that comes back and one header of it.
fn refused(bytes: &[u8], header: &str) -> (String, String) {
    let mut bench = Bench::new();
    bench.receive(bytes);
    let lines = std::mem::take(&mut bench.lines);
    bench.expect_empty();
    let header = if lines.is_empty() {
        String::new()
    } else {
        bench.header(header)
    };
    (lines.join(", "), header)
}

#[test]
fn each_fault_has_its_status() {
    let invite = |extra: &str, body: &str| request("INVITE", "1", "x", "", extra, body);
    let edit = |from: &str, to: &str| {
        let text = String::from_utf8(invite("", "offer")).unwrap();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    };
    let method = |name: &str| request(name, "1", "x", "", "", "");
    let sdp = "application/sdp";
    let cases: Vec<(Vec<u8>, &str, &str, &str)> = vec![
        (
            method("SHOUT"),
            "501",
            "Allow",
            "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE",
        ),
        (
            method("REGISTER"),
            "405",
            "Allow",
            "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE",
        ),
        // A text outside a call is nobody's.
        (
            method("MESSAGE"),
            "405",
            "Allow",
            "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE",
        ),
        (method("BYE"), "481", "Allow", ""),
        (method("CANCEL"), "481", "Allow", ""),
        (
            edit("INVITE sip:5550100@", "INVITE sips:5550100@"),
            "416",
            "Unsupported",
            "",
        ),
        (
            edit("INVITE sip:5550100@", "INVITE soap.beep:5550100@"),
            "416",
            "Unsupported",
            "",
        ),
        (
            invite("Require: 100rel, timer", "offer"),
            "420",
            "Unsupported",
            "100rel, timer",
        ),
        (
            invite("Content-Encoding: gzip", "offer"),
            "415",
            "Accept-Encoding",
            "identity",
        ),
        (
            edit("Content-Type: application/sdp", "Content-Type: text/plain"),
            "415",
            "Accept",
            sdp,
        ),
        (
            edit("Contact: <sip:caller@198.51.100.7:5062>", "Contact: *"),
            "400",
            "Unsupported",
            "",
        ),
        (
            edit("Contact: <sip:", "Contact: <mailto:"),
            "400",
            "Unsupported",
            "",
        ),
        (edit("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), "505", "Unsupported", ""),
        (edit("CSeq: 1 INVITE", "CSeq: 1 BYE"), "400", "Unsupported", ""),
        (
            edit("Content-Length: 5", "Content-Length: 50"),
            "400",
            "Unsupported",
            "",
        ),
    ];
    for (bytes, status, header, value) in cases {
        let (line, found) = refused(&bytes, header);
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            line.starts_with(&format!("0 -> {status} 1 ")),
            "{line} instead of {status} for {text}"
        );
        assert_eq!(found, value, "{header} of {text}");
    }
}

#[test]
fn what_is_forgiven() {
    let invite = |extra: &str| request("INVITE", "1", "x", "", extra, "offer");
    let edit = |from: &str, to: &str| {
        let text = String::from_utf8(invite("")).unwrap();
        assert!(text.contains(from));
        text.replace(from, to).into_bytes()
    };
    let cases = [
        edit("Max-Forwards: 70", "Max-Forwards: 0"),
        edit("Contact: <sip:caller@198.51.100.7:5062>\r\n", ""),
        edit("INVITE sip:5550100@192.0.2.1", "INVITE tel:+15550100"),
        edit("application/sdp", "Application/SDP ; charset=utf-8"),
        edit(
            "application/sdp",
            "image/png\r\nContent-Disposition: icon; handling=optional",
        ),
        invite("Proxy-Require: telepathy"),
        invite("Require:"),
        invite("Content-Encoding: identity"),
    ];
    for bytes in cases {
        let mut bench = Bench::new();
        bench.receive(&bytes);
        bench.expect(&["0 -> 100 1 INVITE", "0 incoming"]);
    }
}

#[test]
fn a_refusal_has_a_tag_and_is_the_same_each_time() {
    let mut bench = Bench::new();
    bench.request("SHOUT", "1", "x", "", "");
    let (first, tag) = (bench.sent.clone(), bench.tag.clone());
    bench.request("SHOUT", "1", "x", "", "");
    assert_eq!(bench.sent, first);
    assert_eq!(tag.len(), 16);
    bench.request("SHOUT", "2", "y", "", "");
    assert_ne!(bench.tag, tag);
    bench.expect_empty();
}

#[test]
fn options_tells_what_we_can_do() {
    let (line, allow) = refused(&request("OPTIONS", "5", "x", "", "", ""), "Allow");
    assert_eq!(line, "0 -> 200 5 OPTIONS");
    assert_eq!(allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, MESSAGE");
    let (_, accept) = refused(&request("OPTIONS", "5", "x", "", "", ""), "Accept");
    assert_eq!(accept, "application/sdp");
    let mut bench = Bench::new();
    bench.request("OPTIONS", "5", "x", "", "");
    assert!(bench.sent.contains("\r\nSupported: \r\n"));
}

#[test]
fn an_invite_that_came_by_two_ways_is_one_call() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "one", "", "offer");
    bench.request("INVITE", "1", "two", "", "offer");
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming", "0 -> 482 1 INVITE"]);
}

#[test]
fn silence_answers_acks_keep_alives_responses_and_noise() {
    let mut bench = Bench::new();
    let stray = wire(
        "SIP/2.0 200 OK
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnever
        From: <sip:a@example.org>;tag=a
        To: <sip:b@example.org>;tag=b
        Call-ID: none
        CSeq: 1 INVITE",
        "",
    );
    let ack = request("ACK", "1", "x", "", "", "");
    let noise: [&[u8]; 7] = [
        b"",
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfe",
        &stray,
        &ack,
    ];
    for bytes in noise {
        bench.receive(bytes);
    }
    bench.expect(&[]);
    bench.expect_empty();
}

#[test]
fn beyond_the_bounds_the_answer_is_503_and_calls_go_on() {
    let config = EndpointConfig {
        max_transactions: 4,
        ..EndpointConfig::default()
    };
    let mut bench = Bench::with(flow(), config);
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    let tag = bench.tag.clone();
    bench.request("ACK", "1", "ack", &tag, "");
    for cseq in ["2", "3", "4", "5"] {
        bench.request("INFO", cseq, cseq, &tag, "");
    }
    bench.lines.clear();
    let other = String::from_utf8(request("INVITE", "1", "other", "", "", "offer")).unwrap();
    bench.receive(other.replace("call1@", "call2@").as_bytes());
    bench.expect(&["0 -> 503 1 INVITE"]);
    let wait: u64 = bench.header("Retry-After").parse().unwrap();
    assert!((5..=15).contains(&wait));
    bench.until(40_000);
    bench.receive(other.replace("call1@", "call3@").as_bytes());
    bench.expect(&["40000 -> 100 1 INVITE", "40000 incoming"]);
}

#[test]
fn beyond_the_bound_of_calls_the_answer_is_503() {
    let config = EndpointConfig {
        max_calls: 1,
        ..EndpointConfig::default()
    };
    let mut bench = Bench::with(flow(), config);
    bench.request("INVITE", "1", "inv", "", "offer");
    let other = String::from_utf8(request("INVITE", "1", "other", "", "", "offer")).unwrap();
    bench.receive(other.replace("call1@", "call2@").as_bytes());
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming", "0 -> 503 1 INVITE"]);
}

#[test]
fn a_method_of_the_applications_is_handed_over_and_answered() {
    let config = EndpointConfig {
        methods: vec![Method::Register],
        ..EndpointConfig::default()
    };
    let mut bench = Bench::with(flow(), config);
    let register = request("REGISTER", "1", "x", "", "", "");
    bench.endpoint.receive(Instant::ZERO, flow(), &register);
    let Some(Output::Event(Event::Request { tx, request, .. })) = bench.endpoint.poll_output() else {
        panic!("no request came");
    };
    bench.receive(&register);
    bench.expect(&[]);
    bench.act(|e, now, _| e.respond(now, tx, request.response(200)));
    bench.act(|e, now, _| e.respond(now, tx, request.response(500)));
    bench.receive(&register);
    bench.expect(&["0 -> 200 1 REGISTER", "0 -> 200 1 REGISTER"]);
    assert_eq!(bench.tag.len(), 16);
    bench.expect_idle();
}

#[test]
fn a_request_that_the_application_never_answers_is_forgotten() {
    let config = EndpointConfig {
        methods: vec![Method::Message],
        ..EndpointConfig::default()
    };
    let mut bench = Bench::with(flow(), config);
    bench.request("MESSAGE", "1", "x", "", "");
    bench.expect(&["0 request MESSAGE"]);
    bench.expect_idle();
}

#[test]
fn a_response_goes_where_via_says_when_that_is_true_and_back_when_not() {
    let to = |via: &str| {
        let text = String::from_utf8(request("OPTIONS", "1", "x", "", "", "")).unwrap();
        let bytes = text.replace("198.51.100.7:5062;rport", via).into_bytes();
        let mut endpoint = Endpoint::new(EndpointConfig::default(), Rng::from_seed(1));
        endpoint.receive(Instant::ZERO, flow(), &bytes);
        match endpoint.poll_output() {
            Some(Output::Transmit { flow, .. }) => flow.remote.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(to("198.51.100.7:5070"), "198.51.100.7:5070");
    assert_eq!(to("198.51.100.7"), "198.51.100.7:5060");
    assert_eq!(to("198.51.100.7:5070;rport"), "198.51.100.7:5062");
    assert_eq!(to("10.0.0.7:5070"), "198.51.100.7:5062", "behind a NAT");
    assert_eq!(to("phone.example.org"), "198.51.100.7:5062");
}
