//! The registration of one trunk (RFC 3261 section 10.2): a machine that registers, refreshes, and comes back by itself
//! after every kind of failure.
//!
//! Our Contact has a token as its user that nobody can guess. An inbound call shows it, which tells whose call it is;
//! the registrar's list of bindings shows it beside its expiry, which tells ours from those of the account's other
//! phones.
//!
//! How it waits: after a failure 2 seconds, doubling to 5 minutes; after a wrong password 5 minutes, doubling to an hour,
//! since providers ban who tries on; each drawn at random from the upper half, so that a thousand switches that lost one
//! registrar do not come back in one second. Retry-After is obeyed up to an hour.
//!
//! Deliberately elsewhere: DNS (an [`Output::Resolve`] answered by [`Input::Resolved`]), transactions and their timeouts
//! (`sip::endpoint`), and sending on what flow. Service-Route and Path are not kept: we send no calls by this trunk.

mod attempt;
mod backoff;
mod binding;
mod request;
mod response;
mod status;

pub use status::{Phase, Status};

use crate::limits;
use crate::rng::Rng;
use crate::secret::Secret;
use crate::sip::digest::Authenticator;
use crate::sip::message::{Request, Response, Uri};
use crate::sip::resolve::{Destination, Target};
use crate::time::{Duration, Instant};
use attempt::Attempt;
use backoff::Backoff;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// Characters of the token in our Contact: 130 random bits.
const TOKEN_LEN: usize = 26;
/// DNS has its own bound; this one only guards against an answer that never comes.
const RESOLVE_TIME: Duration = Duration::from_secs(60);

/// What a registration is told once.
#[derive(Clone, Debug)]
pub struct RegistrationConfig {
    /// The trunk's name, for the log.
    pub trunk: String,
    /// Where to register: `sip:registrar.example.org`, with port and transport where needed; without a user.
    pub registrar: Uri,
    /// Our user there.
    pub username: String,
    /// Its password.
    pub password: Option<Secret>,
    /// What is asked for, seconds.
    pub expires_secs: u32,
}

/// An address of the registrar, and ours as seen from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The registrar.
    pub target: Target,
    /// What stands in our Contact on this way: the address by which the registrar reaches us.
    pub contact: SocketAddr,
}

/// What a registration is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// Begin.
    Start,
    /// The answer to [`Output::Resolve`]: addresses in the order to try, those that no socket of ours can reach left
    /// out; or what went wrong.
    Resolved(Result<Vec<Route>, String>),
    /// A response to the last request sent.
    Response(Box<Response>),
    /// No final response came to the last request sent.
    RequestTimeout,
    /// The last request could not be sent, or the connection that carried it or the registration broke.
    FlowFailed,
    /// [`Registration::poll_timeout`] has come.
    Timeout,
    /// Remove our binding and end, within `limits::UNREGISTER_TIME`.
    Shutdown,
}

/// What a registration wants done, or tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Find the addresses; to be answered by [`Input::Resolved`].
    Resolve(Destination),
    /// Send the request there, as a client transaction. It lacks only Via.
    Send {
        /// Where.
        target: Target,
        /// REGISTER.
        request: Box<Request>,
    },
    /// Send two empty lines there (RFC 5626 3.5.1), which keeps the way back through a NAT open.
    KeepAlive {
        /// Where we are registered.
        target: Target,
    },
    /// The state is another than before.
    Changed(Phase),
}

/// One trunk's registration.
#[derive(Debug)]
pub struct Registration {
    config: RegistrationConfig,
    rng: Rng,
    authenticator: Option<Authenticator>,
    token: String,
    call_id: String,
    from_tag: String,
    cseq: u32,
    /// What is asked for; a registrar's 423 raises it for good.
    expires_secs: u32,
    state: State,
    binding: Option<Binding>,
    backoff: Backoff,
    /// The failure that we are coming back from.
    last_error: Option<String>,
    /// The phase that was last told.
    reported: Phase,
    outputs: VecDeque<Output>,
}

/// Where the registration stands. Whether a binding is alive is apart from this: a refresh may fail, and the binding
/// lasts until its time is up.
#[derive(Debug)]
enum State {
    /// Not begun.
    Idle,
    /// DNS is asked.
    Resolving {
        /// The attempt that waits for it.
        attempt: Box<Attempt>,
        /// When we give up waiting.
        until: Instant,
    },
    /// A request is out.
    Trying(Box<Attempt>),
    /// Registered, until it is time to refresh.
    Resting {
        /// When to refresh.
        refresh_at: Instant,
        /// When to send something, so that no NAT and no idle timer closes the way back.
        keep_alive_at: Instant,
    },
    /// The last attempt failed.
    Waiting {
        /// When to try again.
        until: Instant,
        /// Whether our credentials were refused.
        rejected: bool,
    },
    /// A shutdown was asked for.
    Ending {
        /// The request that removes the binding, or the one before it whose response must come first.
        attempt: Box<Attempt>,
        /// The bound on it all.
        until: Instant,
    },
    /// Over.
    Ended,
}

