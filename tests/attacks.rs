//! What a stranger may try against signalling, each with the measure that stands against it. `docs/attacks.md` lists
//! them in prose.

use obelus::limits;
use obelus::rng::Rng;
use obelus::sdp::Sdp;
use obelus::sip::endpoint::{CallHandle, Endpoint, EndpointConfig, Event, Output};
use obelus::sip::message::frame::Framer;
use obelus::sip::message::{Message, Request, Uri};
use obelus::sip::{Flow, Transport};
use obelus::time::{Duration, Instant};
use obelus::trunk::identify::{Refusal, TrunkTable};

const OURS: &str = "198.51.100.1:5060";
const PEER: &str = "192.0.2.10:5060";
const STRANGER: &str = "203.0.113.66:5060";

fn flow(remote: &str) -> Flow {
    Flow {
        id: 1,
        transport: Transport::Udp,
        local: OURS.parse().expect("an address"),
        remote: remote.parse().expect("an address"),
    }
}

/// A request as it comes over the wire.
struct Wire<'a> {
    method: &'a str,
    from: &'a str,
    cseq: u32,
    branch: &'a str,
    call_id: &'a str,
    from_tag: &'a str,
    to_tag: &'a str,
    body: &'a str,
}

const INVITE: Wire<'static> = Wire {
    method: "INVITE",
    from: PEER,
    cseq: 1,
    branch: "z9hG4bKinvite",
    call_id: "call-1",
    from_tag: "caller-tag",
    to_tag: "",
    body: "",
};

impl Wire<'_> {
    fn bytes(&self) -> Vec<u8> {
        let to_tag = if self.to_tag.is_empty() {
            String::new()
        } else {
            format!(";tag={}", self.to_tag)
        };
        let kind = if self.body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        };
        format!(
            "{method} sip:5550100@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:5550111@example.org>;tag={from_tag}\r\n\
             To: <sip:5550100@example.org>{to_tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:5550111@{from}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}",
            method = self.method,
            from = self.from,
            branch = self.branch,
            from_tag = self.from_tag,
            call_id = self.call_id,
            cseq = self.cseq,
            length = self.body.len(),
            body = self.body,
        )
        .into_bytes()
    }

    fn request(&self) -> Request {
        match Message::parse(&self.bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("not a request: {other:?}"),
        }
    }
}

/// An endpoint, what it sent, and what it told.
struct Bench {
    endpoint: Endpoint,
    now: Instant,
    sent: Vec<(Flow, String)>,
    events: Vec<Event>,
}

