//! A worker: many legs on one tick.
//!
//! A value without thread or clock. Whoever drives it hands in commands and the time, then drains audio and
//! events, audio first, so that a recording's last samples are had before its end is told.

use super::io::{Arrival, MediaIo, Pair};
use super::leg::{Leg, Outlet, Sink};
use super::listener::Listener;
use super::player::Player;
use super::{AudioChunk, Command, Event, LegId, RecordEnd, RecordingId};
use crate::rng::Rng;
use crate::time::Instant;
use std::collections::HashMap;
use std::net::IpAddr;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// Legs, and what they have to say.
pub struct Worker {
    io: Box<dyn MediaIo>,
    rng: Rng,
    /// Legs at the index of their pair of ports, so that a datagram finds its leg without a search.
    legs: Vec<Option<Box<Leg>>>,
    by_id: HashMap<LegId, Pair>,
    sink: Sink,
}

/// What a worker holds, for tests that nothing is left over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open legs.
    pub legs: usize,
    /// Recordings under way.
    pub recordings: usize,
    /// Plays under way.
    pub plays: usize,
}

impl Worker {
    /// A worker without legs.
    pub fn new(io: Box<dyn MediaIo>, rng: Rng) -> Self {
        Worker {
            io,
            rng,
            legs: Vec::new(),
            by_id: HashMap::new(),
            sink: Sink::default(),
        }
    }

    /// Obeys at once; what has to be sent goes out with the next tick. A command for a leg that is not there is
    /// left aside: the control plane may have sent it before it heard of the leg's end.
    pub fn command(&mut self, now: Instant, command: Command) {
        // What came before a recording or a listening begins is not in it, and what came before it ends is.
        if let Command::Record { leg, .. }
        | Command::StopRecord { leg }
        | Command::Listen { leg, .. }
        | Command::Close { leg } = &command
        {
            if let Some(&pair) = self.by_id.get(leg) {
                self.take_in(now, Some(pair));
            }
        }
        match command {
            Command::Open { leg, address, port } => self.open(now, leg, address, port),
            Command::Close { leg } => self.close(now, leg),
            Command::Negotiated { leg, session } => {
                self.with(now, leg, |leg, out| leg.negotiated(session, out))
            }
            Command::Play {
                leg,
                play,
                sounds,
                repeat,
            } => self.with(now, leg, |leg, out| {
                leg.play(Player::new(play, sounds, repeat), out)
            }),
            Command::StopPlay { leg } => self.with(now, leg, |leg, out| leg.stop_play(out)),
            Command::Record {
                leg,
                recording,
                options,
            } => self.with(now, leg, |leg, out| leg.record(recording, options, out)),
            Command::StopRecord { leg } => {
                self.with(now, leg, |leg, out| {
                    leg.end_recording(RecordEnd::Stopped, out.sink)
                });
            }
            Command::SendDigits {
                leg,
                sending,
                digits,
                length,
                gap,
            } => self.with(now, leg, |leg, out| {
                leg.send_digits(sending, &digits, length, gap, out)
            }),
            Command::StopDigits { leg } => self.with(now, leg, |leg, out| leg.stop_digits(out)),
            Command::Echo { leg, until } => self.with(now, leg, |leg, out| leg.echo(until, out)),
            Command::StopEcho { leg } => self.with(now, leg, |leg, _| leg.stop_echo()),
            Command::Listen {
                leg,
                listening,
                silence,
                lasting,
            } => {
                let listener = Listener::new(listening, silence, lasting, now);
                self.with(now, leg, |leg, _| leg.listen(Some(listener)));
            }
            Command::StopListen { leg } => self.with(now, leg, |leg, _| leg.listen(None)),
            Command::Report { leg } => self.with(now, leg, |leg, out| leg.report(out)),
        }
    }

    /// Takes in what has come and sends what is due. To be called every 20 ms; a late call is caught up with.
    pub fn tick(&mut self, now: Instant) {
        self.take_in(now, None);
        for index in 0..self.legs.len() {
            self.run(now, Pair(index as u32), |leg, out| leg.tick(out));
        }
    }

