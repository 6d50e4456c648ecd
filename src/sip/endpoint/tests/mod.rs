//! Scripts with literal times: what is sent at which millisecond, what exactly comes back when, and then nothing.

mod calls_in;
mod calls_out;
mod inside;
mod pair;
mod random;
mod refusals;
mod session;

use super::*;
use crate::sip::digest::AuthHeader;
use crate::sip::message::Uri;
use crate::sip::Transport;

/// An endpoint on a bench: virtual time, and a line of text for each thing that comes out of it.
struct Bench {
    endpoint: Endpoint,
    now_ms: u64,
    flow: Flow,
    lines: Vec<String>,
    /// The last message sent, whole.
    sent: String,
    /// Every message sent.
    all_sent: Vec<String>,
    /// The call of the last event that named one.
    call: CallHandle,
    /// Our tag in the last response that had one in To.
    tag: String,
}

fn flow() -> Flow {
    Flow {
        id: 1,
        transport: Transport::Udp,
        local: "192.0.2.1:5060".parse().unwrap(),
        remote: "198.51.100.7:5062".parse().unwrap(),
    }
}

fn stream() -> Flow {
    Flow {
        id: 7,
        transport: Transport::Tcp,
        ..flow()
    }
}

fn contact() -> Uri {
    Uri::sip("line", "192.0.2.1", Some(5060))
}

