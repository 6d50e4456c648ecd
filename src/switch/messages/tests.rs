//! Texts outside calls by scripts: what is asked of DNS, of the flows and of the endpoint, and what is told in the end.

use super::*;
use crate::config::Config;
use crate::secret::Secret;
use crate::sip::Transport;

struct Script {
    messages: Messages,
    registrations: Registrations,
    /// The last request.
    request: Option<Request>,
    ticket: Option<Ticket>,
    transactions: u64,
}

impl Script {
    fn new() -> Self {
        let mut trunk = Trunk::named("line");
        trunk.registrar = Some("sip.example.org:5070".into());
        trunk.username = Some("5550100".into());
        trunk.password = Some(Secret::new("correct horse".into()));
        let config = Config {
            trunks: vec![trunk],
            ..Config::default()
        };
        let mut rng = Rng::from_seed(4);
        Script {
            registrations: Registrations::new(&config, &mut rng),
            messages: Messages::new(None, rng),
            request: None,
            ticket: None,
            transactions: 0,
        }
    }

    fn send(&mut self, number: u64, to: &str, from: &str) {
        let message = TextMessage {
            to: to.into(),
            from: from.into(),
            content_type: String::new(),
            body: "good day".into(),
        };
        self.messages.send(number, &message, &self.registrations);
    }

    fn resolved(&mut self, addresses: &[&str]) {
        let routes = addresses.iter().map(|address| {
            let address = address.parse().unwrap();
            Route {
                target: Target {
                    transport: Transport::Udp,
                    address,
                },
                contact: "198.51.100.1:5060".parse().unwrap(),
            }
        });
        self.messages.resolved(1, Ok(routes.collect()));
    }

    fn opened(&mut self, remote: &str) {
        let flow = Flow {
            id: 1,
            transport: Transport::Udp,
            local: "198.51.100.1:5060".parse().unwrap(),
            remote: remote.parse().unwrap(),
        };
        let ticket = self.ticket.take().expect("a flow was asked for");
        self.messages.flow_opened(ticket, Ok(flow));
    }

    fn answer(&mut self, status: u16, extra: &str) {
        let mut response = self.request.as_ref().expect("a request").response(status);
        if let Some((name, value)) = extra.split_once(": ") {
            response.headers.push(name, value);
        }
        self.messages.response(ClientTx(self.transactions), &response);
    }

    /// What is wanted, and what came to its end.
    fn take(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(act) = self.messages.poll_act() {
            lines.push(match act {
                Act::Resolve(lookup) => format!("resolve {}", lookup.destination),
                Act::OpenFlow { ticket, target } => {
                    self.ticket = Some(ticket);
                    format!("open {target}")
                }
                Act::Request {
                    asker: Asker::Message(number),
                    flow,
                    request,
                } => {
                    self.transactions += 1;
                    self.messages.sent(number, ClientTx(self.transactions));
                    let line = format!("{} {} to {}", request.method, request.uri, flow.remote);
                    self.request = Some(*request);
                    line
                }
                Act::Request { .. } | Act::KeepAlive { .. } => panic!("a registration's"),
            });
        }
        while let Some((number, accepted)) = self.messages.poll_ended() {
            lines.push(format!("{number} {accepted}"));
        }
        lines
    }

    fn header(&self, name: &str) -> &str {
        let request = self.request.as_ref().expect("a request");
        request.headers.get(name).unwrap_or_default()
    }
}

#[test]
fn a_text_goes_where_its_uri_leads_and_its_answer_is_told() {
    let mut script = Script::new();
    script.send(1, "sip:5550111@peer.example.net:5080?Subject=x", "");
    assert_eq!(script.take(), ["resolve peer.example.net:5080"]);
    script.resolved(&["192.0.2.9:5080"]);
    assert_eq!(script.take(), ["open udp:192.0.2.9:5080"]);
    script.opened("192.0.2.9:5080");
    assert_eq!(
        script.take(),
        ["MESSAGE sip:5550111@peer.example.net:5080 to 192.0.2.9:5080"]
    );
    assert_eq!(script.header("To"), "<sip:5550111@peer.example.net:5080>");
    assert!(script
        .header("From")
        .starts_with("<sip:obelus@198.51.100.1>;tag="));
    assert_eq!(script.header("Content-Type"), "text/plain;charset=UTF-8");
    assert_eq!(script.request.as_ref().unwrap().body, b"good day");
    assert!(script.messages.awaits(ClientTx(1)) && script.messages.use_flow(1));
    script.answer(100, "");
    assert_eq!(script.take(), [""; 0]);
    script.answer(202, "");
    assert_eq!(script.take(), ["1 true"]);
    assert!(!script.messages.awaits(ClientTx(1)) && !script.messages.use_flow(1));
}

