//! What a leg receives: who is listened to, digits, the recording, and the count of it all.

use super::echo::Echo;
use super::latch::{Latch, Verdict};
use super::leg::Sink;
use super::level::Level;
use super::listener::Listener;
use super::recorder::Recorder;
use super::{Direction, Event, LegId, RecordEnd, RecordOptions, RecordingId, Session};
use crate::codec::Codec;
use crate::limits;
use crate::rtp::jitter::{Content, Incoming};
use crate::rtp::packet::{Packet, COMFORT_NOISE};
use crate::rtp::reception::Reception;
use crate::rtp::telephone_event::{self, Heard, TelephoneEvent};
use crate::time::Instant;
use std::net::SocketAddr;
use zeroize::Zeroizing;

/// The receiving half of a leg whose session is agreed.
pub struct Receiver {
    leg: LegId,
    payload_types: PayloadTypes,
    direction: Direction,
    latch: Latch,
    /// Packets of a source on probation, to be taken in when it is believed.
    waiting: Vec<(Instant, Zeroizing<Vec<u8>>)>,
    reception: Reception,
    events: telephone_event::Receiver,
    event_ssrc: u32,
    /// The digit that is down has ended a recording and is not told again.
    swallow_digit: bool,
    recorder: Option<Recorder>,
    echo: Option<Box<Echo>>,
    listener: Option<Box<Listener>>,
    level: Level,
    ignored: u64,
    concealed: u64,
    last_packet: Instant,
    silence_told: bool,
}

/// What the payload types of a session mean.
#[derive(Clone, Copy, Debug)]
struct PayloadTypes {
    codec: Codec,
    audio: u8,
    event: Option<u8>,
}

enum Kind {
    Audio(Codec),
    Event,
    Noise,
}

impl PayloadTypes {
    fn new(session: &Session) -> Self {
        PayloadTypes {
            codec: session.codec,
            audio: session.payload_type,
            event: session.event_payload_type,
        }
    }

    fn kind(&self, payload_type: u8) -> Option<Kind> {
        if self.event == Some(payload_type) {
            Some(Kind::Event)
        } else if payload_type == COMFORT_NOISE {
            Some(Kind::Noise)
        } else {
            self.codec(payload_type).map(Kind::Audio)
        }
    }

    /// Beside the codec agreed, the other law by its static type: gateways are known to switch without asking.
    fn codec(&self, payload_type: u8) -> Option<Codec> {
        if payload_type == self.audio {
            return Some(self.codec);
        }
        Codec::ALL
            .into_iter()
            .find(|codec| codec.payload_type() == payload_type)
    }
}

impl Receiver {
    /// Listens to what was agreed.
    pub fn new(leg: LegId, session: &Session, now: Instant) -> Self {
        Receiver {
            leg,
            payload_types: PayloadTypes::new(session),
            direction: session.direction,
            latch: Latch::new(session.remote),
            waiting: Vec::new(),
            reception: Reception::default(),
            events: telephone_event::Receiver::default(),
            event_ssrc: 0,
            swallow_digit: false,
            recorder: None,
            echo: None,
            listener: None,
            level: Level::default(),
            ignored: 0,
            concealed: 0,
            last_packet: now,
            silence_told: false,
        }
    }

    /// Something else was agreed.
    pub fn negotiated(&mut self, now: Instant, session: &Session) {
        self.payload_types = PayloadTypes::new(session);
        if let Some(echo) = &mut self.echo {
            echo.negotiated(session.codec);
        }
        self.latch.signalled(now, session.remote);
        if !self.may_receive() {
            // The time on hold is no silence of the peer's.
            self.last_packet = now;
        }
        self.direction = session.direction;
    }

    /// To whom it listens.
    pub fn latch(&self) -> &Latch {
        &self.latch
    }

    /// The figures that a report is made of.
    pub fn reception(&mut self) -> &mut Reception {
        &mut self.reception
    }

    /// Packets that were not the peer's.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// One more of them, from the RTCP port.
    pub fn ignore(&mut self) {
        self.ignored += 1;
    }

    /// Frames made up.
    pub fn concealed(&self) -> u64 {
        self.concealed + self.recorder.as_ref().map_or(0, Recorder::concealed)
    }

    /// Loudness of what came.
    pub fn level(&mut self, now: Instant) -> f32 {
        self.level.peak(now)
    }

    /// Takes in a datagram from the RTP port.
    pub fn receive(&mut self, at: Instant, source: SocketAddr, bytes: &[u8], sink: &mut Sink) {
        let Ok(packet) = Packet::parse(bytes) else {
            self.ignored += 1;
            return;
        };
        let Some(kind) = self.payload_types.kind(packet.payload_type) else {
            self.ignored += 1;
            return;
        };
        match self.latch.judge(at, source, packet.ssrc, packet.sequence) {
            Verdict::Accept => {}
            Verdict::Ignore => {
                self.ignored += 1;
                return;
            }
            verdict @ (Verdict::First | Verdict::Wait) => {
                if verdict == Verdict::First {
                    self.ignored += self.waiting.len() as u64;
                    self.waiting.clear();
                }
                self.waiting.push((at, Zeroizing::new(bytes.to_vec())));
                return;
            }
            Verdict::Latched => {
                tracing::debug!(leg = self.leg.0, %source, "latched");
                for (at, bytes) in std::mem::take(&mut self.waiting) {
                    self.replay(at, packet.ssrc, &bytes, sink);
                }
            }
        }
        self.accept(at, &packet, kind, sink);
    }

