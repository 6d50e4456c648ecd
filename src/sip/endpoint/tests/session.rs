//! Calls while they last: changes of the session, order, routes, and how they end.

use super::calls_in::answer;
use super::*;

/// A BYE of ours, sent now; gives back its request line and Routes.
fn bye_line(bench: &mut Bench) -> (String, String) {
    bench.act(|e, now, call| e.bye(now, call, None));
    let line = bench.sent.lines().next().unwrap().to_owned();
    (line, bench.header("Route"))
}

#[test]
fn hold_and_resume_are_answered_and_acknowledged() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    for (cseq, at) in [("2", 10_000), ("3", 20_000)] {
        bench.until(at);
        bench.request("INVITE", cseq, &format!("re{cseq}"), &tag, "offer");
        bench.act(|e, now, call| e.answer_reinvite(now, call, b"answer".to_vec()));
        bench.until(at + 500);
        bench.request("ACK", cseq, &format!("ack{cseq}"), &tag, "");
        bench.expect(&[
            &format!("{at} -> 100 {cseq} INVITE"),
            &format!("{at} reinvite INVITE"),
            &format!("{at} -> 200 {cseq} INVITE"),
            &format!("{} -> 200 {cseq} INVITE", at + 500),
            &format!("{} acked 0", at + 500),
        ]);
        assert_eq!(bench.header("Contact"), "<sip:line@192.0.2.1:5060>");
    }
    bench.request("BYE", "4", "bye", &tag, "");
    bench.expect(&["20500 -> 200 4 BYE", "20500 ended Bye { reason: None }"]);
    bench.expect_idle();
}

#[test]
fn an_accepted_reinvite_moves_the_target() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    let moved = |cseq: &str| {
        let text = String::from_utf8(request("INVITE", cseq, cseq, &tag, "", "offer")).unwrap();
        text.replace("<sip:caller@198.51.100.7:5062>", "<sip:moved@203.0.113.5:5080>")
            .into_bytes()
    };
    bench.receive(&moved("2"));
    bench.act(|e, now, call| e.refuse_reinvite(now, call, 488));
    assert_eq!(
        bench.endpoint.call_dialog(bench.call).unwrap().remote_target.user,
        "caller"
    );
    bench.request("ACK", "2", "2", &tag, "");
    bench.flow.remote = "203.0.113.5:5080".parse().unwrap();
    bench.receive(&moved("3"));
    bench.act(|e, now, call| e.answer_reinvite(now, call, b"answer".to_vec()));
    bench.request("ACK", "3", "ack3", &tag, "");
    let dialog = bench.endpoint.call_dialog(bench.call).unwrap();
    assert_eq!(dialog.flow.remote, "203.0.113.5:5080".parse().unwrap());
    let (line, _) = bye_line(&mut bench);
    assert_eq!(line, "BYE sip:moved@203.0.113.5:5080 SIP/2.0");
}

#[test]
fn a_second_reinvite_while_one_is_pending_must_wait() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("INVITE", "2", "re2", &tag, "offer");
    bench.request("INVITE", "3", "re3", &tag, "offer");
    bench.expect(&["0 -> 100 2 INVITE", "0 reinvite INVITE", "0 -> 500 3 INVITE"]);
    assert!(bench.header("Retry-After").parse::<u8>().unwrap() <= 10);
    bench.request("ACK", "3", "re3", &tag, "");
    bench.act(|e, now, call| e.answer_reinvite(now, call, Vec::new()));
    bench.expect(&["0 -> 200 2 INVITE"]);
}

#[test]
fn requests_out_of_order_are_refused() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("INFO", "9", "info9", &tag, "");
    bench.request("INFO", "8", "info8", &tag, "");
    bench.request("INVITE", "9", "re9", &tag, "offer");
    bench.expect(&[
        "0 -> 200 9 INFO",
        "0 info",
        "0 -> 500 8 INFO",
        "0 -> 500 9 INVITE",
    ]);
    // The same answer when the refused one comes again.
    bench.request("INFO", "8", "info8", &tag, "");
    bench.expect(&["0 -> 500 8 INFO"]);
    // A phone that forgets to count up for its BYE is let go all the same.
    bench.request("BYE", "9", "bye", &tag, "");
    bench.expect(&["0 -> 200 9 BYE", "0 ended Bye { reason: None }"]);
}

