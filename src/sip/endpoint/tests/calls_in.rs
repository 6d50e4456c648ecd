//! Calls that come in, up to the ACK.

use super::*;

#[test]
fn a_call_rings_is_answered_and_ends() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming"]);
    assert_eq!(bench.header("To"), "<sip:5550100@192.0.2.1>", "100 has no tag");
    bench.until(1_000);
    bench.act(|e, now, call| e.ring(now, call, 180, None));
    bench.expect(&["1000 -> 180 1 INVITE"]);
    assert_eq!(bench.header("Contact"), "<sip:192.0.2.1:5060>");
    let tag = bench.tag.clone();
    bench.until(3_000);
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    bench.expect(&["3000 -> 200 1 INVITE"]);
    assert_eq!(bench.tag, tag, "one tag for the dialog");
    assert_eq!(bench.header("Contact"), "<sip:line@192.0.2.1:5060>");
    assert_eq!(bench.header("Content-Type"), "application/sdp");
    assert!(bench.header("Allow").contains("UPDATE"));
    assert!(bench.sent.ends_with("\r\n\r\nanswer"));
    bench.until(3_100);
    bench.request("ACK", "1", "ack", &tag, "");
    bench.expect(&["3100 acked 0"]);
    bench.until(60_000);
    bench.expect(&[]);
    bench.receive(&request("BYE", "2", "bye", &tag, "Reason: Q.850;cause=16", ""));
    bench.expect(&[
        "60000 -> 200 2 BYE",
        "60000 ended Bye { reason: Some(\"Q.850;cause=16\") }",
    ]);
    bench.expect_idle();
}

#[test]
fn the_via_of_a_response_says_where_the_request_came_from() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "");
    assert_eq!(
        bench.header("Via"),
        "SIP/2.0/UDP 198.51.100.7:5062;rport=5062;branch=z9hG4bKinv;received=198.51.100.7"
    );
}

#[test]
fn repeated_invites_get_the_last_response_and_do_not_ring_again() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming", "0 -> 100 1 INVITE"]);
    bench.act(|e, now, call| e.ring(now, call, 183, Some(b"early".to_vec())));
    bench.until(500);
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.expect(&["0 -> 183 1 INVITE", "500 -> 183 1 INVITE"]);
    assert!(bench.sent.ends_with("early"));
}

#[test]
fn a_200_is_repeated_until_the_ack_then_no_more() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"offer".to_vec()));
    bench.until(3_600);
    // A late copy of the INVITE is absorbed: the 200 is on its way anyway.
    bench.request("INVITE", "1", "inv", "", "");
    bench.expect(&[
        "0 -> 100 1 INVITE",
        "0 incoming",
        "0 -> 200 1 INVITE",
        "500 -> 200 1 INVITE",
        "1500 -> 200 1 INVITE",
        "3500 -> 200 1 INVITE",
    ]);
    let tag = bench.tag.clone();
    bench.request("ACK", "1", "ack", &tag, "the answer");
    bench.request("ACK", "1", "ack", &tag, "the answer");
    bench.expect(&["3600 acked 10"]);
    bench.until(40_000);
    bench.expect(&[]);
    assert_eq!(
        bench.endpoint.counts(),
        Counts {
            transactions: 0,
            dialogs: 1,
            calls: 1
        }
    );
    assert_eq!(bench.endpoint.poll_timeout(), None);
}

#[test]
fn a_200_is_repeated_over_a_stream_too() {
    let mut bench = Bench::on(stream());
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    bench.until(600);
    bench.expect(&[
        "0 -> 100 1 INVITE",
        "0 incoming",
        "0 -> 200 1 INVITE",
        "500 -> 200 1 INVITE",
    ]);
    assert!(bench.sent.contains("Contact: <sip:line@192.0.2.1:5060>"));
}

#[test]
fn without_an_ack_the_call_is_ended_by_bye_after_32_seconds() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    bench.until(31_999);
    bench.lines.clear();
    bench.until(32_000);
    bench.expect(&["32000 ended NoAck", "32000 -> 1 BYE"]);
    let bye = bench.sent.clone();
    bench.receive(&answer(&bye, 200, ""));
    bench.expect_idle();
}

