//! Our requests within a call: texts, and another try where one is challenged.

use super::calls_in::{answer, answer_with};
use super::*;
use crate::sip::digest::Authenticator;

const TEXT: &str = "text/plain;charset=UTF-8";
const CHALLENGE: &str = r#"Digest realm="example.org", nonce="n1", qop="auth""#;

/// An established call that has its trunk's credentials.
fn with_credentials() -> Bench {
    let mut bench = Bench::established();
    let secret = crate::secret::Secret::new("correct horse".into());
    let credentials = Authenticator::new("line", secret, Rng::from_seed(5));
    bench.act(|e, _, call| e.set_credentials(call, credentials));
    bench
}

fn text(bench: &mut Bench, number: u64, body: &str) -> String {
    bench.act(|e, now, call| assert!(e.message(now, call, number, TEXT, body.into())));
    bench.sent.clone()
}

fn challenge(ours: &str, status: u16) -> Vec<u8> {
    let name = if status == 407 {
        "Proxy-Authenticate"
    } else {
        "WWW-Authenticate"
    };
    answer_with(ours, status, "", &format!("{name}: {CHALLENGE}"), "")
}

#[test]
fn a_text_of_ours_is_one_message_in_the_dialog_and_its_answer_is_told() {
    let mut bench = Bench::established();
    let ours = text(&mut bench, 7, "good day, é");
    assert!(ours.starts_with("MESSAGE sip:caller@198.51.100.7:5062 SIP/2.0\r\n"));
    assert!(ours.ends_with("\r\n\r\ngood day, é"));
    assert_eq!(bench.header("Content-Type"), TEXT);
    assert_eq!(bench.header("Content-Length"), "12");
    assert_eq!(bench.header("Contact"), "", "RFC 3428 section 4 forbids one");
    bench.receive(&answer(&ours, 100, ""));
    bench.receive(&answer(&ours, 202, ""));
    bench.receive(&answer(&ours, 202, ""));
    bench.expect(&["0 -> 1 MESSAGE", "0 messaged 7 Some(202)"]);
    // A refusal, even one that knows no dialog, does not end the call.
    let ours = text(&mut bench, 8, "");
    bench.receive(&answer(&ours, 481, ""));
    bench.expect(&["0 -> 2 MESSAGE", "0 messaged 8 Some(481)"]);
    text(&mut bench, 9, "nobody answers this");
    bench.until(32_000);
    assert_eq!(bench.lines.pop().unwrap(), "32000 messaged 9 None");
    bench.lines.clear();
    let tag = bench.tag.clone();
    bench.request("BYE", "2", "bye", &tag, "");
    bench.expect(&["32000 -> 200 2 BYE", "32000 ended Bye { reason: None }"]);
    bench.expect_idle();
}

#[test]
fn a_text_needs_a_call_that_is_established() {
    let mut bench = Bench::new();
    bench.request("INVITE", "1", "inv", "", "offer");
    bench.act(|e, now, call| assert!(!e.message(now, call, 1, TEXT, Vec::new())));
    bench.act(|e, now, call| e.reject(now, call, 486, &[]));
    bench.act(|e, now, call| assert!(!e.message(now, call, 1, TEXT, Vec::new())));
    bench.expect(&["0 -> 100 1 INVITE", "0 incoming", "0 -> 486 1 INVITE"]);
}

#[test]
fn a_text_of_the_peers_is_the_applications_to_answer_once() {
    let mut bench = Bench::established();
    let tag = bench.tag.clone();
    let message = request("MESSAGE", "2", "m", &tag, "", "hello");
    let (now, flow) = (bench.now(), bench.flow);
    bench.endpoint.receive(now, flow, &message);
    let Some(Output::Event(Event::Message { tx, request, .. })) = bench.endpoint.poll_output() else {
        panic!("no text came");
    };
    assert_eq!(request.body, b"hello");
    bench.act(|e, now, _| e.respond(now, tx, request.response(200)));
    bench.receive(&message);
    bench.expect(&["0 -> 200 2 MESSAGE", "0 -> 200 2 MESSAGE"]);
    // Once the application is done with the call, nobody would read it.
    bench.act(|e, now, call| e.bye(now, call, None));
    bench.request("MESSAGE", "3", "n", &tag, "late");
    bench.expect(&["0 -> 1 BYE", "0 -> 481 3 MESSAGE"]);
}