#[test]
fn both_sides_reinviting_at_once_get_491() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.act(|e, now, call| assert!(e.reinvite(now, call, b"offer".to_vec())));
    let ours = bench.sent.clone();
    bench.act(|e, now, call| assert!(!e.reinvite(now, call, b"offer".to_vec())));
    bench.request("INVITE", "2", "re2", &tag, "offer");
    bench.request("ACK", "2", "re2", &tag, "");
    bench.receive(&answer(&ours, 491, ""));
    bench.expect(&[
        "0 -> 1 INVITE",
        "0 -> 491 2 INVITE",
        "0 -> 1 ACK",
        "0 reinvited 491",
    ]);
    bench.act(|e, now, call| assert!(e.reinvite(now, call, b"offer".to_vec())));
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 200, ""));
    bench.receive(&answer(&ours, 200, ""));
    bench.expect(&["0 -> 2 INVITE", "0 -> 2 ACK", "0 reinvited 200", "0 -> 2 ACK"]);
}

#[test]
fn a_reinvite_of_ours_that_the_peer_does_not_know_ends_the_call() {
    let mut bench = Bench::established();
    bench.act(|e, now, call| assert!(e.reinvite(now, call, b"offer".to_vec())));
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 481, ""));
    bench.expect(&["0 -> 1 INVITE", "0 -> 1 ACK", "0 -> 2 BYE", "0 ended Timeout"]);
    bench.until(32_000);
    bench.lines.clear();
    bench.expect_idle();
}

#[test]
fn a_reinvite_of_ours_that_is_never_answered_ends_the_call() {
    let mut bench = Bench::established();
    bench.act(|e, now, call| assert!(e.reinvite(now, call, b"offer".to_vec())));
    bench.until(32_000);
    assert_eq!(
        bench.lines.split_off(bench.lines.len() - 2),
        ["32000 -> 2 BYE", "32000 ended Timeout"]
    );
    bench.until(64_000);
    bench.lines.clear();
    bench.expect_idle();
}

#[test]
fn update_changes_the_session_without_an_ack() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("UPDATE", "2", "up2", &tag, "offer");
    bench.request("UPDATE", "2", "up2", &tag, "offer");
    bench.request("UPDATE", "3", "up3", &tag, "offer");
    bench.act(|e, now, call| e.answer_reinvite(now, call, b"answer".to_vec()));
    bench.expect(&["0 reinvite UPDATE", "0 -> 500 3 UPDATE", "0 -> 200 2 UPDATE"]);
    assert!(bench.sent.ends_with("answer"));
    bench.request("UPDATE", "4", "up4", &tag, "");
    bench.until(31_999);
    bench.expect(&["0 -> 200 4 UPDATE"]);
}

#[test]
fn an_update_with_an_offer_before_our_answer_must_wait() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.ring(now, call, 180, None));
    let tag = bench.tag.clone();
    bench.lines.clear();
    bench.request("UPDATE", "2", "up2", &tag, "offer");
    bench.request("UPDATE", "3", "up3", &tag, "");
    bench.expect(&["0 -> 500 2 UPDATE", "0 -> 200 3 UPDATE"]);
}

#[test]
fn info_and_options_within_a_call() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("INFO", "2", "info", &tag, "");
    bench.request("OPTIONS", "3", "opt", &tag, "");
    bench.expect(&["0 -> 200 2 INFO", "0 info", "0 -> 200 3 OPTIONS"]);
    assert_eq!(bench.header("Accept"), "application/sdp");
}

