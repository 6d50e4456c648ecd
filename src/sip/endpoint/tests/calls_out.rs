//! Calls of ours.

use super::calls_in::{answer, answer_with};
use super::*;

const CONTACT: &str = "Contact: <sip:callee@198.51.100.7:5062>";

fn invite() -> Request {
    let mut request = Request::new(Method::Invite, "sip:5550199@198.51.100.7".parse().unwrap());
    request.headers.push("From", "<sip:me@192.0.2.1>");
    request.headers.push("To", "<sip:5550199@198.51.100.7>");
    request.headers.push("Contact", "<sip:me@192.0.2.1:5060>");
    request.headers.push("Content-Type", "application/sdp");
    request.body = b"offer".to_vec();
    request
}

/// A call begun at 0; `sent` is its INVITE.
fn calling(flow: Flow) -> Bench {
    let mut bench = Bench::on(flow);
    bench.act(|e, now, _| {
        let call = e.invite(now, flow, invite());
        assert_eq!(call, CallHandle(1));
    });
    bench.call = CallHandle(1);
    bench.expect(&["0 -> 1 INVITE"]);
    bench
}

#[test]
fn a_call_rings_is_answered_and_ended() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    for name in [
        "Max-Forwards: 70",
        "Allow: INVITE",
        "User-Agent: Obelus",
        "CSeq: 1 INVITE",
        ";tag=",
    ] {
        assert!(ours.contains(name), "{name} in {ours}");
    }
    bench.receive(&answer(&ours, 100, ""));
    bench.receive(&answer(&ours, 180, "b"));
    bench.until(5_000);
    bench.expect(&["0 progress 180"]);
    let ok = answer_with(&ours, 200, "b", CONTACT, "answer");
    bench.receive(&ok);
    bench.expect(&["5000 -> 1 ACK", "5000 answered 200"]);
    assert!(bench
        .sent
        .starts_with("ACK sip:callee@198.51.100.7:5062 SIP/2.0\r\n"));
    let ack = bench.sent.clone();
    bench.until(5_500);
    bench.receive(&ok);
    bench.expect(&["5500 -> 1 ACK"]);
    assert_eq!(bench.sent, ack, "the same ACK for the same 200");
    bench.act(|e, now, call| e.bye(now, call, None));
    let bye = bench.sent.clone();
    bench.receive(&answer(&bye, 200, ""));
    bench.expect(&["5500 -> 2 BYE"]);
    bench.expect_idle();
}

#[test]
fn an_invite_is_repeated_with_doubling_intervals_and_given_up() {
    let mut bench = calling(flow());
    bench.until(32_000);
    bench.expect(&[
        "500 -> 1 INVITE",
        "1500 -> 1 INVITE",
        "3500 -> 1 INVITE",
        "7500 -> 1 INVITE",
        "15500 -> 1 INVITE",
        "31500 -> 1 INVITE",
        "32000 failed None",
    ]);
    bench.expect_empty();
}

#[test]
fn over_a_stream_nothing_is_repeated() {
    let mut bench = calling(stream());
    assert!(bench.sent.contains("Via: SIP/2.0/TCP 192.0.2.1:5060;"));
    bench.until(32_000);
    bench.expect(&["32000 failed None"]);
    bench.expect_empty();
}

#[test]
fn a_refusal_is_acknowledged_each_time_it_comes() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 486, "b"));
    bench.expect(&["0 -> 1 ACK", "0 failed Some(486)"]);
    assert_eq!(bench.header("To"), "<sip:5550199@198.51.100.7>;tag=b");
    let branch = |text: &str| {
        text.split("branch=")
            .nth(1)
            .unwrap()
            .split([';', '\r'])
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(branch(&bench.sent), branch(&ours));
    bench.receive(&answer(&ours, 486, "b"));
    bench.expect(&["0 -> 1 ACK"]);
    bench.until(32_000);
    bench.expect_empty();
}

