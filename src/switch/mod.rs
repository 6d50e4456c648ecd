//! The control plane as one value: the SIP endpoint, the calls, the registrations.
//!
//! Inputs and time in, outputs and the next deadline out; no socket, no clock, no lock. `io::server` drives it over real
//! sockets, the simulation over a lossy network in virtual time.

mod admission;
mod messages;
mod registrations;
mod status;
mod texts;
mod waiting;

pub use status::Status;

use crate::call::cause::Cause;
use crate::call::channel::{CallChannel, FromChannel, ToChannel, WallClock};
use crate::call::items::Items;
use crate::call::ports::PortPool;
use crate::call::{self, Action, Call, Setup};
use crate::config::Config;
use crate::dialplan::services::TextMessage;
use crate::dialplan::Dialplan;
use crate::media::library::Library;
use crate::media::{self, LegId};
use crate::memo::vault::{StoredMemo, VaultCommand, VaultEvent};
use crate::rng::Rng;
use crate::secret::Private;
use crate::sip::digest::Authenticator;
use crate::sip::endpoint::{self, CallHandle, End, Endpoint, EndpointConfig, ServerTx};
use crate::sip::message::{Method, Request, Uri};
use crate::sip::message_summary::Summary;
use crate::sip::resolve::Target;
use crate::sip::{Flow, Transport};
use crate::time::Instant;
use crate::trunk::identify::RefusalLog;
use crate::trunk::registration::Route;
use messages::Messages;
use registrations::Registrations;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use waiting::subscriptions::{Asked, Subscriptions};
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

struct Entry {
    call: Call,
    flow: Flow,
    leg: LegId,
    worker: usize,
    dialplan: Arc<Dialplan>,
    to_channel: mpsc::UnboundedSender<ToChannel>,
    /// What the dialplan can ask for without waiting.
    items: watch::Sender<Items>,
    /// Taken when the dialplan starts.
    channel: Option<Box<CallChannel>>,
    span: tracing::Span,
    trunk: String,
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

    /// Sends the next NOTIFY of waiting messages, where one is due.
    fn tell_phones(&mut self, now: Instant) -> bool {
        if self.shutting_down {
            return false;
        }
        if let Some(notification) = self.waiting.poll_send(now) {
            self.messages.notify(notification, &self.registrations);
        } else if let Some(notify) = self.subscriptions.poll_send(now, &self.waiting) {
            let tx = self.endpoint.request(now, notify.flow, *notify.request);
            self.subscriptions.sent(notify.number, tx);
        } else {
            return false;
        }
        true
    }

    /// A phone asks for a mailbox's waiting messages.
    fn subscribe(&mut self, now: Instant, tx: ServerTx, request: &Request, flow: Flow) {
        let address = flow.remote.ip().to_canonical();
        let trunks = self.registrations.trunks();
        let is_a_trunks = trunks
            .trunks()
            .any(|trunk| trunk.matches.iter().any(|range| range.contains(address)));
        let ours = address_towards(
            self.parts.config.sip.external_address,
            flow.remote.ip(),
            flow.local.ip(),
        );
        let asked = Asked {
            is_allowed: address.is_loopback() || is_a_trunks,
            mailbox: self.mailbox_of(&request.uri.user),
            contact: contact(flow, ours),
        };
        let response = self.subscriptions.receive(now, request, flow, asked);
        tracing::debug!(peer = %flow, status = response.status, "SUBSCRIBE");
        self.endpoint.respond(now, tx, response);
    }