/// What the registrar holds of us.
#[derive(Clone, Debug)]
struct Binding {
    expires_at: Instant,
    /// Over which way it was made; a refresh goes there too.
    route: Route,
    /// The Request-URI that made it: after a redirection not the configured one.
    request_uri: Uri,
}

impl Registration {
    /// A registration that has not begun. Token, Call-ID and tags come from `rng`.
    pub fn new(config: RegistrationConfig, mut rng: Rng) -> Self {
        let authenticator = config
            .password
            .clone()
            .map(|password| Authenticator::new(config.username.clone(), password, rng.fork()));
        Registration {
            authenticator,
            token: rng.token(TOKEN_LEN),
            call_id: rng.token(TOKEN_LEN),
            from_tag: rng.token(13),
            cseq: rng.u32() >> 8,
            expires_secs: config.expires_secs.clamp(1, limits::REGISTER_EXPIRES_SECS),
            state: State::Idle,
            binding: None,
            backoff: Backoff::default(),
            last_error: None,
            reported: Phase::Idle,
            outputs: VecDeque::new(),
            rng,
            config,
        }
    }

    /// The user of our Contact, by which inbound calls are known.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The registrar's address while a binding is alive.
    pub fn registered_with(&self, now: Instant) -> Option<SocketAddr> {
        let binding = self.binding.as_ref().filter(|b| b.expires_at > now)?;
        Some(binding.route.target.address)
    }

    /// Whether everything is over after a shutdown.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// How it stands, for `obelus status`.
    pub fn status(&self, now: Instant) -> Status {
        let secs_until = |at: Instant| at.since(now).as_secs();
        Status {
            trunk: self.config.trunk.clone(),
            registrar: self.config.registrar.to_string(),
            phase: self.phase(now),
            expires_in_secs: self
                .binding
                .as_ref()
                .filter(|b| b.expires_at > now)
                .map(|b| secs_until(b.expires_at)),
            next_attempt_in_secs: match &self.state {
                State::Resting { refresh_at, .. } => Some(secs_until(*refresh_at)),
                State::Waiting { until, .. } => Some(secs_until(*until)),
                _ => None,
            },
            last_error: self.last_error.clone(),
        }
    }

    /// The state in one word.
    pub fn phase(&self, now: Instant) -> Phase {
        let bound = self.binding.as_ref().is_some_and(|b| b.expires_at > now);
        match &self.state {
            State::Idle => Phase::Idle,
            State::Waiting { rejected: true, .. } => Phase::Rejected,
            State::Ending { .. } => Phase::Unregistering,
            State::Ended => Phase::Ended,
            _ if bound => Phase::Registered,
            State::Waiting { .. } => Phase::Failed,
            _ => Phase::Registering,
        }
    }

    /// When [`Input::Timeout`] is wanted.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Idle | State::Trying(_) | State::Ended => None,
            State::Resolving { until, .. } | State::Waiting { until, .. } | State::Ending { until, .. } => {
                Some(*until)
            }
            State::Resting {
                refresh_at,
                keep_alive_at,
            } => Some(*keep_alive_at.min(refresh_at)),
        }
    }

    /// The next thing to do or to hear of.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input) {
        let state = std::mem::replace(&mut self.state, State::Idle);
        self.state = match (state, input) {
            (State::Idle, Input::Start) => self.begin(now),
            (State::Waiting { until, .. }, Input::Timeout) if now >= until => self.begin(now),

            (State::Resolving { attempt, .. }, Input::Resolved(result)) => {
                self.resolved(now, attempt, result)
            }
            (State::Resolving { attempt, until }, Input::Timeout) if now >= until => {
                self.failed(now, &attempt, "DNS gave no answer".into())
            }

            (State::Trying(attempt), Input::Response(response)) => self.response(now, attempt, &response),
            (State::Trying(attempt), Input::RequestTimeout) => {
                self.next_route(now, attempt, "no answer from the registrar".into())
            }
            (State::Trying(attempt), Input::FlowFailed) => {
                self.next_route(now, attempt, "the registrar cannot be reached".into())
            }

            (State::Resting { refresh_at, .. }, Input::Timeout) if now >= refresh_at => self.refresh(now),
            (
                State::Resting {
                    refresh_at,
                    keep_alive_at,
                },
                Input::Timeout,
            ) if now >= keep_alive_at => self.keep_alive(now, refresh_at),
            // The connection carried the way back to us: without it no call arrives, whatever the registrar believes.
            (State::Resting { .. }, Input::FlowFailed) => self.refresh(now),

            (State::Ending { attempt, until }, Input::Response(response)) => {
                self.ending_response(attempt, until, &response)
            }
            (State::Ending { .. }, Input::RequestTimeout | Input::FlowFailed) => self.ended(false),
            (State::Ending { until, .. }, Input::Timeout) if now >= until => self.ended(false),

            (state @ (State::Ended | State::Ending { .. }), Input::Shutdown) => state,
            (state, Input::Shutdown) => self.shut_down(now, state),
            // Late answers to what was given up, and timeouts that came early.
            (state, _) => state,
        };
        let phase = self.phase(now);
        if phase != self.reported {
            self.reported = phase;
            self.outputs.push_back(Output::Changed(phase));
        }
    }
}
