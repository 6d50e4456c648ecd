//! The non-INVITE client transaction (RFC 3261 17.1.2). It repeats the request until a final response comes.

use super::timers::{Base, Timer, TimerTable};
use super::{Output, Outputs};
use crate::time::{Duration, Instant};
use smallvec::smallvec;

/// One request of ours that is neither INVITE nor ACK.
#[derive(Debug)]
pub struct Client {
    state: State,
    timers: TimerTable,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing heard; holds the request and the interval until its next repetition.
    Trying(Vec<u8>, Duration),
    /// A provisional response came; the request is repeated at T2, since the final one may be lost.
    Proceeding(Vec<u8>),
    /// Absorbs repeated final responses.
    Completed,
    Terminated,
}

/// What may happen to the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A response with this status.
    Response(u16),
    /// Time has passed.
    Timeout,
    /// The transport cannot send any more.
    TransportError,
}

impl Client {
    /// Begins with sending `request`.
    pub fn start(now: Instant, base: &Base, reliable: bool, request: Vec<u8>) -> (Self, Outputs) {
        let mut timers = TimerTable::default();
        timers.set(Timer::F, now + base.patience());
        // Over a stream nothing is repeated, so nothing is kept.
        let kept = if reliable {
            Vec::new()
        } else {
            timers.set(Timer::E, now + base.t1);
            request.clone()
        };
        let client = Client {
            state: State::Trying(kept, base.t1),
            timers,
            reliable,
        };
        (client, smallvec![Output::Transmit(request)])
    }

    /// When `Input::Timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Takes one step.
    pub fn handle(&mut self, now: Instant, base: &Base, input: Input) -> Outputs {
        match (&mut self.state, input) {
            (State::Trying(request, _), Input::Response(..=199)) => {
                self.state = State::Proceeding(std::mem::take(request));
                smallvec![Output::Deliver]
            }
            (State::Proceeding(_), Input::Response(..=199)) => smallvec![Output::Deliver],
            (State::Trying(..) | State::Proceeding(_), Input::Response(_)) => self.complete(now, base),
            (State::Trying(..) | State::Proceeding(_), Input::TransportError) => {
                self.terminate();
                smallvec![Output::TimedOut, Output::Ended]
            }
            (State::Completed, Input::TransportError) => {
                self.terminate();
                smallvec![Output::Ended]
            }
            (_, Input::Timeout) => self.expire(now, base),
            _ => smallvec![],
        }
    }

    fn complete(&mut self, now: Instant, base: &Base) -> Outputs {
        self.timers.clear_all();
        if self.reliable {
            self.state = State::Terminated;
            return smallvec![Output::Deliver, Output::Ended];
        }
        self.timers.set(Timer::K, now + base.t4);
        self.state = State::Completed;
        smallvec![Output::Deliver]
    }

    fn expire(&mut self, now: Instant, base: &Base) -> Outputs {
        let mut outputs = Outputs::new();
        while let Some(timer) = self.timers.expired(now) {
            match (timer, &mut self.state) {
                (Timer::E, State::Trying(request, interval)) => {
                    outputs.push(Output::Transmit(request.clone()));
                    *interval = base.next_interval(*interval);
                    self.timers.set(Timer::E, now + *interval);
                }
                (Timer::E, State::Proceeding(request)) => {
                    outputs.push(Output::Transmit(request.clone()));
                    self.timers.set(Timer::E, now + base.t2);
                }
                (Timer::F, _) => {
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