#[test]
fn a_redirection_is_reported() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.receive(&answer_with(
        &ours,
        302,
        "b",
        "Contact: <sip:there@example.org>",
        "",
    ));
    bench.expect(&["0 -> 1 ACK", "0 failed Some(302)"]);
    bench.expect_idle();
}

#[test]
fn a_challenge_is_answered_with_credentials_under_the_next_number() {
    let mut bench = calling(flow());
    let first = bench.sent.clone();
    bench.receive(&answer(&first, 407, "b"));
    bench.expect(&["0 -> 1 ACK", "0 challenged 407"]);
    let credentials = || AuthHeader {
        name: "Proxy-Authorization",
        value: "Digest response=\"0\"".into(),
    };
    bench.act(|e, now, call| e.authenticate(now, call, credentials()));
    bench.expect(&["0 -> 2 INVITE"]);
    let second = bench.sent.clone();
    assert!(second.contains("Proxy-Authorization: Digest response=\"0\"\r\n"));
    assert_eq!(second.matches("Via: ").count(), 1);
    let id = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("Call-ID"))
            .unwrap()
            .to_owned()
    };
    assert_eq!(id(&first), id(&second));
    bench.receive(&answer_with(&second, 200, "b", CONTACT, "answer"));
    bench.expect(&["0 -> 2 ACK", "0 answered 200"]);
    assert!(bench
        .sent
        .contains("Proxy-Authorization: Digest response=\"0\"\r\n"));
    bench.act(|e, now, call| e.bye(now, call, None));
    bench.expect(&["0 -> 3 BYE"]);
}

#[test]
fn a_challenge_that_nobody_answers_is_a_failure_in_the_end() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 401, "b"));
    bench.until(32_000);
    bench.expect(&["0 -> 1 ACK", "0 challenged 401", "32000 failed None"]);
    bench.expect_idle();
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.act(|e, now, call| e.cancel(now, call));
    bench.until(500);
    bench.expect(&["500 -> 1 INVITE"]);
    bench.receive(&answer(&ours, 180, "b"));
    bench.expect(&["500 -> 1 CANCEL"]);
    assert_eq!(bench.header("To"), "<sip:5550199@198.51.100.7>");
    let cancel = bench.sent.clone();
    bench.receive(&answer(&cancel, 200, "b"));
    bench.receive(&answer(&ours, 487, "b"));
    bench.expect(&["500 -> 1 ACK", "500 failed Some(487)"]);
    bench.expect_idle();
}

#[test]
fn a_cancelled_invite_that_is_never_answered_ends_by_itself() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 180, "b"));
    bench.until(60_000);
    bench.act(|e, now, call| e.cancel(now, call));
    bench.expect(&["0 progress 180", "60000 -> 1 CANCEL"]);
    let cancel = bench.sent.clone();
    bench.receive(&answer(&cancel, 200, "b"));
    bench.until(92_000);
    bench.expect(&["92000 failed None"]);
    bench.expect_empty();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 180, "b"));
    bench.act(|e, now, call| e.cancel(now, call));
    bench.receive(&answer_with(&ours, 200, "b", CONTACT, "answer"));
    bench.expect(&[
        "0 progress 180",
        "0 -> 1 CANCEL",
        "0 -> 1 ACK",
        "0 -> 2 BYE",
        "0 failed None",
    ]);
    bench.until(32_000);
    bench.lines.clear();
    bench.expect_idle();
}

#[test]
fn a_second_phone_that_answers_is_acknowledged_and_ended() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.receive(&answer_with(&ours, 200, "b", CONTACT, "answer"));
    let other = answer_with(&ours, 200, "c", "Contact: <sip:other@203.0.113.5>", "answer");
    bench.receive(&other);
    bench.expect(&["0 -> 1 ACK", "0 answered 200", "0 -> 1 ACK", "0 -> 2 BYE"]);
    assert!(bench.sent.starts_with("BYE sip:other@203.0.113.5 SIP/2.0"));
    let bye = bench.sent.clone();
    bench.receive(&answer(&bye, 200, ""));
    bench.receive(&other);
    bench.expect(&["0 -> 1 ACK"]);
    bench.until(40_000);
    assert_eq!(
        bench.endpoint.counts(),
        Counts {
            transactions: 0,
            dialogs: 1,
            calls: 1
        }
    );
}

