//! A caller in the simulation: a SIP client over the same endpoint, which sends tones as RTP and behaves as callers do.

use super::net::{Datagram, Net};
use obelus::rng::Rng;
use obelus::rtp::packet::Header;
use obelus::sdp::Sdp;
use obelus::sip::endpoint::{CallHandle, Endpoint, EndpointConfig, Event, Output};
use obelus::sip::message::{Method, Request};
use obelus::sip::{Flow, Transport};
use obelus::time::{Duration, Instant};
use std::net::SocketAddr;

/// What a caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Waits for the beep, speaks, and lets the switch hang up after `#`.
    LeaveMemo,
    /// Speaks and hangs up while it is recorded.
    HangUpWhileRecorded,
    /// Hangs up during the greeting.
    HangUpEarly,
    /// Gives up before an answer.
    Cancel,
    /// The telephone loses power in the middle.
    Vanish,
    /// Puts the switch on hold, comes back, hangs up.
    HoldAndResume,
    /// Sends an INVITE without an offer, and an ACK without the answer to ours.
    NoAnswer,
    /// Calls a number that is not there.
    WrongNumber,
    /// Offers a codec that nobody has.
    NoCommonCodec,
}

impl Plan {
    pub const ALL: [Plan; 9] = [
        Plan::LeaveMemo,
        Plan::HangUpWhileRecorded,
        Plan::HangUpEarly,
        Plan::Cancel,
        Plan::Vanish,
        Plan::HoldAndResume,
        Plan::NoAnswer,
        Plan::WrongNumber,
        Plan::NoCommonCodec,
    ];
}

/// How a call stands for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Calling,
    Talking,
    /// Ended in order, by either side.
    Ended,
    /// Refused, or no answer came; the status where there was one.
    Failed(Option<u16>),
    /// Gone without a word.
    Vanished,
}

pub struct Caller {
    pub plan: Plan,
    pub state: State,
    sip: SocketAddr,
    rtp: SocketAddr,
    switch: SocketAddr,
    endpoint: Endpoint,
    call: Option<CallHandle>,
    remote_rtp: Option<SocketAddr>,
    next_act: Option<(Instant, Act)>,
    next_packet: Option<Instant>,
    packets: u32,
    ssrc: u32,
    /// Before giving up, where the plan is to give up.
    patience: Duration,
    /// Packets with a tone in them; silence follows, which ends a recording.
    spoken: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Invite,
    Cancel,
    HangUp,
    Vanish,
    Hold,
    Resume,
}

impl Caller {
    pub fn new(plan: Plan, number: u16, switch: SocketAddr, starts: Instant, mut rng: Rng) -> Self {
        let ip = [192, 0, 2, (number % 250 + 1) as u8];
        let config = EndpointConfig::default();
        Caller {
            plan,
            state: State::Calling,
            sip: (ip, 5060 + number).into(),
            rtp: (ip, 30_000 + 2 * number).into(),
            switch,
            call: None,
            remote_rtp: None,
            next_act: Some((starts, Act::Invite)),
            next_packet: None,
            packets: 0,
            ssrc: rng.u32(),
            patience: Duration::from_millis(20 + rng.below(400)),
            spoken: 300 + rng.below(200) as u32,
            endpoint: Endpoint::new(config, rng.fork()),
        }
    }