    /// A packet of a probation that was passed. Those of another source, whose probation was cut short, are not
    /// the peer's.
    fn replay(&mut self, at: Instant, ssrc: u32, bytes: &[u8], sink: &mut Sink) {
        let packet = Packet::parse(bytes).ok().filter(|packet| packet.ssrc == ssrc);
        let kind = packet.and_then(|packet| self.payload_types.kind(packet.payload_type));
        match (packet, kind) {
            (Some(packet), Some(kind)) => self.accept(at, &packet, kind, sink),
            _ => self.ignored += 1,
        }
    }

    fn accept(&mut self, at: Instant, packet: &Packet<'_>, kind: Kind, sink: &mut Sink) {
        self.last_packet = self.last_packet.max(at);
        self.silence_told = false;
        let content = match kind {
            Kind::Audio(codec) => {
                self.level.add(at, codec.peak(packet.payload));
                if let Some(echo) = &mut self.echo {
                    echo.hear(packet.ssrc, packet.sequence, codec, packet.payload);
                }
                if let Some(listener) = &mut self.listener {
                    listener.hear(at, codec, packet.payload);
                }
                Content::Audio {
                    payload_type: packet.payload_type,
                    payload: packet.payload,
                }
            }
            Kind::Noise => Content::Noise,
            Kind::Event => {
                let Some(event) = TelephoneEvent::parse(packet.payload) else {
                    self.ignored += 1;
                    return;
                };
                // The timestamps of another source mean nothing to those before.
                let changed = std::mem::replace(&mut self.event_ssrc, packet.ssrc) != packet.ssrc;
                let ended = if changed { self.events.reset() } else { None };
                let told = self.events.receive(at, packet.timestamp, event);
                for heard in ended.into_iter().chain(told) {
                    self.hear(heard, sink);
                }
                Content::Event {
                    duration: event.duration,
                }
            }
        };
        let is_audio = matches!(content, Content::Audio { .. });
        let timestamp = is_audio.then_some(packet.timestamp);
        self.reception
            .receive(at, packet.ssrc, packet.sequence, timestamp);

        if let Some(recorder) = &mut self.recorder {
            let types = self.payload_types;
            let incoming = Incoming {
                at,
                ssrc: packet.ssrc,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                content,
            };
            let end = recorder.receive(incoming, |payload_type| types.codec(payload_type), sink);
            self.end_recording_if(end, sink);
        }
    }

    fn hear(&mut self, heard: Heard, sink: &mut Sink) {
        match heard {
            Heard::Began { digit } => {
                let ends = self.recorder.as_ref().is_some_and(|r| r.is_terminator(digit));
                self.swallow_digit = ends;
                self.end_recording_if(ends.then_some(RecordEnd::Digit(digit)), sink);
            }
            Heard::Ended { digit, duration } => {
                if !std::mem::take(&mut self.swallow_digit) {
                    match &mut self.echo {
                        Some(echo) if echo.ends_at(digit) => self.echo = None,
                        Some(echo) => echo.press(digit, duration),
                        None => {}
                    }
                    sink.events.push_back(Event::Digit {
                        leg: self.leg,
                        digit,
                        duration,
                    });
                }
            }
        }
    }

    /// Lets time pass.
    pub fn tick(&mut self, now: Instant, sink: &mut Sink) {
        if let Some(heard) = self.events.expire(now) {
            self.hear(heard, sink);
        }
        if let Some(recorder) = &mut self.recorder {
            let types = self.payload_types;
            let end = recorder.tick(now, |payload_type| types.codec(payload_type), sink);
            self.end_recording_if(end, sink);
        }
        if let Some(heard) = self.listener.take_if(|listener| listener.has_heard(now)) {
            sink.events.push_back(Event::Heard {
                leg: self.leg,
                listening: heard.listening(),
            });
        }
        let quiet = now.since(self.last_packet);
        if self.may_receive() && !self.silence_told && quiet >= limits::MEDIA_TIMEOUT {
            self.silence_told = true;
            sink.events.push_back(Event::Silent { leg: self.leg });
        }
    }

    fn may_receive(&self) -> bool {
        matches!(self.direction, Direction::SendRecv | Direction::RecvOnly)
    }

    /// Sends what comes back, or does so no more.
    pub fn echo(&mut self, echo: Option<Echo>) {
        self.echo = echo.map(Box::new);
    }

    /// What is on its way back.
    pub fn echoing(&mut self) -> Option<&mut Echo> {
        self.echo.as_deref_mut()
    }

    /// Listens, or does so no more.
    pub fn listen(&mut self, listener: Option<Listener>) {
        self.listener = listener.map(Box::new);
    }

    /// Starts a recording; one that goes on is ended first, as if it had been stopped.
    pub fn record(&mut self, now: Instant, recording: RecordingId, options: RecordOptions, sink: &mut Sink) {
        self.end_recording_if(Some(RecordEnd::Stopped), sink);
        self.recorder = Some(Recorder::new(self.leg, recording, options, now));
    }

    /// What is being recorded.
    pub fn recording(&self) -> Option<RecordingId> {
        self.recorder.as_ref().map(Recorder::recording)
    }

    /// Ends the recording, where there is a reason and a recording.
    pub fn end_recording_if(&mut self, end: Option<RecordEnd>, sink: &mut Sink) {
        let Some(end) = end else { return };
        if let Some(recorder) = self.recorder.take() {
            let types = self.payload_types;
            self.concealed += recorder.finish(end, |payload_type| types.codec(payload_type), sink);
        }
    }

    /// The leg closes: the recording ends, and a digit that is down is told.
    pub fn close(&mut self, sink: &mut Sink) {
        if let Some(heard) = self.events.reset() {
            self.hear(heard, sink);
        }
        self.end_recording_if(Some(RecordEnd::Closed), sink);
    }
}