#[test]
fn a_rejection_is_repeated_until_its_ack() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.reject(now, call, 486, &[("Retry-After", "30".into())]));
    assert_eq!(bench.header("Retry-After"), "30");
    let tag = bench.tag.clone();
    bench.until(1_600);
    bench.request("ACK", "1", "inv", &tag, "");
    bench.until(5_000);
    bench.request("ACK", "1", "inv", &tag, "");
    bench.expect(&[
        "0 -> 100 1 INVITE",
        "0 incoming",
        "0 -> 486 1 INVITE",
        "500 -> 486 1 INVITE",
        "1500 -> 486 1 INVITE",
    ]);
    bench.until(6_599);
    assert_eq!(bench.endpoint.counts().transactions, 1, "timer I");
    bench.until(6_600);
    bench.expect_empty();
}

#[test]
fn a_rejection_that_nobody_acknowledges_is_given_up() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.reject(now, call, 404, &[]));
    bench.until(31_999);
    assert_eq!(
        bench.lines.len(),
        13,
        "three, and ten repetitions: {:?}",
        bench.lines
    );
    bench.lines.clear();
    bench.until(32_000);
    bench.expect(&[]);
    bench.expect_empty();
}

#[test]
fn cancel_gets_200_and_the_invite_487() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.ring(now, call, 180, None));
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming", "0 -> 180 1 INVITE"]);
    let tag = bench.tag.clone();
    bench.until(2_000);
    bench.request("CANCEL", "1", "inv", "", "");
    bench.expect(&["2000 -> 200 1 CANCEL", "2000 -> 487 1 INVITE", "2000 cancelled"]);
    assert_eq!(bench.tag, tag);
    bench.request("CANCEL", "1", "inv", "", "");
    bench.expect(&["2000 -> 200 1 CANCEL"]);
    bench.request("ACK", "1", "inv", &tag, "");
    bench.act(|e, now, call| e.answer(now, call, &contact(), Vec::new()));
    bench.expect_idle();
}

#[test]
fn a_cancel_that_crosses_our_200_changes_nothing() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    bench.request("CANCEL", "1", "inv", "", "");
    let tag = bench.tag.clone();
    bench.request("ACK", "1", "ack", &tag, "");
    bench.request("BYE", "2", "bye", &tag, "");
    bench.expect(&[
        "0 -> 100 1 INVITE",
        "0 incoming",
        "0 -> 200 1 INVITE",
        "0 -> 200 1 CANCEL",
        "0 acked 0",
        "0 -> 200 2 BYE",
        "0 ended Bye { reason: None }",
    ]);
    bench.expect_idle();
}

#[test]
fn a_bye_before_the_answer_ends_the_call() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.ring(now, call, 180, None));
    bench.lines.clear();
    let tag = bench.tag.clone();
    bench.request("BYE", "2", "bye", &tag, "");
    bench.expect(&[
        "0 -> 200 2 BYE",
        "0 -> 487 1 INVITE",
        "0 ended Bye { reason: None }",
    ]);
    bench.request("ACK", "1", "inv", &tag, "");
    bench.expect_idle();
}

#[test]
fn a_bye_before_the_ack_stops_the_200() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    bench.lines.clear();
    let tag = bench.tag.clone();
    bench.request("BYE", "2", "bye", &tag, "");
    bench.request("ACK", "1", "ack", &tag, "");
    bench.expect(&["0 -> 200 2 BYE", "0 ended Bye { reason: None }"]);
    bench.expect_idle();
}

#[test]
fn our_bye_waits_for_the_ack() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    bench.lines.clear();
    bench.until(100);
    bench.act(|e, now, call| e.bye(now, call, Some("Q.850;cause=16")));
    bench.until(500);
    bench.expect(&["500 -> 200 1 INVITE"]);
    let tag = bench.tag.clone();
    bench.request("ACK", "1", "ack", &tag, "");
    bench.expect(&["500 -> 1 BYE"]);
    assert_eq!(bench.header("Reason"), "Q.850;cause=16");
    let bye = bench.sent.clone();
    bench.receive(&answer(&bye, 200, ""));
    bench.expect_idle();
}