#[test]
fn what_is_not_supported_is_refused_within_a_call_too() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("PRACK", "2", "a", &tag, "");
    bench.request("SHOUT", "3", "b", &tag, "");
    bench.receive(&request("INVITE", "4", "c", &tag, "Require: telepathy", "offer"));
    bench.expect(&["0 -> 405 2 PRACK", "0 -> 501 3 SHOUT", "0 -> 420 4 INVITE"]);
    assert_eq!(bench.header("Unsupported"), "telepathy");
}

#[test]
fn requests_of_no_dialog_get_481_and_stray_acks_nothing() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    for method in ["INVITE", "BYE", "INFO", "UPDATE", "OPTIONS"] {
        bench.request(method, "2", method, "other", "");
    }
    let stranger = String::from_utf8(request("BYE", "3", "x", &tag, "", "")).unwrap();
    bench.receive(stranger.replace("tag=from1", "tag=from2").as_bytes());
    bench.request("ACK", "1", "y", "other", "");
    bench.expect(&[
        "0 -> 481 2 INVITE",
        "0 -> 481 2 BYE",
        "0 -> 481 2 INFO",
        "0 -> 481 2 UPDATE",
        "0 -> 481 2 OPTIONS",
        "0 -> 481 3 BYE",
    ]);
}

#[test]
fn the_offer_in_our_200_is_answered_in_the_ack() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("INVITE", "2", "re2", &tag, "");
    bench.act(|e, now, call| e.answer_reinvite(now, call, b"offer".to_vec()));
    // Until the answer has come, no other offer can be made.
    bench.request("INVITE", "3", "re3", &tag, "offer");
    bench.request("ACK", "3", "re3", &tag, "");
    bench.request("ACK", "2", "ack2", &tag, "the answer");
    bench.expect(&[
        "0 -> 100 2 INVITE",
        "0 reinvite INVITE",
        "0 -> 200 2 INVITE",
        "0 -> 491 3 INVITE",
        "0 acked 10",
    ]);
}

#[test]
fn a_reinvite_that_overtakes_the_ack_stands_for_it() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    bench.lines.clear();
    let tag = bench.tag.clone();
    bench.request("INVITE", "2", "re2", &tag, "offer");
    bench.request("ACK", "1", "ack", &tag, "");
    bench.expect(&["0 acked 0", "0 -> 100 2 INVITE", "0 reinvite INVITE"]);
}

#[test]
fn a_reinvite_whose_200_is_not_acknowledged_ends_the_call() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("INVITE", "2", "re2", &tag, "offer");
    bench.act(|e, now, call| e.answer_reinvite(now, call, b"answer".to_vec()));
    bench.until(31_999);
    bench.lines.clear();
    bench.until(32_000);
    bench.expect(&["32000 ended NoAck", "32000 -> 1 BYE"]);
    bench.until(64_000);
    bench.lines.clear();
    bench.expect_idle();
}

#[test]
fn a_cancelled_reinvite_leaves_the_call_as_it_was() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("INVITE", "2", "re2", &tag, "offer");
    bench.request("CANCEL", "2", "re2", &tag, "");
    bench.request("ACK", "2", "re2", &tag, "");
    bench.act(|e, now, call| e.answer_reinvite(now, call, b"answer".to_vec()));
    bench.expect(&[
        "0 -> 100 2 INVITE",
        "0 reinvite INVITE",
        "0 -> 200 2 CANCEL",
        "0 -> 487 2 INVITE",
    ]);
    bench.request("BYE", "3", "bye", &tag, "");
    bench.expect(&["0 -> 200 3 BYE", "0 ended Bye { reason: None }"]);
    bench.expect_idle();
}

#[test]
fn a_bye_during_a_reinvite_ends_both() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.request("INVITE", "2", "re2", &tag, "offer");
    bench.request("BYE", "3", "bye", &tag, "");
    bench.request("ACK", "2", "re2", &tag, "");
    bench.expect(&[
        "0 -> 100 2 INVITE",
        "0 reinvite INVITE",
        "0 -> 200 3 BYE",
        "0 -> 487 2 INVITE",
        "0 ended Bye { reason: None }",
    ]);
    bench.expect_idle();
}