/// Lines to a message: line ends become CRLF, and the head gets its empty line.
fn wire(head: &str, body: &str) -> Vec<u8> {
    let mut text = String::new();
    for line in head.trim().lines() {
        text.push_str(line.trim());
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// A request of the peer's in its first dialog with us.
fn request(method: &str, cseq: &str, branch: &str, to_tag: &str, extra: &str, body: &str) -> Vec<u8> {
    let to_tag = match to_tag {
        "" => String::new(),
        tag => format!(";tag={tag}"),
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp"
    };
    let head = format!(
        "{method} sip:5550100@192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 198.51.100.7:5062;rport;branch=z9hG4bK{branch}
        Max-Forwards: 70
        From: <sip:caller@example.org>;tag=from1
        To: <sip:5550100@192.0.2.1>{to_tag}
        Call-ID: call1@example.org
        CSeq: {cseq} {method}
        Contact: <sip:caller@198.51.100.7:5062>
        {kind}
        {extra}
        Content-Length: {}",
        body.len()
    );
    let head: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).collect();
    wire(&head.join("\n"), body)
}

impl Bench {
    fn new() -> Self {
        Bench::on(flow())
    }

    fn on(flow: Flow) -> Self {
        Bench::with(flow, EndpointConfig::default())
    }

    fn with(flow: Flow, config: EndpointConfig) -> Self {
        Bench {
            endpoint: Endpoint::new(config, Rng::from_seed(1)),
            now_ms: 0,
            flow,
            lines: Vec::new(),
            sent: String::new(),
            all_sent: Vec::new(),
            call: CallHandle(0),
            tag: String::new(),
        }
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.now_ms)
    }

    /// Lets time pass up to `ms`, waking the endpoint whenever it asks, and never otherwise.
    fn until(&mut self, ms: u64) {
        while let Some(at) = self
            .endpoint
            .poll_timeout()
            .filter(|&at| at <= Instant::from_millis(ms))
        {
            let at_ms = at.as_micros() / 1000;
            assert!(at_ms >= self.now_ms, "woken in the past");
            self.now_ms = at_ms;
            self.endpoint.handle_timeout(at);
            self.drain();
        }
        self.now_ms = ms;
    }

    fn receive(&mut self, bytes: &[u8]) {
        let (now, flow) = (self.now(), self.flow);
        self.endpoint.receive(now, flow, bytes);
        self.drain();
    }

    fn request(&mut self, method: &str, cseq: &str, branch: &str, to_tag: &str, body: &str) {
        self.receive(&request(method, cseq, branch, to_tag, "", body));
    }

    /// Does something with the endpoint and takes down what comes of it.
    fn act(&mut self, act: impl FnOnce(&mut Endpoint, Instant, CallHandle)) {
        let (now, call) = (self.now(), self.call);
        act(&mut self.endpoint, now, call);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll_output() {
            let line = match output {
                Output::Transmit { bytes, .. } => self.sent(&bytes),
                Output::Event(event) => self.heard(&event),
            };
            self.lines.push(format!("{} {line}", self.now_ms));
        }
    }

    fn sent(&mut self, bytes: &[u8]) -> String {
        self.sent = String::from_utf8(bytes.to_vec()).unwrap();
        self.all_sent.push(self.sent.clone());
        match Message::parse(bytes).expect("what is sent can be read") {
            Message::Request(request) => format!("-> {}", request.headers.get("CSeq").unwrap()),
            Message::Response(response) => {
                if let Some(tag) = response.headers.to().unwrap().tag() {
                    self.tag = tag.to_owned();
                }
                format!("-> {} {}", response.status, response.headers.get("CSeq").unwrap())
            }
        }
    }

    fn heard(&mut self, event: &Event) -> String {
        let (call, text) = match event {
            Event::Incoming { call, .. } => (*call, "incoming".into()),
            Event::Cancelled { call } => (*call, "cancelled".into()),
            Event::Acked { call, body } => (*call, format!("acked {}", body.len())),
            Event::Reinvite { call, request } => (*call, format!("reinvite {}", request.method)),
            Event::Info { call, .. } => (*call, "info".into()),
            Event::Message { call, .. } => (*call, "message".into()),
            Event::Messaged { call, number, status } => (*call, format!("messaged {number} {status:?}")),
            Event::Ended { call, end } => (*call, format!("ended {end:?}")),
            Event::Progress { call, response } => (*call, format!("progress {}", response.status)),
            Event::Answered { call, response } => (*call, format!("answered {}", response.status)),
            Event::Challenged { call, response } => (*call, format!("challenged {}", response.status)),
            Event::Reinvited { call, response } => (*call, format!("reinvited {}", response.status)),
            Event::Failed { call, response } => {
                (*call, format!("failed {:?}", response.as_ref().map(|r| r.status)))
            }
            Event::Request { request, .. } => (self.call, format!("request {}", request.method)),
            Event::Response { response, .. } => (self.call, format!("response {}", response.status)),
            Event::RequestTimeout { .. } => (self.call, "request timeout".into()),
        };
        self.call = call;
        text
    }

    /// Compares what came out since the last time, each line with its millisecond.
    #[track_caller]
    fn expect(&mut self, lines: &[&str]) {
        assert_eq!(std::mem::take(&mut self.lines), lines);
    }

    /// Nothing is left: after the longest timer of all, no transaction, dialog or call, and no wish to wake.
    #[track_caller]
    fn expect_idle(&mut self) {
        self.until(self.now_ms + 200_000);
        self.expect(&[]);
        self.expect_empty();
    }

    #[track_caller]
    fn expect_empty(&self) {
        assert_eq!(self.endpoint.counts(), Counts::default());
        assert_eq!(self.endpoint.poll_timeout(), None);
        assert!(self.endpoint.tags.is_empty() && self.endpoint.streams.is_empty());
    }

    /// A header of the last message sent.
    fn header(&self, name: &str) -> String {
        let header = |headers: &crate::sip::message::Headers| {
            headers
                .all(name)
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .join(", ")
        };
        match Message::parse(self.sent.as_bytes()).unwrap() {
            Message::Request(request) => header(&request.headers),
            Message::Response(response) => header(&response.headers),
        }
    }

    /// Takes an INVITE as far as the ACK, and forgets what came out until then.
    fn established() -> Self {
        let mut bench = Bench::new();
        bench.request("INVITE", "1", "inv", "", "offer");
        bench.act(|e, now, call| e.answer(now, call, &contact(), b"answer".to_vec()));
        let tag = bench.tag.clone();
        bench.request("ACK", "1", "ack", &tag, "");
        bench.expect(&[
            "0 -> 100 1 INVITE",
            "0 incoming",
            "0 -> 200 1 INVITE",
            "0 acked 0",
        ]);
        bench
    }
}