impl Bench {
    fn new() -> Self {
        Bench {
            endpoint: Endpoint::new(EndpointConfig::default(), Rng::from_seed(3)),
            now: Instant::from_secs(1),
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    fn receive(&mut self, flow: Flow, bytes: &[u8]) {
        self.endpoint.receive(self.now, flow, bytes);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit { flow, bytes } => {
                    self.sent
                        .push((flow, String::from_utf8_lossy(&bytes).into_owned()));
                }
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.endpoint.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.endpoint.handle_timeout(at);
            self.drain();
        }
        self.now = end;
    }

    /// The status of each response sent since the last time.
    fn statuses(&mut self) -> Vec<String> {
        self.sent
            .drain(..)
            .map(|(_, text)| text[8..11].to_owned())
            .collect()
    }

    /// A call from the peer, answered and acknowledged; gives our tag too.
    fn call(&mut self) -> (CallHandle, String) {
        self.receive(flow(PEER), &INVITE.bytes());
        let call = match self.events.pop() {
            Some(Event::Incoming { call, .. }) => call,
            other => panic!("no call: {other:?}"),
        };
        let contact = Uri::sip("", "198.51.100.1", Some(5060));
        self.endpoint
            .answer(self.now, call, &contact, b"v=0\r\n".to_vec());
        self.drain();
        let ok = &self.sent.last().expect("a 200").1;
        let to = ok.lines().find(|line| line.starts_with("To:")).expect("a To");
        let tag = to.split("tag=").nth(1).expect("our tag").to_owned();
        self.receive(
            flow(PEER),
            &Wire {
                method: "ACK",
                branch: "z9hG4bKack",
                to_tag: &tag,
                ..INVITE
            }
            .bytes(),
        );
        self.events.clear();
        self.sent.clear();
        (call, tag)
    }

    fn is_alive(&self) -> bool {
        self.endpoint.counts().calls == 1 && self.endpoint.counts().dialogs == 1
    }
}

#[test]
fn a_forged_request_does_not_reach_a_call() {
    let mut bench = Bench::new();
    let (_, tag) = bench.call();
    let inside = |method, to_tag, from_tag, call_id| Wire {
        method,
        from: STRANGER,
        cseq: 7,
        branch: "z9hG4bKforged",
        call_id,
        from_tag,
        to_tag,
        body: "",
    };
    let almost = &tag[..tag.len() - 1];
    for method in ["BYE", "INVITE", "UPDATE", "INFO", "MESSAGE"] {
        for wire in [
            inside(method, "guess", "caller-tag", "call-1"),
            inside(method, almost, "caller-tag", "call-1"),
            inside(method, &tag, "guess", "call-1"),
            inside(method, &tag, "caller-tag", "guess"),
        ] {
            bench.receive(flow(STRANGER), &wire.bytes());
            assert_eq!(bench.statuses(), ["481"], "{method}");
            assert!(bench.events.is_empty() && bench.is_alive(), "{method}");
        }
    }
    assert!(
        tag.len() >= 16,
        "80 random bits stand between a stranger and a call"
    );
}

#[test]
fn a_forged_cancel_does_not_end_a_ringing_call() {
    let mut bench = Bench::new();
    bench.receive(flow(PEER), &INVITE.bytes());
    bench.events.clear();
    bench.sent.clear();
    // Everything right, the branch too, but for where it comes from.
    let forged = Wire {
        method: "CANCEL",
        ..INVITE
    };
    bench.receive(flow(STRANGER), &forged.bytes());
    assert_eq!(bench.statuses(), ["481"]);
    assert!(bench.events.is_empty() && bench.endpoint.counts().calls == 1);
    bench.receive(flow(PEER), &forged.bytes());
    assert!(matches!(bench.events[..], [Event::Cancelled { .. }]));
}

#[test]
fn an_old_request_sent_again_does_nothing() {
    let mut bench = Bench::new();
    let (call, tag) = bench.call();
    let hold = Wire {
        cseq: 2,
        branch: "z9hG4bKhold",
        to_tag: &tag,
        body: "v=0\r\n",
        ..INVITE
    };
    bench.receive(flow(PEER), &hold.bytes());
    assert!(matches!(bench.events.pop(), Some(Event::Reinvite { .. })));
    bench
        .endpoint
        .answer_reinvite(bench.now, call, b"v=0\r\n".to_vec());
    let ack = Wire {
        method: "ACK",
        branch: "z9hG4bKack2",
        body: "",
        ..hold
    };
    bench.receive(flow(PEER), &ack.bytes());
    bench.run(Duration::from_secs(60));
    bench.sent.clear();
    bench.events.clear();
    assert!(bench.is_alive());
    // Long after its transaction is gone, somebody who recorded it sends it again, under a new branch.
    let replay = Wire {
        branch: "z9hG4bKreplay",
        ..hold
    };
    bench.receive(flow(PEER), &replay.bytes());
    assert_eq!(bench.statuses(), ["500"]);
    assert!(bench.events.is_empty() && bench.is_alive());
}

#[test]
fn strangers_leave_nothing_behind() {
    let mut bench = Bench::new();
    let table = TrunkTable::new([obelus::config::Trunk::named("office")]);
    for n in 0..10_000 {
        let (branch, call_id) = (format!("z9hG4bK{n}"), format!("scan-{n}"));
        let wire = Wire {
            from: STRANGER,
            branch: &branch,
            call_id: &call_id,
            ..INVITE
        };
        let request = wire.request();
        assert!(table.identify(&request, &flow(STRANGER)).is_err());
        bench.endpoint.turn_away(flow(STRANGER), request, Refusal::STATUS);
    }
    bench.drain();
    let counts = bench.endpoint.counts();
    assert_eq!((counts.transactions, counts.dialogs, counts.calls), (0, 0, 0));
    assert_eq!(bench.endpoint.poll_timeout(), None);
    // One response for one request, however long they wait: nobody is flooded by us in a stranger's name.
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.sent.len(), 10_000);
    let request = INVITE.bytes().len();
    assert!(bench
        .sent
        .iter()
        .all(|(_, text)| text.starts_with("SIP/2.0 403") && text.len() < request + 200));
    // The same request again gets the same response: the tag in it too.
    let wire = Wire {
        from: STRANGER,
        ..INVITE
    };
    bench.sent.clear();
    for _ in 0..2 {
        bench.endpoint.turn_away(flow(STRANGER), wire.request(), 403);
    }
    bench.drain();
    assert_eq!(bench.sent[0], bench.sent[1]);
    // The ACK for it finds nothing and does nothing.
    bench.sent.clear();
    bench.receive(
        flow(STRANGER),
        &Wire {
            method: "ACK",
            ..wire
        }
        .bytes(),
    );
    assert!(bench.sent.is_empty() && bench.events.is_empty());
}

#[test]
fn requests_that_need_no_call_are_answered_without_memory() {
    let mut bench = Bench::new();
    for n in 0..2_000 {
        for method in [
            "OPTIONS",
            "REGISTER",
            "SUBSCRIBE",
            "MESSAGE",
            "BYE",
            "CANCEL",
            "PRACK",
            "WHATEVER",
        ] {
            let branch = format!("z9hG4bK{method}{n}");
            bench.receive(
                flow(STRANGER),
                &Wire {
                    method,
                    from: STRANGER,
                    branch: &branch,
                    ..INVITE
                }
                .bytes(),
            );
        }
    }
    let counts = bench.endpoint.counts();
    assert_eq!((counts.transactions, counts.dialogs, counts.calls), (0, 0, 0));
    assert!(bench.events.is_empty());
    assert_eq!(bench.sent.len(), 16_000);
}

