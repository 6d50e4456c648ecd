//! The INVITE server transaction (RFC 3261 17.2.1, amended by RFC 6026 7.1).
//!
//! It absorbs repeated INVITEs and repeats our last response; after a refusal it repeats that until the ACK
//! comes. `Accepted` exists because a copy of the INVITE may arrive after our 2xx and must not ring a second
//! time. Not here: repeating the 2xx itself, which travels end to end; only the call sees the ACK that stops it.

use super::timers::{Base, Timer, TimerTable};
use super::{Output, Outputs};
use crate::time::{Duration, Instant};
use smallvec::smallvec;

/// One INVITE received.
#[derive(Debug)]
pub struct ServerInvite {
    state: State,
    timers: TimerTable,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Not answered finally; holds the last provisional response.
    Proceeding(Option<Vec<u8>>),
    /// Refused; holds the response and the interval until its next repetition.
    Completed(Vec<u8>, Duration),
    /// Refused and acknowledged; absorbs further ACKs.
    Confirmed,
    /// Answered with a 2xx; absorbs further INVITEs.
    Accepted,
    Terminated,
}

/// What may happen to the transaction.
#[derive(Debug)]
pub enum Input {
    /// The INVITE came again.
    Invite,
    /// An ACK with the transaction's branch.
    Ack,
    /// The user answers.
    Respond {
        /// The status of the response.
        status: u16,
        /// The whole response.
        bytes: Vec<u8>,
    },
    /// Time has passed.
    Timeout,
    /// The transport cannot send any more.
    TransportError,
}

impl ServerInvite {
    /// The transaction that an INVITE begins. `reliable`: it came over a stream.
    pub fn new(reliable: bool) -> Self {
        ServerInvite {
            state: State::Proceeding(None),
            timers: TimerTable::default(),
            reliable,
        }
    }

    /// When `Input::Timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether no final response has been given.
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding(_))
    }

    /// Takes one step.
    pub fn handle(&mut self, now: Instant, base: &Base, input: Input) -> Outputs {
        match (&mut self.state, input) {
            (State::Proceeding(Some(last)), Input::Invite) => smallvec![Output::Transmit(last.clone())],
            (State::Completed(last, _), Input::Invite) => smallvec![Output::Transmit(last.clone())],
            (State::Proceeding(_), Input::Respond { status, bytes }) => {
                self.respond(now, base, status, bytes)
            }
            // The core repeats its 2xx through the transaction's transport (RFC 6026 7.1).
            (
                State::Accepted,
                Input::Respond {
                    status: 200..=299,
                    bytes,
                },
            ) => {
                smallvec![Output::Transmit(bytes)]
            }
            (State::Completed(..), Input::Ack) => self.acknowledged(now, base),
            // The ACK of a 2xx has a branch of its own, except from peers older than RFC 3261.
            (State::Accepted, Input::Ack) => smallvec![Output::Deliver],
            (_, Input::Timeout) => self.expire(now, base),
            (State::Proceeding(_) | State::Completed(..), Input::TransportError) => {
                self.terminate();
                smallvec![Output::TimedOut, Output::Ended]
            }
            _ => smallvec![],
        }
    }

    fn respond(&mut self, now: Instant, base: &Base, status: u16, bytes: Vec<u8>) -> Outputs {
        match status {
            ..=199 => self.state = State::Proceeding(Some(bytes.clone())),
            200..=299 => {
                self.timers.set(Timer::L, now + base.patience());
                self.state = State::Accepted;
            }
            _ => {
                self.timers.set(Timer::H, now + base.patience());
                if !self.reliable {
                    self.timers.set(Timer::G, now + base.t1);
                }
                self.state = State::Completed(bytes.clone(), base.t1);
            }
        }
        smallvec![Output::Transmit(bytes)]
    }

    fn acknowledged(&mut self, now: Instant, base: &Base) -> Outputs {
        self.timers.clear_all();
        if self.reliable {
            self.state = State::Terminated;
            return smallvec![Output::Ended];
        }
        self.timers.set(Timer::I, now + base.t4);
        self.state = State::Confirmed;
        smallvec![]
    }

    fn expire(&mut self, now: Instant, base: &Base) -> Outputs {
        let mut outputs = Outputs::new();
        while let Some(timer) = self.timers.expired(now) {
            match (timer, &mut self.state) {
                (Timer::G, State::Completed(response, interval)) => {
                    outputs.push(Output::Transmit(response.clone()));
                    *interval = base.next_interval(*interval);
                    self.timers.set(Timer::G, now + *interval);
                }
                (Timer::H, _) => {
                    self.terminate();
                    outputs.extend([Output::TimedOut, Output::Ended]);
                }
                _ => {
                    self.terminate();
                    outputs.push(Output::Ended);
                }
            }
        }
        outputs
    }

    fn terminate(&mut self) {
        self.timers.clear_all();
        self.state = State::Terminated;
    }
}
