//! The control plane as one value: the SIP endpoint, the calls, the registrations.
//!
//! Inputs and time in, outputs and the next deadline out; no socket, no clock, no lock. `io::server` drives it over real
//! sockets, the simulation over a lossy network in virtual time.

mod address;
mod admission;
mod calls;
mod messages;
mod phones;
mod registrations;
mod status;
mod texts;
mod waiting;

pub use address::address_towards;
pub use status::Status;

use crate::call::cause::Cause;
use crate::call::channel::{CallChannel, FromChannel, WallClock};
use crate::call::ports::PortPool;
use crate::call::{self, Call};
use crate::config::Config;
use crate::dialplan::services::TextMessage;
use crate::dialplan::Dialplan;
use crate::media::library::Library;
use crate::media::{self, LegId};
use crate::memo::vault::{StoredMemo, VaultCommand, VaultEvent};
use crate::rng::Rng;
use crate::sip::endpoint::{self, CallHandle, Endpoint, EndpointConfig};
use crate::sip::message::Method;
use crate::sip::message_summary::Summary;
use crate::sip::resolve::Target;
use crate::sip::Flow;
use crate::time::Instant;
use crate::trunk::identify::RefusalLog;
use crate::trunk::registration::Route;
use calls::Entry;
use messages::Messages;
use registrations::Registrations;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::mpsc;
use waiting::subscriptions::Subscriptions;
use waiting::Waiting;

pub use registrations::{Asker, Lookup, Ticket};

/// What a switch is made of. A reload builds new parts; calls keep those that they began with.
pub struct Parts {
    /// The configuration.
    pub config: Arc<Config>,
    /// The dialplan.
    pub dialplan: Arc<Dialplan>,
    /// Sounds.
    pub library: Arc<Library>,
    /// Reads the wall clock for dialplans.
    pub clock: WallClock,
    /// Where dialplans send their requests; the shell brings them back as `Input::Channel`.
    pub requests: mpsc::UnboundedSender<FromChannel>,
    /// Media workers.
    pub workers: usize,
}

/// To the switch.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram, or one framed message.
    Received {
        /// The way that it came by.
        flow: Flow,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A connection is gone.
    FlowFailed {
        /// Its number.
        flow_id: u64,
    },
    /// From a media worker.
    Media(media::Event),
    /// From the vault.
    Vault(VaultEvent),
    /// From a dialplan.
    Channel(FromChannel),
    /// A dialplan has come to its end.
    DialplanEnded {
        /// Whose.
        call: CallHandle,
        /// By a bug of ours.
        panicked: bool,
    },
    /// The answer to `Output::Resolve`.
    Resolved {
        /// For whom.
        asker: Asker,
        /// The ways, in the order to try, or what went wrong.
        routes: Result<Vec<Route>, String>,
    },
    /// The answer to `Output::OpenFlow`.
    FlowOpened {
        /// Of that request.
        ticket: Ticket,
        /// The way, or why there is none.
        flow: Result<Flow, String>,
    },
    /// A text of a dialplan's that belongs to no call; told as `Output::MessageSent`.
    SendMessage {
        /// Named in the output.
        number: u64,
        /// The text.
        message: TextMessage,
    },
    /// A mailbox has so many memos now: told at the start and at each change.
    Counted {
        /// Which.
        mailbox: String,
        /// How many.
        summary: Summary,
    },
    /// The deadline has come.
    Timeout,
    /// Registers with every trunk that has a registrar.
    Start,
    /// Hangs every call up, un-registers, and takes no new call.
    Shutdown,
}

/// From the switch.
pub enum Output {
    /// Send.
    Transmit {
        /// By this way.
        flow: Flow,
        /// One message.
        bytes: Vec<u8>,
    },
    /// To a media worker.
    Media {
        /// Which.
        worker: usize,
        /// The command.
        command: media::Command,
    },
    /// To the vault.
    Vault(VaultCommand),
    /// Run a call's dialplan; `Input::DialplanEnded` when it is over.
    StartDialplan {
        /// Whose.
        call: CallHandle,
        /// The dialplan that was in force when the call came.
        dialplan: Arc<Dialplan>,
        /// The call.
        channel: Box<CallChannel>,
        /// Feeds the dialplan's own randomness.
        rng: Rng,
    },
    /// Hand a memo's link to its mailbox. Consumed once, never stored.
    Notify {
        /// Whose.
        mailbox: String,
        /// With its link.
        memo: Box<StoredMemo>,
        /// The caller's number.
        from: String,
    },
    /// What became of a text that belongs to no call.
    MessageSent {
        /// Its number.
        number: u64,
        /// Whether it was accepted.
        accepted: bool,
    },
    /// Look names up.
    Resolve(Lookup),
    /// Find a way to a peer: the UDP socket of that family, or a new TCP connection.
    OpenFlow {
        /// Named in the answer.
        ticket: Ticket,
        /// The peer, and by which transport.
        target: Target,
    },
}