#[test]
fn responses_to_what_we_never_sent_are_dropped() {
    let mut bench = Bench::new();
    let request = INVITE.request();
    for status in [100, 180, 200, 302, 401, 503] {
        let mut response = request.response(status);
        response.headers.push("Contact", "<sip:elsewhere@203.0.113.66>");
        bench.receive(flow(STRANGER), &response.to_bytes());
    }
    assert!(bench.sent.is_empty() && bench.events.is_empty());
    assert_eq!(bench.endpoint.counts().transactions, 0);
}

#[test]
fn a_response_goes_to_where_the_request_came_from() {
    let mut bench = Bench::new();
    // Via names a victim; without rport, and with it.
    for via in [
        "192.0.2.99:5060",
        "192.0.2.99:5060;rport",
        "victim.example.org;maddr=192.0.2.99",
    ] {
        let text = String::from_utf8(
            Wire {
                method: "OPTIONS",
                ..INVITE
            }
            .bytes(),
        )
        .expect("text");
        let text = text.replace("192.0.2.10:5060;rport;branch", &format!("{via};branch"));
        bench.receive(flow(STRANGER), text.as_bytes());
        let (to, _) = bench.sent.pop().expect("a response");
        assert_eq!(to.remote, flow(STRANGER).remote, "{via}");
    }
}

#[test]
fn messages_beyond_the_limits_are_refused_and_nothing_is_kept() {
    let text = String::from_utf8(INVITE.bytes()).expect("text");
    let with = |extra: &str| {
        text.replace("Max-Forwards: 70\r\n", &format!("Max-Forwards: 70\r\n{extra}"))
            .into_bytes()
    };
    let many_headers = with(&"X-Padding: x\r\n".repeat(limits::SIP_HEADERS));
    let long_header = with(&format!(
        "X-Padding: {}\r\n",
        "x".repeat(limits::SIP_MESSAGE_BYTES)
    ));
    // Nothing but list: short on the wire, long to read.
    let list = with(&format!(
        "Contact: {}<sip:a@192.0.2.1>\r\n",
        "<sip:a@192.0.2.1>,".repeat(3_000)
    ));
    let folded = with(&format!(
        "Contact: {}<sip:a@192.0.2.1>\r\n",
        "<sip:a@192.0.2.1>,\r\n ".repeat(3_000)
    ));
    let parameters = text
        .replace(";rport;", &format!(";rport{};", ";x=y".repeat(10_000)))
        .into_bytes();
    let mut bench = Bench::new();
    for bytes in [many_headers, long_header, list, folded, parameters] {
        bench.receive(flow(STRANGER), &bytes);
        assert!(bench.events.is_empty());
        assert_eq!(bench.endpoint.counts().transactions, 0);
        assert!(bench
            .statuses()
            .iter()
            .all(|status| status.starts_with('4') || status.starts_with('5')));
    }
}

#[test]
fn a_stream_that_never_ends_a_message_is_cut_off() {
    // A head without end, and a body that is promised and too long.
    let endless = b"INVITE sip:5550100@198.51.100.1 SIP/2.0\r\nX-Padding: ".to_vec();
    let mut framer = Framer::new();
    framer.push(&endless);
    let mut pushed = 0;
    let cut = loop {
        framer.push(&[b'x'; 1_000]);
        pushed += 1_000;
        match framer.next() {
            Ok(None) if pushed < 10 * limits::SIP_MESSAGE_BYTES => {}
            other => break other,
        }
    };
    assert!(cut.is_err());
    assert!(pushed <= limits::SIP_MESSAGE_BYTES + 1_000);
    let mut framer = Framer::new();
    framer.push(b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 4000000000\r\n\r\n");
    assert!(
        framer.next().is_err(),
        "refused when it is promised, not when it has come"
    );
}

#[test]
fn a_description_cannot_aim_our_media_at_a_group() {
    use obelus::codec::Codec;
    use obelus::sdp::offer_answer::{LocalMedia, NoCommon, OfferAnswer};
    for address in ["224.0.0.1", "239.255.255.250", "255.255.255.255"] {
        let offer =
            format!("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 {address}\r\nm=audio 4000 RTP/AVP 0\r\n");
        let local = LocalMedia {
            address: "198.51.100.1".parse().expect("an address"),
            port: 10_000,
            codecs: vec![Codec::Pcmu],
            session_id: 1,
        };
        let offer = Sdp::parse(offer.as_bytes()).expect("a description");
        assert_eq!(
            OfferAnswer::new(local).answer(&offer),
            Err(NoCommon::Address),
            "{address}"
        );
    }
}
