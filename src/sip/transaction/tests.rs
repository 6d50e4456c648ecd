//! Scripts of the four machines: an input at a time, the outputs that it must have, and when it wakes next.

use super::timers::Base;
use super::{client, client_invite, server, server_invite};
use super::{Client, ClientInvite, Output, Outputs, Server, ServerInvite};
use crate::sip::message::{Method, Request, Uri};
use crate::time::Instant;

/// Outputs as text: what is sent in its own words, the rest by name.
fn text(outputs: Outputs) -> Vec<String> {
    let words = |output| match output {
        Output::Transmit(bytes) => String::from_utf8(bytes)
            .unwrap()
            .lines()
            .next()
            .unwrap_or("")
            .to_owned(),
        other => format!("{other:?}"),
    };
    outputs.into_iter().map(words).collect()
}

/// Wakes a machine whenever it asks, until it no longer does; each line begins with the millisecond.
fn run_out(
    poll: &mut dyn FnMut() -> Option<Instant>,
    handle: &mut dyn FnMut(Instant) -> Outputs,
) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(at) = poll() {
        let ms = at.as_micros() / 1000;
        lines.extend(text(handle(at)).into_iter().map(|line| format!("{ms} {line}")));
        assert!(lines.len() < 50, "no end: {lines:?}");
    }
    lines
}

macro_rules! run_out {
    ($machine:expr, $timeout:expr) => {{
        let machine = std::cell::RefCell::new(&mut $machine);
        run_out(&mut || machine.borrow().poll_timeout(), &mut |at| {
            machine.borrow_mut().handle(at, &Base::default(), $timeout)
        })
    }};
}

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

mod invite_server {
    use super::*;
    use server_invite::Input;

    fn say(status: u16) -> Input {
        let bytes = status.to_string().into_bytes();
        Input::Respond { status, bytes }
    }

    #[test]
    fn a_refusal_over_datagrams() {
        let base = Base::default();
        let mut machine = ServerInvite::new(false);
        assert_eq!(text(machine.handle(ms(0), &base, Input::Invite)), [""; 0]);
        assert_eq!(text(machine.handle(ms(0), &base, say(100))), ["100"]);
        assert_eq!(text(machine.handle(ms(0), &base, say(180))), ["180"]);
        assert_eq!(text(machine.handle(ms(1), &base, Input::Invite)), ["180"]);
        assert_eq!(text(machine.handle(ms(1), &base, Input::Ack)), [""; 0]);
        assert!(machine.is_proceeding());
        assert_eq!(text(machine.handle(ms(10), &base, say(486))), ["486"]);
        assert_eq!(text(machine.handle(ms(11), &base, Input::Invite)), ["486"]);
        assert_eq!(text(machine.handle(ms(11), &base, say(200))), [""; 0]);
        assert_eq!(text(machine.handle(ms(510), &base, Input::Timeout)), ["486"]);
        assert_eq!(machine.poll_timeout(), Some(ms(1510)));
        assert_eq!(text(machine.handle(ms(600), &base, Input::Ack)), [""; 0]);
        assert_eq!(text(machine.handle(ms(601), &base, Input::Ack)), [""; 0]);
        assert_eq!(text(machine.handle(ms(601), &base, Input::Invite)), [""; 0]);
        assert_eq!(run_out!(machine, Input::Timeout), ["5600 Ended"]);
        assert_eq!(text(machine.handle(ms(6000), &base, say(200))), [""; 0]);
    }

    #[test]
    fn a_refusal_without_ack() {
        let mut machine = ServerInvite::new(false);
        machine.handle(ms(0), &Base::default(), say(404));
        let lines = run_out!(machine, Input::Timeout);
        let at = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];
        let mut expected: Vec<String> = at.iter().map(|at| format!("{at} 404")).collect();
        expected.extend(["32000 TimedOut".into(), "32000 Ended".into()]);
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_refusal_over_a_stream_is_sent_once() {
        let base = Base::default();
        let mut machine = ServerInvite::new(true);
        machine.handle(ms(0), &base, say(404));
        assert_eq!(machine.poll_timeout(), Some(ms(32_000)));
        assert_eq!(text(machine.handle(ms(100), &base, Input::Ack)), ["Ended"]);
        assert_eq!(machine.poll_timeout(), None);
    }