    /// Takes in what has come to one pair, or to each as much as a tick allows.
    fn take_in(&mut self, now: Instant, pair: Option<Pair>) {
        let Worker { io, legs, sink, .. } = self;
        let mut broken = Vec::new();
        let mut each = |arrival: Arrival<'_>| {
            let Some(Some(leg)) = legs.get_mut(arrival.pair.0 as usize) else {
                return;
            };
            if catch_unwind(AssertUnwindSafe(|| leg.receive(&arrival, sink))).is_err() {
                broken.push(arrival.pair);
            }
        };
        match pair {
            Some(pair) => io.receive_pair(now, pair, &mut each),
            None => io.receive(now, &mut each),
        }
        for pair in broken {
            self.bury(now, pair);
        }
    }

    /// The oldest event that was not taken yet.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.sink.events.pop_front()
    }

    /// The oldest audio that was not taken yet. To be drained before the events.
    pub fn poll_audio(&mut self) -> Option<AudioChunk> {
        self.sink.audio.pop_front()
    }

    /// Ends a recording whose audio nobody can take; what of it was not taken yet is wiped.
    pub fn overrun(&mut self, now: Instant, recording: RecordingId) {
        self.sink.audio.retain(|chunk| chunk.recording != recording);
        // Where its end is on the way already, that end is no longer true.
        for event in &mut self.sink.events {
            match event {
                Event::Recorded {
                    recording: r, end, ..
                } if *r == recording => *end = RecordEnd::Overrun,
                _ => {}
            }
        }
        let mut legs = self.legs.iter().flatten();
        if let Some(leg) = legs.find(|leg| leg.recording() == Some(recording)) {
            let leg = leg.id();
            self.with(now, leg, |leg, out| {
                leg.end_recording(RecordEnd::Overrun, out.sink)
            });
        }
    }

    /// Closes every leg, each as `Command::Close` does.
    pub fn close_all(&mut self, now: Instant) {
        let mut legs: Vec<LegId> = self.by_id.keys().copied().collect();
        legs.sort_unstable();
        for leg in legs {
            self.command(now, Command::Close { leg });
        }
    }

    /// What there is.
    pub fn counts(&self) -> Counts {
        let legs = || self.legs.iter().flatten();
        Counts {
            legs: legs().count(),
            recordings: legs().filter(|leg| leg.recording().is_some()).count(),
            plays: legs().filter(|leg| leg.is_playing()).count(),
        }
    }

    fn open(&mut self, now: Instant, id: LegId, address: IpAddr, port: u16) {
        let opened = if self.by_id.contains_key(&id) {
            Err("this leg is open already".to_owned())
        } else {
            self.io
                .open(address, port)
                .map_err(|error| format!("{address} port {port}: {error}"))
        };
        let result = opened.map(|pair| {
            let index = pair.0 as usize;
            if self.legs.len() <= index {
                self.legs.resize_with(index + 1, || None);
            }
            self.legs[index] = Some(Box::new(Leg::new(id, &mut self.rng, now)));
            self.by_id.insert(id, pair);
        });
        self.sink.events.push_back(Event::Opened { leg: id, result });
    }

    fn close(&mut self, now: Instant, id: LegId) {
        let Some(&pair) = self.by_id.get(&id) else {
            tracing::debug!(leg = id.0, "a leg that is not there was to be closed");
            return;
        };
        self.run(now, pair, |leg, out| leg.close(out));
        self.remove(now, pair);
    }

    /// Frees a leg's ports and tells that it is gone.
    fn remove(&mut self, now: Instant, pair: Pair) {
        let slot = self.legs.get_mut(pair.0 as usize);
        if let Some(mut leg) = slot.and_then(Option::take) {
            self.by_id.remove(&leg.id());
            self.io.close(pair);
            self.sink.events.push_back(Event::Closed {
                leg: leg.id(),
                stats: leg.stats(now),
            });
        }
    }

    fn with(&mut self, now: Instant, id: LegId, act: impl FnOnce(&mut Leg, &mut Outlet<'_>)) {
        match self.by_id.get(&id) {
            Some(&pair) => self.run(now, pair, act),
            None => tracing::debug!(leg = id.0, "a command for a leg that is not there"),
        }
    }

    /// Lets a leg do something. A panic in it ends this leg alone.
    fn run(&mut self, now: Instant, pair: Pair, act: impl FnOnce(&mut Leg, &mut Outlet<'_>)) {
        let Some(Some(leg)) = self.legs.get_mut(pair.0 as usize) else {
            return;
        };
        let mut out = Outlet {
            now,
            io: &mut *self.io,
            pair,
            rng: &mut self.rng,
            sink: &mut self.sink,
        };
        if catch_unwind(AssertUnwindSafe(|| act(leg, &mut out))).is_err() {
            self.bury(now, pair);
        }
    }

    /// A leg panicked: its state is not to be trusted, so it is closed without being asked for more.
    fn bury(&mut self, now: Instant, pair: Pair) {
        if let Some(Some(leg)) = self.legs.get(pair.0 as usize) {
            tracing::error!(leg = leg.id().0, "a leg panicked and was closed");
            if let Some(recording) = leg.recording() {
                // What was handed over before is still good; how much that was, the vault knows.
                self.sink.events.push_back(Event::Recorded {
                    leg: leg.id(),
                    recording,
                    end: RecordEnd::Overrun,
                    samples: 0,
                });
            }
        }
        self.remove(now, pair);
    }
}
