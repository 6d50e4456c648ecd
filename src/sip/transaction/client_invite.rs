//! The INVITE client transaction (RFC 3261 17.1.1, amended by RFC 6026 7.2).
//!
//! It repeats the INVITE until anything comes back, and acknowledges a refusal by itself, as often as the
//! refusal comes. `Accepted` exists because a 2xx comes again until the caller's ACK has arrived, and because
//! a proxy that forked may pass on several. Not here: the ACK of a 2xx, which is the call's.

use super::timers::{Base, Timer, TimerTable};
use super::{Output, Outputs};
use crate::sip::message::Request;
use crate::time::{Duration, Instant};
use smallvec::smallvec;

/// One INVITE of ours.
#[derive(Debug)]
pub struct ClientInvite {
    state: State,
    timers: TimerTable,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Nothing heard.
    Calling {
        /// The INVITE, for repetition.
        request: Vec<u8>,
        /// Until its next repetition.
        interval: Duration,
        /// The ACK of a refusal, but for its To.
        ack: Box<Request>,
    },
    /// A provisional response came, which stops the repetition. Holds the ACK of a refusal, but for its To.
    Proceeding(Box<Request>),
    /// Refused; holds the ACK, for refusals that come again.
    Completed(Vec<u8>),
    /// A 2xx came; lets further ones pass.
    Accepted,
    Terminated,
}

/// What may happen to the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// A response.
    Response {
        /// Its status.
        status: u16,
        /// Its To, which the ACK of a refusal copies (17.1.1.3).
        to: &'a str,
    },
    /// A CANCEL has been sent, or the call is gone: who does not answer the INVITE within 64*T1 of it never will
    /// (9.1).
    Cancelled,
    /// Time has passed.
    Timeout,
    /// The transport cannot send any more.
    TransportError,
}

impl ClientInvite {
    /// Begins with sending `request`. `ack` is the ACK of a refusal (17.1.1.3), whose To is set from it.
    pub fn start(
        now: Instant,
        base: &Base,
        reliable: bool,
        request: Vec<u8>,
        ack: Request,
    ) -> (Self, Outputs) {
        let mut timers = TimerTable::default();
        timers.set(Timer::B, now + base.patience());
        let kept = if reliable {
            Vec::new()
        } else {
            timers.set(Timer::A, now + base.t1);
            request.clone()
        };
        let state = State::Calling {
            request: kept,
            interval: base.t1,
            ack: Box::new(ack),
        };
        (
            ClientInvite {
                state,
                timers,
                reliable,
            },
            smallvec![Output::Transmit(request)],
        )
    }

    /// When `Input::Timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Whether a provisional response came and no final one: only then may a CANCEL be sent (9.1).
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding(_))
    }

    /// Takes one step.
    pub fn handle(&mut self, now: Instant, base: &Base, input: Input<'_>) -> Outputs {
        match (std::mem::replace(&mut self.state, State::Terminated), input) {
            (State::Calling { ack, .. }, Input::Response { status: ..=199, .. }) => {
                self.timers.clear_all();
                self.state = State::Proceeding(ack);
                smallvec![Output::Deliver]
            }
            (State::Proceeding(ack), Input::Response { status: ..=199, .. }) => {
                self.state = State::Proceeding(ack);
                smallvec![Output::Deliver]
            }
            (
                State::Calling { .. } | State::Proceeding(_),
                Input::Response {
                    status: 200..=299, ..
                },
            ) => {
                self.timers.clear_all();
                self.timers.set(Timer::M, now + base.patience());
                self.state = State::Accepted;
                smallvec![Output::Deliver]
            }
            (State::Calling { ack, .. } | State::Proceeding(ack), Input::Response { to, .. }) => {
                self.refused(now, base, *ack, to)
            }
            (State::Completed(ack), Input::Response { status: 300.., .. }) => {
                self.state = State::Completed(ack.clone());
                smallvec![Output::Transmit(ack)]
            }
            (
                State::Accepted,
                Input::Response {
                    status: 200..=299, ..
                },
            ) => {
                self.state = State::Accepted;
                smallvec![Output::Deliver]
            }
            (State::Proceeding(ack), Input::Cancelled) => {
                // Said twice, the first time counts.
                if self.timers.next().is_none() {
                    self.timers.set(Timer::B, now + base.patience());
                }
                self.state = State::Proceeding(ack);
                smallvec![]
            }
            (State::Calling { .. } | State::Proceeding(_), Input::TransportError) => {
                self.timers.clear_all();
                smallvec![Output::TimedOut, Output::Ended]
            }
            (State::Completed(_), Input::TransportError) => {
                self.timers.clear_all();
                smallvec![Output::Ended]
            }
            (state, Input::Timeout) => {
                self.state = state;
                self.expire(now)
            }
            (state, _) => {
                self.state = state;
                smallvec![]
            }
        }
    }

    fn refused(&mut self, now: Instant, base: &Base, mut ack: Request, to: &str) -> Outputs {
        ack.headers.set("To", to);
        let ack = ack.to_bytes();
        self.timers.clear_all();
        if self.reliable {
            // Timer D is zero: the refusal does not come twice over a stream.
            return smallvec![Output::Transmit(ack), Output::Deliver, Output::Ended];
        }
        // At least 32 s whatever T1 is, so that it outlasts timer H of any peer (17.1.1.2).
        self.timers
            .set(Timer::D, now + base.patience().max(Duration::from_secs(32)));
        self.state = State::Completed(ack.clone());
        smallvec![Output::Transmit(ack), Output::Deliver]
    }

    fn expire(&mut self, now: Instant) -> Outputs {
        let mut outputs = Outputs::new();
        while let Some(timer) = self.timers.expired(now) {
            match (timer, &mut self.state) {
                (
                    Timer::A,
                    State::Calling {
                        request, interval, ..
                    },
                ) => {
                    outputs.push(Output::Transmit(request.clone()));
                    // Unlike the other intervals this one has no upper bound (17.1.1.2).
                    *interval *= 2;
                    self.timers.set(Timer::A, now + *interval);
                }
                (Timer::B, _) => {
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
