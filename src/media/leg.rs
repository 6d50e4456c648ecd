//! A leg: one RTP session of one call.

use super::echo::Echo;
use super::io::{Arrival, MediaIo, Pair, Stream};
use super::listener::Listener;
use super::player::Player;
use super::receiver::Receiver;
use super::reports::{Own, Reports};
use super::sender::Sender;
use super::{AudioChunk, Event, LegId, LegStats, RecordEnd, RecordOptions, RecordingId, SendingId, Session};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use std::collections::VecDeque;

/// Where a leg's events and audio go.
#[derive(Default)]
pub struct Sink {
    /// To the control plane.
    pub events: VecDeque<Event>,
    /// To the vault.
    pub audio: VecDeque<AudioChunk>,
}

/// All that a leg may touch while it runs.
pub struct Outlet<'a> {
    /// The time.
    pub now: Instant,
    /// The network.
    pub io: &'a mut dyn MediaIo,
    /// The leg's ports.
    pub pair: Pair,
    /// Randomness.
    pub rng: &'a mut Rng,
    /// Events and audio.
    pub sink: &'a mut Sink,
}

/// One RTP session.
pub struct Leg {
    id: LegId,
    agreed: Option<Agreed>,
    sender: Sender,
    reports: Reports,
    /// A recording that was asked for before the session was agreed.
    early_recording: Option<(RecordingId, RecordOptions)>,
}

/// What exists once the session is agreed.
struct Agreed {
    session: Session,
    receiver: Receiver,
}

impl Leg {
    /// A leg whose ports are open and whose session is yet to be agreed.
    pub fn new(id: LegId, rng: &mut Rng, now: Instant) -> Self {
        Leg {
            id,
            agreed: None,
            sender: Sender::new(id, rng, now),
            reports: Reports::new(rng),
            early_recording: None,
        }
    }

    /// Its name.
    pub fn id(&self) -> LegId {
        self.id
    }

    /// `Command::Negotiated`.
    pub fn negotiated(&mut self, session: Session, out: &mut Outlet<'_>) {
        self.sender.start(out.now);
        match &mut self.agreed {
            None => {
                self.reports.start(out.now, out.rng);
                let mut receiver = Receiver::new(self.id, &session, out.now);
                if let Some((recording, options)) = self.early_recording.take() {
                    receiver.record(out.now, recording, options, out.sink);
                }
                self.agreed = Some(Agreed { session, receiver });
            }
            Some(agreed) => {
                if agreed.session.remote != session.remote
                    || agreed.session.remote_rtcp != session.remote_rtcp
                {
                    self.reports.start(out.now, out.rng);
                }
                agreed.receiver.negotiated(out.now, &session);
                agreed.session = session;
            }
        }
    }

    /// `Command::Play`.
    pub fn play(&mut self, player: Player, out: &mut Outlet<'_>) {
        self.sender.play(player, &mut out.sink.events);
    }

    /// `Command::StopPlay`.
    pub fn stop_play(&mut self, out: &mut Outlet<'_>) {
        self.sender.stop_play(&mut out.sink.events);
    }

    /// `Command::SendDigits`.
    pub fn send_digits(
        &mut self,
        sending: SendingId,
        digits: &str,
        length: Duration,
        gap: Duration,
        out: &mut Outlet<'_>,
    ) {
        let events = &mut out.sink.events;
        self.sender.send_digits(sending, digits, length, gap, events);
    }

    /// `Command::StopDigits`.
    pub fn stop_digits(&mut self, out: &mut Outlet<'_>) {
        self.sender.stop_digits(&mut out.sink.events);
    }

    /// `Command::Echo`. Before a session is agreed there is nothing to send back, nor anywhere to send it.
    pub fn echo(&mut self, until: String, out: &mut Outlet<'_>) {
        self.sender.stop_play(&mut out.sink.events);
        if let Some(Agreed { session, receiver }) = &mut self.agreed {
            receiver.echo(Some(Echo::new(until, session.codec)));
        }
    }

    /// `Command::StopEcho`.
    pub fn stop_echo(&mut self) {
        if let Some(agreed) = &mut self.agreed {
            agreed.receiver.echo(None);
        }
    }

    /// `Command::Listen` and `Command::StopListen`. Before a session is agreed nobody can be heard.
    pub fn listen(&mut self, listener: Option<Listener>) {
        if let Some(agreed) = &mut self.agreed {
            agreed.receiver.listen(listener);
        }
    }

