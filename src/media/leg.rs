//! A leg: one RTP session of one call.

use super::io::{Arrival, MediaIo, Pair};
use super::player::Player;
use super::sender::Sender;
use super::{AudioChunk, Event, LegId, LegStats, PlayId, Session, Sound};
use crate::rng::Rng;
use crate::time::Instant;
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
    session: Option<Session>,
    sender: Sender,
}

impl Leg {
    /// A leg whose ports are open and whose session is yet to be agreed.
    pub fn new(id: LegId, rng: &mut Rng, now: Instant) -> Self {
        Leg {
            id,
            session: None,
            sender: Sender::new(id, rng, now),
        }
    }

    /// Its name.
    pub fn id(&self) -> LegId {
        self.id
    }

    /// `Command::Negotiated`.
    pub fn negotiated(&mut self, now: Instant, session: Session) {
        self.sender.start(now);
        self.session = Some(session);
    }

    /// `Command::Play`.
    pub fn play(&mut self, play: PlayId, sounds: Vec<Sound>, out: &mut Outlet<'_>) {
        self.sender.play(Player::new(play, sounds), &mut out.sink.events);
    }

    /// `Command::StopPlay`.
    pub fn stop_play(&mut self, out: &mut Outlet<'_>) {
        self.sender.stop_play(&mut out.sink.events);
    }

    /// `Command::SendDigits`.
    pub fn send_digits(&mut self, digits: &str) {
        self.sender.send_digits(digits);
    }

    /// `Command::Report`.
    pub fn report(&mut self, out: &mut Outlet<'_>) {
        let stats = self.stats(out.now);
        out.sink.events.push_back(Event::Report { leg: self.id, stats });
    }

    /// `Command::Close`: everything that goes on ends, and each end is told.
    pub fn close(&mut self, out: &mut Outlet<'_>) {
        self.sender.stop_play(&mut out.sink.events);
    }

    /// Whether something plays.
    pub fn is_playing(&self) -> bool {
        self.sender.is_playing()
    }

    /// Takes in a datagram.
    pub fn receive(&mut self, _arrival: &Arrival<'_>, _sink: &mut Sink) {}

    /// Sends what is due.
    pub fn tick(&mut self, out: &mut Outlet<'_>) {
        if let Some(session) = &self.session {
            self.sender.tick(session, session.remote, out);
        }
    }

    /// What it has done.
    pub fn stats(&mut self, now: Instant) -> LegStats {
        LegStats {
            sent: self.sender.sent().packets,
            level_out: self.sender.level(now),
            ..LegStats::default()
        }
    }
}