    #[test]
    fn after_a_2xx_repeated_invites_are_absorbed() {
        let base = Base::default();
        let mut machine = ServerInvite::new(false);
        assert_eq!(text(machine.handle(ms(0), &base, say(200))), ["200"]);
        assert_eq!(text(machine.handle(ms(1), &base, Input::Invite)), [""; 0]);
        assert_eq!(text(machine.handle(ms(500), &base, say(200))), ["200"]);
        assert_eq!(text(machine.handle(ms(501), &base, say(486))), [""; 0]);
        assert_eq!(text(machine.handle(ms(502), &base, Input::Ack)), ["Deliver"]);
        assert_eq!(run_out!(machine, Input::Timeout), ["32000 Ended"]);
    }

    #[test]
    fn a_broken_transport_ends_what_is_not_answered() {
        let base = Base::default();
        let mut machine = ServerInvite::new(true);
        machine.handle(ms(0), &base, say(180));
        assert_eq!(
            text(machine.handle(ms(1), &base, Input::TransportError)),
            ["TimedOut", "Ended"]
        );
    }
}

mod other_server {
    use super::*;
    use server::Input;

    fn say(status: u16) -> Input {
        let bytes = status.to_string().into_bytes();
        Input::Respond { status, bytes }
    }

    #[test]
    fn over_datagrams() {
        let base = Base::default();
        let mut machine = Server::new(ms(0), &base, false);
        assert_eq!(text(machine.handle(ms(1), &base, Input::Request)), [""; 0]);
        assert_eq!(text(machine.handle(ms(2), &base, say(100))), ["100"]);
        assert_eq!(text(machine.handle(ms(3), &base, Input::Request)), ["100"]);
        assert_eq!(text(machine.handle(ms(1000), &base, say(200))), ["200"]);
        assert_eq!(text(machine.handle(ms(1001), &base, Input::Request)), ["200"]);
        assert_eq!(text(machine.handle(ms(1002), &base, say(500))), [""; 0]);
        assert_eq!(run_out!(machine, Input::Timeout), ["33000 Ended"]);
        assert_eq!(text(machine.handle(ms(40_000), &base, Input::Request)), [""; 0]);
    }

    #[test]
    fn over_a_stream() {
        let base = Base::default();
        let mut machine = Server::new(ms(0), &base, true);
        assert_eq!(text(machine.handle(ms(0), &base, say(200))), ["200", "Ended"]);
        assert_eq!(machine.poll_timeout(), None);
    }

    #[test]
    fn never_answered() {
        let mut machine = Server::new(ms(0), &Base::default(), false);
        assert_eq!(run_out!(machine, Input::Timeout), ["32000 Ended"]);
    }
}

mod other_client {
    use super::*;
    use client::Input;

    fn start(reliable: bool) -> Client {
        let (machine, outputs) = Client::start(ms(0), &Base::default(), reliable, b"BYE".to_vec());
        assert_eq!(text(outputs), ["BYE"]);
        machine
    }

    #[test]
    fn never_answered() {
        let mut machine = start(false);
        let at = [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];
        let mut expected: Vec<String> = at.iter().map(|at| format!("{at} BYE")).collect();
        expected.extend(["32000 TimedOut".into(), "32000 Ended".into()]);
        assert_eq!(run_out!(machine, Input::Timeout), expected);
        let mut machine = start(true);
        assert_eq!(
            run_out!(machine, Input::Timeout),
            ["32000 TimedOut", "32000 Ended"]
        );
    }

    #[test]
    fn a_provisional_response_slows_the_repetition() {
        let base = Base::default();
        let mut machine = start(false);
        assert_eq!(
            text(machine.handle(ms(400), &base, Input::Response(100))),
            ["Deliver"]
        );
        assert_eq!(text(machine.handle(ms(500), &base, Input::Timeout)), ["BYE"]);
        assert_eq!(machine.poll_timeout(), Some(ms(4500)));
    }