    /// `Command::Record`. A recording that goes on is ended first.
    pub fn record(&mut self, recording: RecordingId, options: RecordOptions, out: &mut Outlet<'_>) {
        match &mut self.agreed {
            Some(agreed) => agreed.receiver.record(out.now, recording, options, out.sink),
            None => {
                self.end_recording(RecordEnd::Stopped, out.sink);
                self.early_recording = Some((recording, options));
            }
        }
    }

    /// Ends the recording, if there is one.
    pub fn end_recording(&mut self, end: RecordEnd, sink: &mut Sink) {
        if let Some((recording, _)) = self.early_recording.take() {
            sink.events.push_back(Event::Recorded {
                leg: self.id,
                recording,
                end,
                samples: 0,
            });
        }
        if let Some(agreed) = &mut self.agreed {
            agreed.receiver.end_recording_if(Some(end), sink);
        }
    }

    /// What is being recorded.
    pub fn recording(&self) -> Option<RecordingId> {
        let early = self.early_recording.as_ref().map(|(recording, _)| *recording);
        early.or_else(|| self.agreed.as_ref()?.receiver.recording())
    }

    /// Whether something plays.
    pub fn is_playing(&self) -> bool {
        self.sender.is_playing()
    }

    /// `Command::Report`.
    pub fn report(&mut self, out: &mut Outlet<'_>) {
        let stats = self.stats(out.now);
        out.sink.events.push_back(Event::Report { leg: self.id, stats });
    }

    /// `Command::Close`: everything that goes on ends, each end is told, and RTCP says BYE.
    pub fn close(&mut self, out: &mut Outlet<'_>) {
        self.sender.stop_play(&mut out.sink.events);
        self.sender.stop_digits(&mut out.sink.events);
        if let Some(agreed) = &mut self.agreed {
            agreed.receiver.close(out.sink);
        }
        self.end_recording(RecordEnd::Closed, out.sink);
        self.send_report(true, out);
    }

    /// Takes in a datagram.
    pub fn receive(&mut self, arrival: &Arrival<'_>, sink: &mut Sink) {
        // Early media from a peer whose SDP has not come yet cannot be told from a stranger's.
        let Some(Agreed { session, receiver }) = &mut self.agreed else {
            return;
        };
        match arrival.stream {
            Stream::Rtp => receiver.receive(arrival.at, arrival.source, arrival.bytes, sink),
            Stream::Rtcp => {
                let ours = self.sender.ssrc();
                let latch = receiver.latch();
                let (at, source, bytes) = (arrival.at, arrival.source, arrival.bytes);
                if !self.reports.receive(at, source, bytes, ours, session, latch) {
                    receiver.ignore();
                }
            }
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, out: &mut Outlet<'_>) {
        let Some(Agreed { session, receiver }) = &mut self.agreed else {
            return;
        };
        receiver.tick(out.now, out.sink);
        let to = receiver.latch().destination();
        self.sender.tick(session, to, receiver.echoing(), out);
        if self.reports.is_due(out.now, out.rng) {
            self.send_report(false, out);
            self.report(out);
        }
    }

    fn send_report(&mut self, bye: bool, out: &mut Outlet<'_>) {
        let Some(Agreed { session, receiver }) = &mut self.agreed else {
            return;
        };
        let sent = self.sender.sent();
        let own = Own {
            ssrc: self.sender.ssrc(),
            timestamp: self.sender.timestamp(out.now),
            packets: sent.packets,
            octets: sent.octets,
        };
        let block = receiver.reception().report();
        let bytes = self.reports.report(out.now, own, block, bye);
        let to = self.reports.destination(session, receiver.latch());
        out.io.send(out.now, out.pair, Stream::Rtcp, to, &bytes);
    }

    /// What it has done.
    pub fn stats(&mut self, now: Instant) -> LegStats {
        let remote = self.reports.remote();
        let mut stats = LegStats {
            sent: self.sender.sent().packets,
            level_out: self.sender.level(now),
            remote_loss: remote.map(|remote| remote.loss),
            remote_lost: remote.map(|remote| remote.lost),
            remote_jitter_ms: remote.map(|remote| remote.jitter_ms),
            round_trip_ms: self.reports.round_trip().map(|time| time.as_secs_f64() * 1_000.0),
            ..LegStats::default()
        };
        if let Some(Agreed { receiver, .. }) = &mut self.agreed {
            stats.level_in = receiver.level(now);
            stats.ignored = receiver.ignored();
            stats.concealed = receiver.concealed();
            let reception = receiver.reception();
            stats.received = reception.received();
            stats.lost = reception.lost();
            stats.jitter_ms = f64::from(reception.jitter_samples()) / 8.0;
        }
        stats
    }
}
