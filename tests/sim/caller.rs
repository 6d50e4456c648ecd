//! A caller in the simulation: a SIP client over the same endpoint, which sends tones as RTP and behaves as callers do.

use super::net::{Datagram, Net};
use obelus::rng::Rng;
use obelus::rtp::packet::{Header, Packet};
use obelus::rtp::telephone_event::{self, TelephoneEvent};
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
    /// Calls the echo: speaks, presses 5 and then #, sends a text, and is told one.
    Converse,
    /// Sends far more texts than anybody reads.
    FloodTexts,
}

impl Plan {
    /// Those that call the memo line.
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
    sequence: u16,
    /// The audio that was sent with a tone in it, and what came that was no silence, packet by packet.
    pub said: Vec<Vec<u8>>,
    pub heard: Vec<Vec<u8>>,
    /// The digits that came, each by its timestamp.
    pub digits: Vec<(u32, char)>,
    pub texts: Vec<String>,
    /// What our texts were answered.
    pub answers: Vec<Option<u16>>,
}

/// Texts of a flood.
pub const FLOOD: u64 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Invite,
    Cancel,
    HangUp,
    Vanish,
    Hold,
    Resume,
    Press(char),
    Text,
    Flood,
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
            spoken: match plan {
                Plan::Converse => 100,
                _ => 300 + rng.below(200) as u32,
            },
            endpoint: Endpoint::new(config, rng.fork()),
            sequence: 0,
            said: Vec::new(),
            heard: Vec::new(),
            digits: Vec::new(),
            texts: Vec::new(),
            answers: Vec::new(),
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
        if self.state == State::Vanished {
            return;
        }
        if datagram.to == self.rtp {
            return self.hear(&datagram.bytes);
        }
        if datagram.to != self.sip {
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
                self.act(now, act, net);
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

    fn act(&mut self, now: Instant, act: Act, net: &mut Net) {
        match act {
            Act::Invite => {
                let did = match self.plan {
                    Plan::WrongNumber => "nobody",
                    Plan::Converse => "5550101",
                    Plan::FloodTexts => "5550102",
                    _ => "5550100",
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
                    self.act(now, Act::HangUp, net);
                }
            }
            Act::HangUp => {
                if let Some(call) = self.call {
                    self.endpoint.bye(now, call, None);
                    self.over(State::Ended);
                }
            }
            Act::Vanish => self.over(State::Vanished),
            Act::Press(digit) => {
                self.press(now, digit, net);
                let next = if digit == '5' { Act::Press('#') } else { Act::Text };
                self.next_act = Some((now + Duration::from_secs(2), next));
            }
            Act::Text => self.text(now, 0, "good day"),
            Act::Flood => {
                for number in 0..FLOOD {
                    self.text(now, number, &format!("number {number} {}", "x".repeat(1_000)));
                }
            }
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
                    Plan::Converse => Some((3_000, Act::Press('5'))),
                    Plan::FloodTexts => Some((1_000, Act::Flood)),
                    _ => None,
                };
                self.next_act = act.map(|(ms, act)| (now + Duration::from_millis(ms), act));
            }
            Event::Failed { response, .. } => {
                self.over(State::Failed(response.map(|response| response.status)))
            }
            Event::Ended { .. } => self.over(State::Ended),
            Event::Message { tx, request, .. } => {
                self.texts
                    .push(String::from_utf8_lossy(&request.body).into_owned());
                self.endpoint.respond(now, tx, request.response(200));
            }
            Event::Messaged { status, .. } => self.answers.push(status),
            _ => {}
        }
    }

    fn text(&mut self, now: Instant, number: u64, text: &str) {
        if let Some(call) = self.call {
            let body = text.as_bytes().to_vec();
            self.endpoint.message(now, call, number, "text/plain", body);
        }
    }

    /// Takes in a packet of the switch's RTP.
    fn hear(&mut self, bytes: &[u8]) {
        let Ok(packet) = Packet::parse(bytes) else {
            return;
        };
        if packet.payload_type == 101 {
            let event = TelephoneEvent::parse(packet.payload).expect("an event");
            let digit = telephone_event::digit(event.event).expect("a digit");
            let heard = (packet.timestamp, digit);
            if event.end && !self.digits.contains(&heard) {
                self.digits.push(heard);
            }
        } else if packet.payload.iter().any(|&code| code != 0xff) {
            self.heard.push(packet.payload.to_vec());
        }
    }

    /// A key, held for a tenth of a second.
    fn press(&mut self, now: Instant, digit: char, net: &mut Net) {
        let timestamp = self.packets * 160;
        for n in 1..=8_u16 {
            let event = TelephoneEvent {
                event: telephone_event::code(digit).expect("a digit"),
                end: n > 5,
                volume: 10,
                duration: n.min(5) * 160,
            };
            self.send_rtp(now, n == 1, 101, timestamp, &event.to_bytes(), net);
        }
    }

    fn send_rtp(
        &mut self,
        now: Instant,
        marker: bool,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
        net: &mut Net,
    ) {
        let Some(to) = self.remote_rtp else { return };
        self.sequence = self.sequence.wrapping_add(1);
        let header = Header {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        let from = self.rtp;
        let bytes = [header.to_bytes().as_slice(), payload].concat();
        net.send(now, Datagram { from, to, bytes });
    }

    /// A 20 ms packet of a tone, or of silence once everything is said.
    fn speak(&mut self, now: Instant, net: &mut Net) {
        self.next_packet = Some(now + Duration::from_millis(20));
        self.packets += 1;
        let mut payload: Vec<u8> = (0..160u32)
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
        if self.packets < self.spoken {
            // So that no two packets are alike.
            payload[..4].copy_from_slice(&self.packets.to_be_bytes());
            self.said.push(payload.clone());
        }
        self.send_rtp(now, self.packets == 1, 0, self.packets * 160, &payload, net);
    }
}