#[test]
fn a_challenged_bye_is_sent_once_more_with_credentials() {
    for (status, name) in [(401, "Authorization"), (407, "Proxy-Authorization")] {
        let mut bench = with_credentials();
        bench.act(|e, now, call| e.bye(now, call, Some("Q.850;cause=16")));
        let ours = bench.sent.clone();
        bench.receive(&challenge(&ours, status));
        bench.expect(&["0 -> 1 BYE", "0 -> 2 BYE"]);
        let header = bench.header(name);
        assert!(
            header.starts_with(r#"Digest username="line", realm="example.org""#),
            "{header}"
        );
        assert_eq!(bench.header("Reason"), "Q.850;cause=16");
        // A second challenge is final, and whatever it says the call is over.
        let ours = bench.sent.clone();
        bench.receive(&challenge(&ours, status));
        bench.expect(&[]);
        assert_eq!(bench.endpoint.counts().calls, 0);
        bench.expect_idle();
    }
    let mut bench = Bench::established();
    bench.act(|e, now, call| e.bye(now, call, None));
    let ours = bench.sent.clone();
    bench.receive(&challenge(&ours, 401));
    bench.expect(&["0 -> 1 BYE"]);
    assert_eq!(bench.endpoint.counts().calls, 0);
}

#[test]
fn a_challenged_reinvite_is_sent_once_more_and_its_ack_has_the_credentials() {
    let mut bench = with_credentials();
    bench.act(|e, now, call| assert!(e.reinvite(now, call, b"offer".to_vec())));
    let ours = bench.sent.clone();
    bench.receive(&challenge(&ours, 407));
    bench.expect(&["0 -> 1 INVITE", "0 -> 1 ACK", "0 -> 2 INVITE"]);
    assert!(bench.sent.ends_with("offer"));
    let credentials = bench.header("Proxy-Authorization");
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 200, ""));
    bench.expect(&["0 -> 2 ACK", "0 reinvited 200"]);
    assert_eq!(bench.header("Proxy-Authorization"), credentials);
    // Without a challenge that can be answered, the refusal is told.
    bench.act(|e, now, call| assert!(e.reinvite(now, call, b"offer".to_vec())));
    let ours = bench.sent.clone();
    bench.receive(&answer(&ours, 401, ""));
    bench.expect(&["0 -> 3 INVITE", "0 -> 3 ACK", "0 reinvited 401"]);
}

#[test]
fn a_challenged_text_is_sent_once_more_and_the_next_has_the_credentials_at_once() {
    let mut bench = with_credentials();
    let ours = text(&mut bench, 1, "one");
    bench.receive(&challenge(&ours, 401));
    let again = bench.sent.clone();
    assert!(again.ends_with("\r\n\r\none") && again.contains("\r\nAuthorization: Digest "));
    bench.receive(&answer(&again, 200, ""));
    bench.expect(&["0 -> 1 MESSAGE", "0 -> 2 MESSAGE", "0 messaged 1 Some(200)"]);
    let ours = text(&mut bench, 2, "two");
    assert!(bench.header("Authorization").contains("nc=00000002"));
    // Its nonce has run out meanwhile.
    let stale = CHALLENGE.replace("n1", "n2");
    let stale = answer_with(
        &ours,
        401,
        "",
        &format!("WWW-Authenticate: {stale}, stale=true"),
        "",
    );
    bench.receive(&stale);
    assert!(bench.header("Authorization").contains(r#"nonce="n2""#));
    let again = bench.sent.clone();
    bench.receive(&challenge(&again, 401));
    bench.expect(&["0 -> 3 MESSAGE", "0 -> 4 MESSAGE", "0 messaged 2 Some(401)"]);
    let kept = |bench: &Bench| {
        bench
            .endpoint
            .calls
            .values()
            .map(|call| call.ours.len())
            .sum::<usize>()
    };
    assert_eq!(kept(&bench), 4, "while the transactions absorb repetitions");
    bench.until(5_000);
    assert_eq!(kept(&bench), 0);
}
