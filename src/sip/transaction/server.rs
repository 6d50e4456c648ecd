//! The non-INVITE server transaction (RFC 3261 17.2.2). It absorbs repeated requests and repeats our answer.

use super::timers::{Base, Timer, TimerTable};
use super::{Output, Outputs};
use crate::time::Instant;
use smallvec::smallvec;

/// One request received that is neither INVITE nor ACK.
#[derive(Debug)]
pub struct Server {
    state: State,
    timers: TimerTable,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing answered yet.
    Trying,
    /// Holds the last provisional response.
    Proceeding(Vec<u8>),
    /// Holds the final response, for requests that come again.
    Completed(Vec<u8>),
    Terminated,
}

/// What may happen to the transaction.
#[derive(Debug)]
pub enum Input {
    /// The request came again.
    Request,
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

impl Server {
    /// The transaction that a request begins. `reliable`: it came over a stream.
    ///
    /// Timer J runs from the start: once the client's timer F has fired nobody waits for an answer any more,
    /// and sending one does harm (RFC 4320 3.2). So a request that is never answered leaves nothing behind.
    pub fn new(now: Instant, base: &Base, reliable: bool) -> Self {
        let mut timers = TimerTable::default();
        timers.set(Timer::J, now + base.patience());
        Server {
            state: State::Trying,
            timers,
            reliable,
        }
    }

    /// When `Input::Timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Takes one step.
    pub fn handle(&mut self, now: Instant, base: &Base, input: Input) -> Outputs {
        match (&mut self.state, input) {
            (State::Proceeding(last) | State::Completed(last), Input::Request) => {
                smallvec![Output::Transmit(last.clone())]
            }
            (State::Trying | State::Proceeding(_), Input::Respond { status, bytes }) => {
                self.respond(now, base, status, bytes)
            }
            (State::Trying | State::Proceeding(_), Input::TransportError) => {
                self.terminate();
                smallvec![Output::TimedOut, Output::Ended]
            }
            (State::Completed(_), Input::TransportError) => {
                self.terminate();
                smallvec![Output::Ended]
            }
            (_, Input::Timeout) if self.timers.expired(now).is_some() => {
                self.terminate();
                smallvec![Output::Ended]
            }
            _ => smallvec![],
        }
    }

    fn respond(&mut self, now: Instant, base: &Base, status: u16, bytes: Vec<u8>) -> Outputs {
        if status < 200 {
            self.state = State::Proceeding(bytes.clone());
            return smallvec![Output::Transmit(bytes)];
        }
        if self.reliable {
            // Timer J is zero: nothing comes twice over a stream.
            self.terminate();
            return smallvec![Output::Transmit(bytes), Output::Ended];
        }
        self.timers.set(Timer::J, now + base.patience());
        self.state = State::Completed(bytes.clone());
        smallvec![Output::Transmit(bytes)]
    }

    fn terminate(&mut self) {
        self.timers.clear_all();
        self.state = State::Terminated;
    }
}
