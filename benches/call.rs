//! A whole answered call between two endpoints, without sockets: INVITE, 100, 180, 200, ACK, BYE, 200, each
//! printed by one side and parsed by the other.

#![allow(missing_docs)] // criterion's macros make public functions

use criterion::{criterion_group, criterion_main, Criterion};
use obelus::rng::Rng;
use obelus::sip::endpoint::{CallHandle, Endpoint, EndpointConfig, Event, Output};
use obelus::sip::message::{Method, Request, Uri};
use obelus::sip::{Flow, Transport};
use obelus::time::{Duration, Instant};

const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 10000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n";

/// A caller, the switch, and a clock; each call lasts a second.
struct Bench {
    caller: Endpoint,
    switch: Endpoint,
    now: Instant,
    messages: u64,
}

fn flow(local: &str, remote: &str) -> Flow {
    Flow {
        id: 1,
        transport: Transport::Udp,
        local: local.parse().expect("an address"),
        remote: remote.parse().expect("an address"),
    }
}

impl Bench {
    fn new() -> Self {
        Bench {
            caller: Endpoint::new(EndpointConfig::default(), Rng::from_seed(1)),
            switch: Endpoint::new(EndpointConfig::default(), Rng::from_seed(2)),
            now: Instant::ZERO,
            messages: 0,
        }
    }

    /// Carries messages over until both are silent; the switch rings and answers at once.
    fn exchange(&mut self) {
        let here = flow("192.0.2.1:5060", "198.51.100.7:5060");
        let there = flow("198.51.100.7:5060", "192.0.2.1:5060");
        let contact = Uri::sip("line", "198.51.100.7", Some(5060));
        loop {
            let mut silent = true;
            while let Some(output) = self.caller.poll_output() {
                silent = false;
                if let Output::Transmit { bytes, .. } = output {
                    self.messages += 1;
                    self.switch.receive(self.now, there, &bytes);
                }
            }
            while let Some(output) = self.switch.poll_output() {
                silent = false;
                match output {
                    Output::Transmit { bytes, .. } => {
                        self.messages += 1;
                        self.caller.receive(self.now, here, &bytes);
                    }
                    Output::Event(Event::Incoming { call, .. }) => {
                        self.switch.ring(self.now, call, 180, None);
                        self.switch.answer(self.now, call, &contact, SDP.to_vec());
                    }
                    Output::Event(_) => {}
                }
            }
            if silent {
                return;
            }
        }
    }

    fn call(&mut self) {
        let call: CallHandle =
            self.caller
                .invite(self.now, flow("192.0.2.1:5060", "198.51.100.7:5060"), invite());
        self.exchange();
        self.now += Duration::from_secs(1);
        self.caller.bye(self.now, call, None);
        self.exchange();
        self.caller.handle_timeout(self.now);
        self.switch.handle_timeout(self.now);
    }
}

fn invite() -> Request {
    let mut request = Request::new(Method::Invite, Uri::sip("5550100", "198.51.100.7", None));
    request.headers.push("From", "\"Caller\" <sip:5550199@192.0.2.1>");
    request.headers.push("To", "<sip:5550100@198.51.100.7>");
    request.headers.push("Contact", "<sip:5550199@192.0.2.1:5060>");
    request.headers.push("Content-Type", "application/sdp");
    request.body = SDP.to_vec();
    request
}

fn call(c: &mut Criterion) {
    let mut bench = Bench::new();
    bench.call();
    assert_eq!(bench.messages, 7, "INVITE, 100, 180, 200, ACK, BYE, 200");
    c.bench_function("an answered call, both sides", |b| b.iter(|| bench.call()));
}

criterion_group!(benches, call);
criterion_main!(benches);