#[test]
fn a_peer_older_than_rfc_3261_can_call() {
    let mut bench = Bench::new();
    let old = |method: &str, to: &str, cseq: &str| {
        wire(
            &format!(
                "{method} sip:5550100@192.0.2.1 SIP/2.0
                Via: SIP/2.0/UDP 198.51.100.7:5062
                From: <sip:caller@example.org>
                To: <sip:5550100@192.0.2.1>{to}
                Call-ID: old@example.org
                CSeq: {cseq} {method}"
            ),
            "",
        )
    };
    bench.receive(&old("INVITE", "", "1"));
    bench.receive(&old("INVITE", "", "1"));
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming", "0 -> 100 1 INVITE"]);
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"offer".to_vec()));
    let tag = format!(";tag={}", bench.tag);
    bench.receive(&old("ACK", &tag, "1"));
    bench.expect(&["0 -> 200 1 INVITE", "0 acked 0"]);
    bench.until(1_000);
    bench.act(|e, now, call| e.bye(now, call, None));
    bench.expect(&["1000 -> 1 BYE"]);
    assert!(bench.sent.starts_with("BYE sip:caller@example.org SIP/2.0"));
    let bye = bench.sent.clone();
    bench.receive(&answer(&bye, 200, ""));
    bench.expect_idle();
}

#[test]
fn an_old_peers_refused_call_finds_its_ack() {
    let mut bench = Bench::new();
    let old = |method: &str, to: &str| {
        wire(
            &format!(
                "{method} sip:5550100@192.0.2.1 SIP/2.0
                Via: SIP/2.0/UDP 198.51.100.7:5062;branch=1
                From: <sip:caller@example.org>;tag=a
                To: <sip:5550100@192.0.2.1>{to}
                Call-ID: old@example.org
                CSeq: 1 {method}"
            ),
            "",
        )
    };
    bench.receive(&old("INVITE", ""));
    bench.receive(&old("CANCEL", ""));
    let tag = format!(";tag={}", bench.tag);
    bench.receive(&old("ACK", &tag));
    bench.expect(&[
        "0 -> 100 1 INVITE",
        "0 incoming",
        "0 -> 200 1 CANCEL",
        "0 -> 487 1 INVITE",
        "0 cancelled",
    ]);
    bench.expect_idle();
}

#[test]
fn a_stranger_with_the_same_branch_does_not_reach_the_call() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.lines.clear();
    bench.flow.remote = "203.0.113.9:5062".parse().unwrap();
    bench.request("CANCEL", "1", "inv", "", "");
    bench.expect(&["0 -> 481 1 CANCEL"]);
    bench.act(|e, now, call| e.ring(now, call, 180, None));
    bench.expect(&["0 -> 180 1 INVITE"]);
}

#[test]
fn a_lost_connection_ends_what_depends_on_it() {
    let mut bench = Bench::on(stream());
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, _| e.flow_failed(now, 8));
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming"]);
    bench.act(|e, now, _| e.flow_failed(now, 7));
    bench.expect(&["0 ended FlowFailed"]);
    bench.expect_empty();
}

/// A response to a request of ours.
pub(super) fn answer(request: &str, status: u16, tag: &str) -> Vec<u8> {
    answer_with(request, status, tag, "", "")
}

/// The same with more headers and a body.
pub(super) fn answer_with(request: &str, status: u16, tag: &str, extra: &str, body: &str) -> Vec<u8> {
    let Ok(Message::Request(request)) = Message::parse(request.as_bytes()) else {
        panic!("not a request: {request}");
    };
    let mut response = request.response(status);
    if !tag.is_empty() {
        reply::tag_to(&mut response, tag);
    }
    for (name, value) in extra.lines().filter_map(|line| line.split_once(": ")) {
        response.headers.push(name.trim(), value.trim());
    }
    reply::attach(&mut response, body.as_bytes().to_vec());
    response.to_bytes()
}