    /// The mailbox of that name, or whose phone is that user.
    fn mailbox_of(&self, user: &str) -> Option<String> {
        let user = user.replace("%40", "@");
        let mailboxes = &self.parts.config.mailboxes;
        let phone_is = |mwi: &String| mwi.parse().is_ok_and(|uri: Uri| uri.user == user);
        let found = mailboxes.iter().find(|mailbox| mailbox.name == user).or_else(|| {
            mailboxes
                .iter()
                .find(|mailbox| mailbox.mwi.as_ref().is_some_and(phone_is))
        });
        found.map(|mailbox| mailbox.name.clone())
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
            Event::Ended { call, end } => {
                let cause = match end {
                    End::Bye { reason } => reason
                        .as_deref()
                        .and_then(q850_of_reason)
                        .unwrap_or(Cause::NORMAL),
                    End::NoAck | End::Timeout => Cause::TIMER,
                    End::FlowFailed => Cause::NETWORK,
                };
                self.dispatch(now, call, call::Input::Over(cause));
            }
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

    fn incoming(&mut self, now: Instant, handle: CallHandle, request: &Request, flow: Flow) {
        let call_id = request.headers.get("Call-ID").unwrap_or("").to_owned();
        let span = tracing::info_span!("call", call_id = %call_id);
        let _entered = span.clone().entered();
        if self.shutting_down || self.calls.len() >= self.parts.config.sip.max_calls {
            // Once a minute for each peer: under a flood the log must not become a second one.
            if self.refusal_log.should_log(now, flow.remote.ip()) {
                tracing::warn!(
                    calls = self.calls.len(),
                    "refused with 503: no room for another call"
                );
            }
            self.totals.refused += 1;
            return self
                .endpoint
                .reject(now, handle, 503, &[("Retry-After", "10".to_owned())]);
        }
        let admitted = match self.admit(request, flow) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                self.totals.refused += 1;
                return self.endpoint.reject(now, handle, refusal.status, &refusal.extra);
            }
        };
        let Some(port) = self.ports.take() else {
            tracing::warn!("refused with 503: no RTP port is free; widen [media] ports");
            self.totals.refused += 1;
            return self
                .endpoint
                .reject(now, handle, 503, &[("Retry-After", "10".to_owned())]);
        };
        self.next_leg += 1;
        let leg = LegId(self.next_leg);
        let facts = admitted.facts.clone();
        tracing::info!(
            trunk = %admitted.trunk,
            from = %Private(&facts.caller.number),
            to = %Private(&facts.did),
            peer = %flow,
            "call begun"
        );
        self.totals.begun += 1;
        if let Some((username, password)) = admitted.credentials {
            let credentials = Authenticator::new(username, password, self.rng.fork());
            self.endpoint.set_credentials(handle, credentials);
        }
        let (to_channel, events) = mpsc::unbounded_channel();
        let (items, items_now) = watch::channel(self.first_items(handle, request));
        let channel = Box::new(CallChannel::new(
            handle,
            span.clone(),
            facts.clone(),
            self.parts.library.clone(),
            self.parts.config.clone(),
            self.parts.clock.clone(),
            self.parts.requests.clone(),
            events,
            items_now,
        ));
        let setup = Setup {
            facts,
            codecs: admitted.codecs,
            continuous_silence: admitted.continuous_silence,
            bind_address: self.parts.config.media.address.unwrap_or(flow.local.ip()),
            media_address: self.media_address(flow),
            offer: admitted.offer,
            session_id: self.rng.u64() >> 2,
        };
        self.by_leg.insert(leg, handle);
        self.calls.insert(
            handle,
            Entry {
                call: Call::new(now, setup, leg, port),
                flow,
                leg,
                worker: (self.next_leg % self.parts.workers.max(1) as u64) as usize,
                dialplan: self.parts.dialplan.clone(),
                to_channel,
                items,
                channel: Some(channel),
                span: span.clone(),
                trunk: admitted.trunk,
            },
        );
        self.carry_out(now, handle);
    }

    fn reinvite(&mut self, now: Instant, call: CallHandle, request: &Request) {
        match admission::sdp_of(request) {
            Ok(body) => self.dispatch(now, call, call::Input::Reinvite(body)),
            Err(_) => self.endpoint.refuse_reinvite(now, call, 415),
        }
    }

    /// Hands an input to a call and carries out what it wants. A panic in there ends that call alone.
    fn dispatch(&mut self, now: Instant, handle: CallHandle, input: call::Input) {
        let Some(entry) = self.calls.get_mut(&handle) else {
            return;
        };
        let span = entry.span.clone();
        let _entered = span.enter();
        let call = &mut entry.call;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call.handle(now, input)));
        if outcome.is_err() {
            tracing::error!("a bug of ours ended this call");
            self.drop_call(now, handle);
            return;
        }
        self.carry_out(now, handle);
    }

    fn carry_out(&mut self, now: Instant, handle: CallHandle) {
        loop {
            // Before the dialplan hears of it: what it then asks for is there.
            self.publish(handle);
            let Some(entry) = self.calls.get_mut(&handle) else {
                return;
            };
            let actions = entry.call.take_actions();
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.act(now, handle, action);
            }
        }
        if let Some(at) = self
            .calls
            .get(&handle)
            .and_then(|entry| entry.call.poll_timeout())
        {
            self.deadlines.push(std::cmp::Reverse((at, handle)));
        }
    }

    fn act(&mut self, now: Instant, handle: CallHandle, action: Action) {
        let Some(entry) = self.calls.get_mut(&handle) else {
            return;
        };
        match action {
            Action::Ring(status, body) => self.endpoint.ring(now, handle, status, body),
            Action::Answer(body) => {
                tracing::info!("call answered");
                self.totals.answered += 1;
                let contact = self.contact(handle);
                self.endpoint.answer(now, handle, &contact, body);
            }
            Action::Reject(status) => {
                let extra: &[(&str, String)] = if status == 503 {
                    &[("Retry-After", "10".to_owned())]
                } else {
                    &[]
                };
                self.endpoint.reject(now, handle, status, extra);
            }
            Action::Bye(cause) => {
                let reason = format!("Q.850;cause={};text=\"{}\"", cause.0, cause.describe());
                self.endpoint.bye(now, handle, Some(&reason));
            }
            Action::AnswerReinvite(body) => self.endpoint.answer_reinvite(now, handle, body),
            Action::RefuseReinvite(status) => self.endpoint.refuse_reinvite(now, handle, status),
            Action::SendText(number, text) => {
                let body = text.into_bytes();
                if !self.endpoint.message(now, handle, number, texts::TEXT, body) {
                    let taken = false;
                    entry.call.handle(now, call::Input::TextSent { number, taken });
                }
            }
            Action::Media(command) => {
                let worker = entry.worker;
                self.outputs.push_back(Output::Media { worker, command });
            }
            Action::AnotherPort => {
                let port = self.ports.take();
                entry.call.reopen(port);
            }
            Action::Vault(command) => self.outputs.push_back(Output::Vault(command)),
            Action::StartDialplan => {
                if let Some(channel) = entry.channel.take() {
                    self.outputs.push_back(Output::StartDialplan {
                        call: handle,
                        dialplan: entry.dialplan.clone(),
                        channel,
                        rng: self.rng.fork(),
                    });
                }
            }
            Action::ToChannel(event) => {
                // The dialplan may be over already.
                let _ = entry.to_channel.send(event);
            }
            Action::Notify { mailbox, memo } => {
                let from = entry.call.facts().caller.number.clone();
                // The link without its key: enough to find the memo, not to open it.
                let link = memo.link.expose().split('#').next().unwrap_or_default();
                tracing::info!(mailbox = %mailbox, memo = %memo.id, seconds = memo.seconds, link, "memo stored");
                self.totals.memos += 1;
                self.outputs.push_back(Output::Notify { mailbox, memo, from });
            }
            Action::FreePort(port) => self.ports.give_back(port),
            Action::Finished => self.finished(now, handle),
        }
    }

    /// What is known of a call that has just come.
    fn first_items(&self, handle: CallHandle, request: &Request) -> Items {
        let mut items = Items::default();
        items.signalling.request_uri = request.uri.to_string();
        items.signalling.user_agent = request.headers.get("User-Agent").unwrap_or_default().to_owned();
        items.signalling.from = request
            .headers
            .from()
            .map_or_else(|_| String::new(), |from| from.uri.to_string());
        if let Some(dialog) = self.endpoint.call_dialog(handle) {
            items.signalling.adopt(dialog);
        }
        items
    }

    /// Tells the dialplan what is known now, where that has changed.
    fn publish(&mut self, handle: CallHandle) {
        let Some(entry) = self.calls.get_mut(&handle) else {
            return;
        };
        if !entry.call.take_news() {
            return;
        }
        // Once the call is over there is no dialog, and what it was is still known.
        let dialog = self.endpoint.call_dialog(handle);
        entry.items.send_modify(|items| {
            items.media.clone_from(entry.call.media_items());
            items.signalling.is_answered = entry.call.answered_at().is_some();
            if let Some(dialog) = dialog {
                items.signalling.adopt(dialog);
            }
        });
    }

    fn finished(&mut self, now: Instant, handle: CallHandle) {
        let Some(entry) = self.calls.remove(&handle) else {
            return;
        };
        self.by_leg.remove(&entry.leg);
        let call = &entry.call;
        let stats = call.stats();
        let secs = call.answered_at().map_or(0.0, |at| now.since(at).as_secs_f64());
        tracing::info!(
            trunk = %entry.trunk,
            cause = call.cause().0,
            reason = call.cause().describe(),
            seconds = format_args!("{secs:.1}"),
            received = stats.received,
            lost = stats.lost,
            "call ended"
        );
        self.totals.ended += 1;
    }

    /// Forgets a call whose machine is not to be trusted any more, and tells everybody.
    fn drop_call(&mut self, now: Instant, handle: CallHandle) {
        let Some(entry) = self.calls.remove(&handle) else {
            return;
        };
        self.endpoint.bye(now, handle, Some("Q.850;cause=127"));
        self.by_leg.remove(&entry.leg);
        let command = media::Command::Close { leg: entry.leg };
        self.outputs.push_back(Output::Media {
            worker: entry.worker,
            command,
        });
        let _ = entry.to_channel.send(ToChannel::Hangup {
            cause: Cause::INTERWORKING.0,
        });
        // Its port is not given back: what state the leg is in is not known. One port is the price of a bug.
        self.totals.ended += 1;
    }

    /// Our Contact as the peer of a call reaches it.
    fn contact(&self, handle: CallHandle) -> Uri {
        let Some(entry) = self.calls.get(&handle) else {
            return Uri::sip("", "invalid.invalid", None);
        };
        let flow = entry.flow;
        let external = self.parts.config.sip.external_address;
        contact(flow, address_towards(external, flow.remote.ip(), flow.local.ip()))
    }

    fn media_address(&self, flow: Flow) -> IpAddr {
        let config = &self.parts.config;
        let local = config
            .media
            .address
            .filter(|address| !address.is_unspecified())
            .unwrap_or(flow.local.ip());
        address_towards(config.sip.external_address, flow.remote.ip(), local)
    }
}

/// Our Contact at that address, on that way.
fn contact(flow: Flow, ours: IpAddr) -> Uri {
    let mut uri = Uri::sip("", ours.to_string(), Some(flow.local.port()));
    if flow.transport == Transport::Tcp {
        uri.params.push(("transport".to_owned(), Some("tcp".to_owned())));
    }
    uri
}

/// Which address of ours a peer is told: the external one, unless the peer is on our side of the NAT.
pub fn address_towards(external: Option<IpAddr>, peer: IpAddr, local: IpAddr) -> IpAddr {
    external.filter(|_| !is_near(peer)).unwrap_or(local)
}

/// Whether a peer is on our side of the NAT that an external address stands for.
fn is_near(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// The cause in a Reason field (RFC 3326): `Q.850;cause=17;text="busy"`.
fn q850_of_reason(reason: &str) -> Option<Cause> {
    reason.split(',').find_map(|value| {
        let mut parts = value.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("Q.850") {
            return None;
        }
        let cause = parts.find_map(|part| part.strip_prefix("cause="))?;
        cause
            .trim()
            .parse()
            .ok()
            .filter(|cause| (1..=127).contains(cause))
            .map(Cause)
    })
}