/// The control plane.
pub struct Switch {
    parts: Parts,
    endpoint: Endpoint,
    registrations: Registrations,
    messages: Messages,
    waiting: Waiting,
    subscriptions: Subscriptions,
    refusal_log: RefusalLog,
    calls: HashMap<CallHandle, Entry>,
    by_leg: HashMap<LegId, CallHandle>,
    /// Deadlines of calls; entries of calls that moved theirs are skipped when they come up.
    deadlines: BinaryHeap<std::cmp::Reverse<(Instant, CallHandle)>>,
    ports: PortPool,
    rng: Rng,
    next_leg: u64,
    outputs: VecDeque<Output>,
    shutting_down: bool,
    totals: status::Totals,
}

impl Switch {
    /// A switch that knows no call yet.
    pub fn new(parts: Parts, mut rng: Rng) -> Self {
        let endpoint_config = EndpointConfig {
            external_address: parts.config.sip.external_address,
            methods: vec![Method::Subscribe],
            ..EndpointConfig::default()
        };
        let registrations = Registrations::new(&parts.config, &mut rng);
        Switch {
            endpoint: Endpoint::new(endpoint_config, rng.fork()),
            registrations,
            messages: Messages::new(parts.config.sip.external_address, rng.fork()),
            waiting: Waiting::new(&parts.config.mailboxes),
            subscriptions: Subscriptions::new(rng.fork()),
            refusal_log: RefusalLog::default(),
            calls: HashMap::new(),
            by_leg: HashMap::new(),
            deadlines: BinaryHeap::new(),
            ports: PortPool::new(parts.config.media.ports, &mut rng),
            next_leg: 0,
            outputs: VecDeque::new(),
            shutting_down: false,
            totals: status::Totals::default(),
            rng,
            parts,
        }
    }

