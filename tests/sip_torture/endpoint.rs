//! What the SIP stack answers, without a socket.

use crate::table::{read, Case, CASES};
use obelus::rng::Rng;
use obelus::sip::endpoint::{Endpoint, EndpointConfig, Event, Output};
use obelus::sip::message::Message;
use obelus::sip::{Flow, Transport};
use obelus::time::{Duration, Instant};

const OPTIONS: &[u8] = b"OPTIONS sip:198.51.100.1 SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKalive;rport\r\n\
Max-Forwards: 70\r\n\
From: <sip:probe@example.org>;tag=alive\r\n\
To: <sip:198.51.100.1>\r\n\
Call-ID: alive@192.0.2.1\r\n\
CSeq: 1 OPTIONS\r\n\
Content-Length: 0\r\n\r\n";

fn flow() -> Flow {
    Flow {
        id: 1,
        transport: Transport::Udp,
        local: "198.51.100.1:5060".parse().unwrap(),
        remote: "192.0.2.1:5060".parse().unwrap(),
    }
}

/// The final statuses that go out for a datagram. A call that comes of it is refused 404: there is nobody to
/// call.
fn answers(endpoint: &mut Endpoint, now: Instant, datagram: &[u8]) -> Vec<u16> {
    endpoint.receive(now, flow(), datagram);
    let mut statuses = Vec::new();
    while let Some(output) = endpoint.poll_output() {
        match output {
            Output::Transmit { bytes, .. } => match Message::parse(&bytes) {
                Ok(Message::Response(response)) if response.is_provisional() => {}
                Ok(Message::Response(response)) => statuses.push(response.status),
                // What answers a request without its headers lacks them too, but has its status.
                _ => statuses.extend(status_of(&bytes)),
            },
            Output::Event(Event::Incoming { call, .. }) => endpoint.reject(now, call, 404, &[]),
            Output::Event(_) => {}
        }
    }
    statuses
}

fn status_of(bytes: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(bytes.get(..12)?).ok()?;
    line.strip_prefix("SIP/2.0 ")?.trim().parse().ok()
}

fn endpoint() -> Endpoint {
    Endpoint::new(EndpointConfig::default(), Rng::from_seed(1))
}

#[test]
fn each_is_answered_as_the_rfcs_ask_and_the_stack_lives_on() {
    let now = Instant::from_secs(1);
    let mut wrong = Vec::new();
    for case in &CASES {
        let mut endpoint = endpoint();
        let statuses = answers(&mut endpoint, now, &read(case));
        if !case.live.is_met_by(&statuses) {
            wrong.push(format!(
                "{}: {:?} wanted, {statuses:?} came ({})",
                case.file, case.live, case.reason
            ));
        }
        assert_eq!(answers(&mut endpoint, now, OPTIONS), [200], "after {}", case.file);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_is_left_of_them_after_a_minute() {
    let mut endpoint = endpoint();
    let mut now = Instant::from_secs(1);
    for case in CASES.iter().collect::<Vec<&Case>>() {
        answers(&mut endpoint, now, &read(case));
    }
    while let Some(at) = endpoint.poll_timeout() {
        now = now.max(at);
        endpoint.handle_timeout(now);
        while endpoint.poll_output().is_some() {}
    }
    assert!(now <= Instant::from_secs(1) + Duration::from_secs(64));
    assert_eq!(endpoint.counts(), Default::default());
}