    #[test]
    fn repeated_final_responses_are_absorbed() {
        let base = Base::default();
        let mut machine = start(false);
        assert_eq!(
            text(machine.handle(ms(100), &base, Input::Response(200))),
            ["Deliver"]
        );
        assert_eq!(
            text(machine.handle(ms(200), &base, Input::Response(200))),
            [""; 0]
        );
        assert_eq!(run_out!(machine, Input::Timeout), ["5100 Ended"]);
        let mut machine = start(true);
        assert_eq!(
            text(machine.handle(ms(100), &base, Input::Response(500))),
            ["Deliver", "Ended"]
        );
    }
}

mod invite_client {
    use super::*;
    use client_invite::Input;

    fn start(reliable: bool) -> ClientInvite {
        let ack = Request::new(Method::Ack, Uri::sip("a", "example.org", None));
        let invite = b"INVITE".to_vec();
        let (machine, outputs) = ClientInvite::start(ms(0), &Base::default(), reliable, invite, ack);
        assert_eq!(text(outputs), ["INVITE"]);
        machine
    }

    fn response(status: u16) -> Input<'static> {
        Input::Response {
            status,
            to: "<sip:a@example.org>;tag=x",
        }
    }

    const ACK: &str = "ACK sip:a@example.org SIP/2.0";

    #[test]
    fn never_answered() {
        let mut machine = start(false);
        let mut expected: Vec<String> = [500, 1500, 3500, 7500, 15500, 31500]
            .iter()
            .map(|at| format!("{at} INVITE"))
            .collect();
        expected.extend(["32000 TimedOut".into(), "32000 Ended".into()]);
        assert_eq!(run_out!(machine, Input::Timeout), expected);
    }

    #[test]
    fn ringing_has_no_limit_until_it_is_cancelled() {
        let base = Base::default();
        let mut machine = start(false);
        assert_eq!(text(machine.handle(ms(1), &base, Input::Cancelled)), [""; 0]);
        assert_eq!(text(machine.handle(ms(100), &base, response(100))), ["Deliver"]);
        assert_eq!(text(machine.handle(ms(200), &base, response(180))), ["Deliver"]);
        assert_eq!(machine.poll_timeout(), None);
        assert!(machine.is_proceeding());
        machine.handle(ms(60_000), &base, Input::Cancelled);
        assert_eq!(
            run_out!(machine, Input::Timeout),
            ["92000 TimedOut", "92000 Ended"]
        );
    }

    #[test]
    fn a_refusal_is_acknowledged() {
        let base = Base::default();
        let mut machine = start(false);
        assert_eq!(
            text(machine.handle(ms(100), &base, response(486))),
            [ACK, "Deliver"]
        );
        assert_eq!(text(machine.handle(ms(600), &base, response(486))), [ACK]);
        assert_eq!(text(machine.handle(ms(600), &base, response(200))), [""; 0]);
        assert_eq!(text(machine.handle(ms(601), &base, response(180))), [""; 0]);
        assert_eq!(run_out!(machine, Input::Timeout), ["32100 Ended"]);
        let mut machine = start(true);
        assert_eq!(
            text(machine.handle(ms(100), &base, response(486))),
            [ACK, "Deliver", "Ended"]
        );
    }

    #[test]
    fn every_2xx_is_delivered_for_a_while() {
        let base = Base::default();
        let mut machine = start(false);
        assert_eq!(text(machine.handle(ms(100), &base, response(200))), ["Deliver"]);
        assert_eq!(text(machine.handle(ms(600), &base, response(200))), ["Deliver"]);
        assert_eq!(text(machine.handle(ms(600), &base, response(486))), [""; 0]);
        assert_eq!(run_out!(machine, Input::Timeout), ["32100 Ended"]);
        assert_eq!(text(machine.handle(ms(33_000), &base, response(200))), [""; 0]);
    }

    #[test]
    fn a_broken_transport_ends_it() {
        let mut machine = start(true);
        let outputs = machine.handle(ms(1), &Base::default(), Input::TransportError);
        assert_eq!(text(outputs), ["TimedOut", "Ended"]);
        assert_eq!(machine.poll_timeout(), None);
    }
}