    pub fn owns(&self, address: SocketAddr) -> bool {
        address == self.sip || address == self.rtp
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.state == State::Vanished {
            return None;
        }
        [
            self.next_act.map(|(at, _)| at),
            self.next_packet,
            self.endpoint.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What the caller's own stack still holds.
    pub fn leftovers(&self) -> usize {
        match self.state {
            State::Vanished => 0,
            _ => {
                let counts = self.endpoint.counts();
                counts.calls + counts.dialogs + counts.transactions
            }
        }
    }

    pub fn receive(&mut self, now: Instant, datagram: &Datagram, net: &mut Net) {
        if self.state == State::Vanished || datagram.to != self.sip {
            return;
        }
        let flow = self.flow();
        self.endpoint.receive(now, flow, &datagram.bytes);
        self.settle(now, net);
    }

    pub fn timeout(&mut self, now: Instant, net: &mut Net) {
        self.endpoint.handle_timeout(now);
        if self.next_packet.is_some_and(|at| at <= now) {
            self.speak(now, net);
        }
        if let Some((at, act)) = self.next_act {
            if at <= now {
                self.next_act = None;
                self.act(now, act);
            }
        }
        self.settle(now, net);
    }

    fn flow(&self) -> Flow {
        Flow {
            id: 1,
            transport: Transport::Udp,
            local: self.sip,
            remote: self.switch,
        }
    }

    fn sdp(&self, direction: &str) -> Vec<u8> {
        let (ip, port) = (self.rtp.ip(), self.rtp.port());
        let codec = if self.plan == Plan::NoCommonCodec {
            "18"
        } else {
            "0 8 101"
        };
        format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {codec}\r\n\
             a=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
        )
        .into_bytes()
    }

    fn act(&mut self, now: Instant, act: Act) {
        match act {
            Act::Invite => {
                let did = if self.plan == Plan::WrongNumber {
                    "nobody"
                } else {
                    "5550100"
                };
                let mut request = Request::new(
                    Method::Invite,
                    format!("sip:{did}@{}", self.switch).parse().expect("a sip URI"),
                );
                request
                    .headers
                    .push("From", format!("<sip:5550199@{}>", self.sip));
                request.headers.push("To", format!("<sip:{did}@{}>", self.switch));
                request
                    .headers
                    .push("Contact", format!("<sip:caller@{}>", self.sip));
                if self.plan != Plan::NoAnswer {
                    request.headers.push("Content-Type", "application/sdp");
                    request.body = self.sdp("sendrecv");
                }
                let flow = self.flow();
                self.call = Some(self.endpoint.invite(now, flow, request));
                if self.plan == Plan::Cancel {
                    self.next_act = Some((now + self.patience, Act::Cancel));
                }
            }
            Act::Cancel => {
                if let (Some(call), State::Calling) = (self.call, self.state) {
                    self.endpoint.cancel(now, call);
                } else if self.state == State::Talking {
                    self.act(now, Act::HangUp);
                }
            }
            Act::HangUp => {
                if let Some(call) = self.call {
                    self.endpoint.bye(now, call, None);
                    self.over(State::Ended);
                }
            }
            Act::Vanish => self.over(State::Vanished),
            Act::Hold | Act::Resume => {
                let Some(call) = self.call else { return };
                let direction = if act == Act::Hold { "sendonly" } else { "sendrecv" };
                let sdp = self.sdp(direction);
                self.endpoint.reinvite(now, call, sdp);
                let next = if act == Act::Hold {
                    Act::Resume
                } else {
                    Act::HangUp
                };
                self.next_act = Some((now + Duration::from_secs(2), next));
            }
        }
    }

    fn over(&mut self, state: State) {
        self.state = state;
        self.next_act = None;
        self.next_packet = None;
    }

    fn settle(&mut self, now: Instant, net: &mut Net) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Transmit { flow, bytes } => {
                    net.send(
                        now,
                        Datagram {
                            from: self.sip,
                            to: flow.remote,
                            bytes,
                        },
                    );
                }
                Output::Event(event) => self.event(now, event),
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Answered { response, .. } => {
                self.state = State::Talking;
                self.remote_rtp = Sdp::parse(&response.body).ok().and_then(|sdp| {
                    let media = sdp.media.first()?;
                    Some(SocketAddr::new(sdp.connection_of(media)?.ip()?, media.port))
                });
                self.next_packet = Some(now);
                let act = match self.plan {
                    Plan::HangUpEarly | Plan::Cancel => Some((300, Act::HangUp)),
                    Plan::HangUpWhileRecorded => Some((6_000, Act::HangUp)),
                    Plan::Vanish => Some((3_000, Act::Vanish)),
                    Plan::HoldAndResume => Some((1_000, Act::Hold)),
                    _ => None,
                };
                self.next_act = act.map(|(ms, act)| (now + Duration::from_millis(ms), act));
            }
            Event::Failed { response, .. } => {
                self.over(State::Failed(response.map(|response| response.status)))
            }
            Event::Ended { .. } => self.over(State::Ended),
            _ => {}
        }
    }

    /// A 20 ms packet of a tone, or of silence once everything is said.
    fn speak(&mut self, now: Instant, net: &mut Net) {
        self.next_packet = Some(now + Duration::from_millis(20));
        let Some(to) = self.remote_rtp else { return };
        self.packets += 1;
        let payload: Vec<u8> = (0..160u32)
            .map(|at| {
                let phase = f64::from(self.packets * 160 + at) / 8_000.0;
                let loud = self.packets < self.spoken;
                let sample = if loud {
                    (phase * 440.0 * std::f64::consts::TAU).sin() * 8_000.0
                } else {
                    0.0
                };
                obelus::codec::g711::mulaw_encode(sample as i16)
            })
            .collect();
        let header = Header {
            marker: self.packets == 1,
            payload_type: 0,
            sequence: self.packets as u16,
            timestamp: self.packets * 160,
            ssrc: self.ssrc,
        };
        let bytes = [header.to_bytes().as_slice(), &payload].concat();
        net.send(
            now,
            Datagram {
                from: self.rtp,
                to,
                bytes,
            },
        );
    }
}