    /// Takes an input in; drain `poll_output` afterwards.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Received { flow, bytes } => {
                if !self.turn_away(now, flow, bytes) {
                    self.endpoint.receive(now, flow, bytes);
                }
            }
            Input::FlowFailed { flow_id } => {
                self.endpoint.flow_failed(now, flow_id);
                self.registrations.flow_failed(now, flow_id);
                self.subscriptions.flow_failed(flow_id);
            }
            Input::Media(event) => {
                if let Some(call) = self.by_leg.get(&event.leg()).copied() {
                    self.dispatch(now, call, call::Input::Media(event));
                }
            }
            Input::Vault(event) => {
                let leg = Call::leg_of_recording(event.recording());
                if let Some(call) = self.by_leg.get(&leg).copied() {
                    self.dispatch(now, call, call::Input::Vault(event));
                }
            }
            Input::Channel(from) => self.dispatch(now, from.call, call::Input::Channel(from)),
            Input::DialplanEnded { call, panicked } => {
                self.dispatch(now, call, call::Input::DialplanEnded { panicked });
            }
            Input::Resolved { asker, routes } => match asker {
                Asker::Trunk(trunk) => self.registrations.resolved(now, trunk, routes),
                Asker::Message(number) => self.messages.resolved(number, routes),
            },
            Input::FlowOpened { ticket, flow } => match ticket.asker() {
                Asker::Trunk(_) => self.registrations.flow_opened(now, ticket, flow),
                Asker::Message(_) => self.messages.flow_opened(ticket, flow),
            },
            Input::SendMessage { number, message } => {
                self.messages.send(number, &message, &self.registrations);
            }
            Input::Counted { mailbox, summary } => self.waiting.counted(&mailbox, summary),
            Input::Timeout => self.timeout(now),
            Input::Start => self.registrations.start(now),
            Input::Shutdown => self.shutdown(now),
        }
        self.settle(now);
    }

    /// When `Input::Timeout` is due.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        while let Some(std::cmp::Reverse((at, call))) = self.deadlines.peek().copied() {
            if self.calls.get(&call).and_then(|entry| entry.call.poll_timeout()) == Some(at) {
                break;
            }
            self.deadlines.pop();
        }
        let calls = self.deadlines.peek().map(|std::cmp::Reverse((at, _))| *at);
        [
            calls,
            self.endpoint.poll_timeout(),
            self.registrations.poll_timeout(),
            self.waiting.poll_timeout(),
            self.subscriptions.poll_timeout(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether nothing is left of any call, transaction or registration, so that a shutdown may end.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.endpoint.counts().calls == 0 && self.registrations.are_over()
    }

    /// Whether a call or a registration depends on that connection.
    pub fn uses_flow(&self, flow_id: u64) -> bool {
        self.calls.values().any(|entry| entry.flow.id == flow_id)
            || self.registrations.use_flow(flow_id)
            || self.messages.use_flow(flow_id)
            || self.subscriptions.use_flow(flow_id)
    }

    /// Calls that come from now on run this dialplan. Gives how many calls are in progress, which keep theirs.
    pub fn set_dialplan(&mut self, dialplan: Arc<Dialplan>) -> usize {
        self.parts.dialplan = dialplan;
        self.calls.len()
    }

    /// What is alive, and what was.
    pub fn status(&self, now: Instant) -> Status {
        status::of(self, now)
    }

    fn timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        self.registrations.timeout(now);
        self.subscriptions.timeout(now);
        while let Some(std::cmp::Reverse((at, call))) = self.deadlines.peek().copied() {
            if at > now {
                break;
            }
            self.deadlines.pop();
            if self.calls.get(&call).and_then(|entry| entry.call.poll_timeout()) == Some(at) {
                self.dispatch(now, call, call::Input::Timeout);
            }
        }
    }

    fn shutdown(&mut self, now: Instant) {
        if std::mem::replace(&mut self.shutting_down, true) {
            return;
        }
        self.registrations.shutdown(now);
        let calls: Vec<CallHandle> = self.calls.keys().copied().collect();
        for call in calls {
            self.dispatch(now, call, call::Input::End(Cause::CONGESTION));
        }
    }

    /// Carries on until endpoint and registrations have nothing more to say.
    fn settle(&mut self, now: Instant) {
        loop {
            if let Some(output) = self.endpoint.poll_output() {
                match output {
                    endpoint::Output::Transmit { flow, bytes } => {
                        self.outputs.push_back(Output::Transmit { flow, bytes });
                    }
                    endpoint::Output::Event(event) => self.sip_event(now, event),
                }
            } else if let Some(act) = self.registrations.poll_act().or_else(|| self.messages.poll_act()) {
                self.act_outside(now, act);
            } else if let Some((number, accepted)) = self.messages.poll_ended() {
                match Waiting::owns(number) {
                    true => self.waiting.ended(now, number, accepted),
                    false => self.outputs.push_back(Output::MessageSent { number, accepted }),
                }
            } else if !self.tell_phones(now) {
                return;
            }
        }
    }

    /// What a registration or a text outside calls wants done.
    fn act_outside(&mut self, now: Instant, act: registrations::Act) {
        match act {
            registrations::Act::Request { asker, flow, request } => {
                let tx = self.endpoint.request(now, flow, *request);
                match asker {
                    Asker::Trunk(trunk) => self.registrations.sent(trunk, tx),
                    Asker::Message(number) => self.messages.sent(number, tx),
                }
            }
            registrations::Act::Resolve(lookup) => self.outputs.push_back(Output::Resolve(lookup)),
            registrations::Act::OpenFlow { ticket, target } => {
                self.outputs.push_back(Output::OpenFlow { ticket, target });
            }
            registrations::Act::KeepAlive { flow } => {
                let bytes = registrations::KEEP_ALIVE.to_vec();
                self.outputs.push_back(Output::Transmit { flow, bytes });
            }
        }
    }

    fn sip_event(&mut self, now: Instant, event: endpoint::Event) {
        use endpoint::Event;
        match event {
            Event::Incoming { call, request, flow } => self.incoming(now, call, &request, flow),
            Event::Cancelled { call } => self.dispatch(now, call, call::Input::Over(Cause::NORMAL)),
            Event::Acked { call, body } => self.dispatch(now, call, call::Input::Acked(body)),
            Event::Reinvite { call, request } => self.reinvite(now, call, &request),
            Event::Info { call, request } => {
                tracing::debug!(call = call.0, "INFO: {} bytes", request.body.len())
            }
            Event::Message { call, tx, request } => self.text(now, call, tx, &request),
            Event::Messaged { call, number, status } => {
                let taken = status.is_some_and(|status| (200..300).contains(&status));
                self.dispatch(now, call, call::Input::TextSent { number, taken });
            }
            Event::Ended { call, end } => self.dispatch(now, call, call::Input::Over(calls::cause_of(end))),
            Event::Response { tx, response } if self.messages.awaits(tx) => {
                self.messages.response(tx, &response);
            }
            Event::RequestTimeout { tx } if self.messages.awaits(tx) => self.messages.request_timeout(tx),
            Event::Response { tx, response } if self.subscriptions.awaits(tx) => {
                self.subscriptions.response(tx, &response);
            }
            Event::RequestTimeout { tx } if self.subscriptions.awaits(tx) => {
                self.subscriptions.request_timeout(tx);
            }
            Event::Response { tx, response } => self.registrations.response(now, tx, response),
            Event::RequestTimeout { tx } => self.registrations.request_timeout(now, tx),
            Event::Request { tx, request, flow } if request.method == Method::Subscribe => {
                self.subscribe(now, tx, &request, flow);
            }
            Event::Request { tx, request, .. } => {
                let response = request.response(405);
                self.endpoint.respond(now, tx, response);
            }
            // This switch makes no calls of its own: an endpoint that it drives has no client call to tell of.
            Event::Progress { call, .. }
            | Event::Answered { call, .. }
            | Event::Challenged { call, .. }
            | Event::Failed { call, .. }
            | Event::Reinvited { call, .. } => tracing::debug!(call = call.0, "an event of a client call"),
        }
    }
}