#[test]
fn our_bye_is_repeated_and_then_given_up() {
    let mut bench = Bench::established();
    bench.act(|e, now, call| e.bye(now, call, None));
    bench.act(|e, now, call| e.bye(now, call, None));
    bench.until(8_000);
    bench.expect(&[
        "0 -> 1 BYE",
        "500 -> 1 BYE",
        "1500 -> 1 BYE",
        "3500 -> 1 BYE",
        "7500 -> 1 BYE",
    ]);
    bench.until(32_000);
    bench.lines.clear();
    bench.expect_empty();
}

#[test]
fn two_byes_that_cross_are_both_answered() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.act(|e, now, call| e.bye(now, call, None));
    let ours = bench.sent.clone();
    bench.request("BYE", "2", "bye", &tag, "");
    bench.receive(&answer(&ours, 200, ""));
    bench.expect(&["0 -> 1 BYE", "0 -> 200 2 BYE"]);
    bench.expect_idle();
}

/// A call that came through proxies, answered.
fn routed(record_routes: &str) -> Bench {
    let mut bench = Bench::new();
    let text = String::from_utf8(request("INVITE", "1", "inv", "", record_routes, "offer")).unwrap();
    let text = text.replace(
        "<sip:caller@198.51.100.7:5062>",
        "<sip:caller@203.0.113.5:5080?Subject=x>",
    );
    bench.receive(text.as_bytes());
    bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
    assert_eq!(
        bench.header("Record-Route"),
        record_routes.trim_start_matches("Record-Route: ")
    );
    let tag = bench.tag.clone();
    bench.request("ACK", "1", "ack", &tag, "");
    bench
}

#[test]
fn our_requests_pass_through_the_loose_routers_of_the_dialog() {
    let mut bench = routed("Record-Route: <sip:a.example.org;lr>, <sip:b.example.org;lr>");
    let (line, routes) = bye_line(&mut bench);
    assert_eq!(line, "BYE sip:caller@203.0.113.5:5080 SIP/2.0");
    assert_eq!(routes, "<sip:a.example.org;lr>, <sip:b.example.org;lr>");
    assert_eq!(bench.header("To"), "<sip:caller@example.org>;tag=from1");
    assert_eq!(bench.header("Max-Forwards"), "70");
    let via = bench.header("Via");
    assert!(
        via.starts_with("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"),
        "{via}"
    );
    assert!(via.ends_with(";rport"), "{via}");
}

#[test]
fn a_strict_router_finds_itself_in_the_request_uri() {
    let mut bench = routed("Record-Route: <sip:strict.example.org>, <sip:b.example.org;lr>");
    let (line, routes) = bye_line(&mut bench);
    assert_eq!(line, "BYE sip:strict.example.org SIP/2.0");
    assert_eq!(routes, "<sip:b.example.org;lr>, <sip:caller@203.0.113.5:5080>");
}

#[test]
fn a_reinvite_of_ours_that_only_rings_does_not_outlive_its_call() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    bench.act(|e, now, call| assert!(e.reinvite(now, call, b"offer".to_vec())));
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 100, ""));
    bench.request("BYE", "2", "bye", &tag, "");
    bench.expect(&["0 -> 1 INVITE", "0 -> 200 2 BYE", "0 ended Bye { reason: None }"]);
    bench.until(20_000);
    bench.receive(&answer(&ours, 180, ""));
    bench.until(32_000);
    bench.expect_empty();
}

#[test]
fn a_call_whose_invite_came_by_another_connection_ends_whole() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| e.ring(now, call, 180, None));
    let tag = bench.tag.clone();
    bench.flow = stream();
    bench.request("UPDATE", "2", "up", &tag, "");
    bench.act(|e, now, _| e.flow_failed(now, 7));
    assert_eq!(bench.lines.last().unwrap(), "0 ended FlowFailed");
    bench.expect_empty();
}