#[test]
fn the_next_address_is_tried_and_then_it_has_failed() {
    let mut script = Script::new();
    script.send(
        1,
        "sip:peer.example.net",
        "\"Ann\" <sip:ann@example.com>;tag=mine",
    );
    script.take();
    script.resolved(&["192.0.2.9:5060", "192.0.2.10:5060", "192.0.2.11:5060"]);
    script.take();
    script.opened("192.0.2.9:5060");
    script.take();
    assert!(script
        .header("From")
        .starts_with("\"Ann\" <sip:ann@example.com>;tag="));
    assert!(!script.header("From").contains("mine"));
    script.messages.request_timeout(ClientTx(1));
    assert_eq!(script.take(), ["open udp:192.0.2.10:5060"]);
    script.opened("192.0.2.10:5060");
    script.take();
    script.answer(503, "");
    assert_eq!(script.take(), ["1 false"]);
    script.send(1, "sip:peer.example.net", "");
    script.take();
    script.resolved(&["192.0.2.9:5060"]);
    script.take();
    let ticket = script.ticket.take().unwrap();
    script.messages.flow_opened(ticket, Err("no socket".into()));
    assert_eq!(script.take(), ["1 false"]);
}

#[test]
fn a_trunks_registrar_is_told_who_we_are_and_a_stranger_is_not() {
    const CHALLENGE: &str = "Proxy-Authenticate: Digest realm=\"example.org\", nonce=\"n1\", qop=\"auth\"";
    let mut script = Script::new();
    script.send(1, "sip:5550111@SIP.example.org", "");
    assert_eq!(script.take(), ["resolve sip.example.org:5070"]);
    script.resolved(&["192.0.2.5:5070"]);
    script.take();
    script.opened("192.0.2.5:5070");
    script.take();
    assert!(script
        .header("From")
        .starts_with("<sip:5550100@sip.example.org>;tag="));
    let call_id = script.header("Call-ID").to_owned();
    script.answer(407, CHALLENGE);
    assert_eq!(script.take().len(), 1);
    assert!(script
        .header("Proxy-Authorization")
        .starts_with("Digest username=\"5550100\""));
    assert_eq!(
        (script.header("CSeq"), script.header("Call-ID")),
        ("2 MESSAGE", &*call_id)
    );
    script.answer(407, CHALLENGE);
    assert_eq!(script.take(), ["1 false"]);
    let mut script = Script::new();
    script.send(1, "sip:5550111@192.0.2.9", "");
    script.take();
    script.resolved(&["192.0.2.9:5060"]);
    script.take();
    script.opened("192.0.2.9:5060");
    script.take();
    script.answer(407, CHALLENGE);
    assert_eq!(script.take(), ["1 false"]);
}

#[test]
fn what_cannot_be_sent_fails_at_once_and_too_many_wait_for_nobody() {
    let mut script = Script::new();
    for (to, from) in [
        ("5550111", ""),
        ("sips:a@example.net", ""),
        ("sip:a@example.net;transport=tls", ""),
        ("sip:a@example.net", "nobody at all"),
    ] {
        script.send(1, to, from);
        assert_eq!(script.take(), ["1 false"], "{to} {from}");
    }
    let long = TextMessage {
        to: "sip:a@example.net".into(),
        body: "x".repeat(limits::TEXT_BYTES + 1),
        ..TextMessage::default()
    };
    script.messages.send(1, &long, &script.registrations);
    assert_eq!(script.take(), ["1 false"]);
    for number in 0..limits::MESSAGES as u64 {
        script.send(number, "sip:a@example.net", "");
    }
    assert_eq!(script.take().len(), limits::MESSAGES);
    script.send(999, "sip:a@example.net", "");
    assert_eq!(script.take(), ["999 false"]);
    script.messages.resolved(7, Err("no such host".into()));
    assert_eq!(script.take(), ["7 false"]);
}