#[test]
fn the_callee_hangs_up() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    bench.receive(&answer_with(&ours, 200, "b", CONTACT, "answer"));
    let from = ours.split("tag=").nth(1).unwrap().split("\r\n").next().unwrap();
    let id = ours
        .split("Call-ID: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap();
    let bye = wire(
        &format!(
            "BYE sip:me@192.0.2.1:5060 SIP/2.0
            Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKbye
            From: <sip:5550199@198.51.100.7>;tag=b
            To: <sip:me@192.0.2.1>;tag={from}
            Call-ID: {id}
            CSeq: 17 BYE"
        ),
        "",
    );
    bench.receive(&bye);
    bench.expect(&[
        "0 -> 1 ACK",
        "0 answered 200",
        "0 -> 200 17 BYE",
        "0 ended Bye { reason: None }",
    ]);
    bench.expect_idle();
}

#[test]
fn routes_of_the_answer_are_taken_in_reverse() {
    let mut bench = calling(flow());
    let ours = bench.sent.clone();
    let routes = format!("{CONTACT}\nRecord-Route: <sip:b.example.org;lr>, <sip:a.example.org;lr>");
    bench.receive(&answer_with(&ours, 200, "b", &routes, "answer"));
    assert_eq!(
        bench.header("Route"),
        "<sip:a.example.org;lr>, <sip:b.example.org;lr>"
    );
}

#[test]
fn a_lost_connection_fails_a_call_and_a_request_at_once() {
    let mut bench = calling(stream());
    let mut options = Request::new(Method::Options, "sip:198.51.100.7".parse().unwrap());
    options.headers.push("From", "<sip:me@192.0.2.1>");
    options.headers.push("To", "<sip:198.51.100.7>");
    bench.act(|e, now, _| {
        e.request(now, stream(), options);
    });
    bench.act(|e, now, _| e.flow_failed(now, 7));
    bench.expect(&["0 -> 1 OPTIONS", "0 failed None", "0 request timeout"]);
    bench.expect_empty();
}

#[test]
fn a_request_is_repeated_until_it_is_answered() {
    let mut bench = Bench::new();
    let mut options = Request::new(Method::Options, "sip:198.51.100.7".parse().unwrap());
    options.headers.push("From", "<sip:me@192.0.2.1>");
    options.headers.push("To", "<sip:198.51.100.7>");
    bench.act(|e, now, _| {
        e.request(now, flow(), options.clone());
    });
    let ours = bench.sent.clone();
    bench.until(1_600);
    bench.receive(&answer(&ours, 100, ""));
    bench.until(6_000);
    bench.receive(&answer(&ours, 200, "b"));
    bench.receive(&answer(&ours, 200, "b"));
    bench.expect(&[
        "0 -> 1 OPTIONS",
        "500 -> 1 OPTIONS",
        "1500 -> 1 OPTIONS",
        "1600 response 100",
        "3500 -> 1 OPTIONS",
        "6000 response 200",
    ]);
    bench.until(11_000);
    bench.expect_empty();
    bench.act(|e, now, _| {
        e.request(now, flow(), options);
    });
    bench.until(43_000);
    assert_eq!(bench.lines.last().unwrap(), "43000 request timeout");
    bench.expect_empty();
}

#[test]
fn a_response_with_another_via_below_is_not_ours() {
    let mut bench = calling(flow());
    let text = String::from_utf8(answer(&bench.sent.clone(), 200, "b")).unwrap();
    let text = text.replace("\r\nFrom", "\r\nVia: SIP/2.0/UDP 10.0.0.1\r\nFrom");
    bench.receive(text.as_bytes());
    bench.expect(&[]);
}
