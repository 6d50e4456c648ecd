//! The door of the SIP stack: bytes and time in, bytes and events out (RFC 3261 8, 9, 12 to 15, 17, 18.2).
//!
//! A message is parsed here, finds its transaction by `keys` in `table`, and goes on as far as it is new: to a
//! call's dialog (`session`), to a new call (`uas`), to a call of ours (`uac`), or to the application. `checks`
//! refuses what must not be processed, and does so without a transaction (8.2.7): such requests leave nothing
//! behind, however many a stranger sends. Not here: sockets, TCP framing, finding an address by name, and the
//! ladder of messages in the log, which the shell writes.

mod checks;
mod event;
mod inside;
mod keys;
mod reply;
mod requests;
mod schedule;
mod session;
mod table;
mod turn_away;
mod uac;
mod uas;

pub use event::{CallHandle, ClientTx, Counts, End, EndpointConfig, Event, Output, ServerTx};

use crate::rng::Rng;
use crate::sip::dialog::Dialog;
use crate::sip::invite::Call;
use crate::sip::message::{Message, Method, ParseErrorKind, Request, Response};
use crate::sip::transaction::{self, server, server_invite, Outputs, Server, ServerInvite};
use crate::sip::Flow;
use crate::time::Instant;
use checks::Refusal;
use schedule::{Schedule, Sleeper};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use table::{Machine, Table, User};
use tracing::debug;

/// A SIP user agent, server and client, as one value. After each call drain `poll_output`, then ask
/// `poll_timeout` for the time of the next `handle_timeout`.
#[derive(Debug)]
pub struct Endpoint {
    config: EndpointConfig,
    /// The value of Allow.
    allow: String,
    rng: Rng,
    /// Keys the hashes that strangers have a hand in.
    secret: [u64; 2],
    table: Table,
    calls: HashMap<CallHandle, Call>,
    /// Calls by our tag, which is random and in every request of the peer's.
    tags: HashMap<String, CallHandle>,
    /// What depends on a stream, so that its end finds it. Datagrams are not in it: their socket outlives all.
    streams: BTreeSet<(u64, Sleeper)>,
    schedule: Schedule,
    output: VecDeque<Output>,
}

/// What became of a step of a transaction.
struct Step {
    user: User,
    /// The message is for the user.
    deliver: bool,
    /// The other side did not answer, or the transport broke.
    timed_out: bool,
}

impl Endpoint {
    /// An endpoint that knows no call. Tags, branches and Call-IDs come from `rng`.
    pub fn new(config: EndpointConfig, mut rng: Rng) -> Self {
        Endpoint {
            allow: checks::allow(&config.methods),
            config,
            secret: [rng.u64(), rng.u64()],
            rng,
            table: Table::default(),
            calls: HashMap::new(),
            tags: HashMap::new(),
            streams: BTreeSet::new(),
            schedule: Schedule::default(),
            output: VecDeque::new(),
        }
    }

    /// Takes in a datagram, or one message that the framer cut from a stream.
    pub fn receive(&mut self, now: Instant, flow: Flow, bytes: &[u8]) {
        match Message::parse(bytes) {
            Ok(Message::Request(request)) => self.receive_request(now, flow, request),
            Ok(Message::Response(response)) => self.receive_response(now, flow, response),
            // A keep-alive (RFC 5626 3.5.1).
            Err(error) if error.kind == ParseErrorKind::Empty => {}
            Err(error) => {
                debug!(%flow, %error, "a message that cannot be read");
                if let Some(response) = error.response() {
                    self.refuse_unread(flow, response);
                }
            }
        }
        self.settle();
    }

    /// A connection is gone: what depends on it fails at once instead of by timeout. Datagram sockets have no
    /// such end.
    pub fn flow_failed(&mut self, now: Instant, flow_id: u64) {
        let from = (flow_id, Sleeper::Transaction(0));
        let to = (flow_id, Sleeper::Call(u64::MAX));
        let sleepers: Vec<Sleeper> = self
            .streams
            .range(from..=to)
            .map(|&(_, sleeper)| sleeper)
            .collect();
        // Calls first, so that their transactions have nobody left to tell.
        for sleeper in sleepers.iter().rev() {
            match *sleeper {
                Sleeper::Call(call) => self.call_flow_failed(now, CallHandle(call)),
                Sleeper::Transaction(id) => self.transaction_failed(now, id),
            }
        }
        self.settle();
    }

    /// Does what is due by `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, sleeper)) = self.schedule.peek().filter(|&(at, _)| at <= now) {
            self.schedule.pop();
            match sleeper {
                Sleeper::Transaction(id) => self.wake_transaction(now, at, id),
                Sleeper::Call(call) => self.wake_call(now, at, CallHandle(call)),
            }
        }
        self.settle();
    }

    /// When `handle_timeout` wants to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.schedule.peek().map(|(at, _)| at)
    }

    /// The next thing to send or to hear of.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// The dialog of a call, once there is one.
    pub fn call_dialog(&self, call: CallHandle) -> Option<&Dialog> {
        self.calls.get(&call)?.dialog.as_ref()
    }

    /// What is alive.
    pub fn counts(&self) -> Counts {
        Counts {
            transactions: self.table.len(),
            dialogs: self.calls.values().filter(|call| call.dialog.is_some()).count(),
            calls: self.calls.len(),
        }
    }

    fn receive_request(&mut self, now: Instant, flow: Flow, mut request: Request) {
        let Some(arrival) = reply::arrive(&mut request.headers, flow) else {
            return;
        };
        let source = flow.remote.ip();
        let key = keys::server(&request, &arrival.via, source);
        if let Some(id) = self.table.server(&key) {
            return self.repeated(now, id, request);
        }
        let flow = arrival.reply;
        match request.method {
            Method::Ack => self.receive_ack(now, &request),
            Method::Cancel => {
                let invite = keys::cancelled(&request, &arrival.via, source);
                match self.table.server(&invite) {
                    Some(invite) => self.receive_cancel(now, flow, key, request, invite),
                    None => self.refuse(flow, &request, Refusal::new(481)),
                }
            }
            _ => match request
                .headers
                .to()
                .ok()
                .and_then(|to| to.tag().map(str::to_owned))
            {
                // The application keeps the dialogs of its own subscriptions.
                Some(_)
                    if request.method == Method::Subscribe
                        && self.config.methods.contains(&request.method) =>
                {
                    self.receive_outside(now, flow, key, request);
                }
                Some(tag) => self.receive_inside(now, flow, key, request, &tag),
                None => self.receive_outside(now, flow, key, request),
            },
        }
    }

    /// A request of a transaction that we know: a retransmission, or the ACK of its response.
    fn repeated(&mut self, now: Instant, id: u64, request: Request) {
        let Some(transaction) = self.table.get_mut(id) else {
            return;
        };
        let base = &self.config.base;
        let outputs = match (&mut transaction.machine, &request.method) {
            (Machine::ServerInvite(machine), Method::Ack) => {
                machine.handle(now, base, server_invite::Input::Ack)
            }
            (Machine::ServerInvite(machine), Method::Invite) => {
                machine.handle(now, base, server_invite::Input::Invite)
            }
            (Machine::Server(machine), _) => machine.handle(now, base, server::Input::Request),
            _ => return,
        };
        if self.apply(id, outputs).is_some_and(|step| step.deliver) {
            self.receive_ack(now, &request);
        }
    }

    /// A request that belongs to no dialog.
    fn receive_outside(&mut self, now: Instant, flow: Flow, key: String, request: Request) {
        if let Err(refusal) = checks::outside(&request, &self.config.methods, &self.allow) {
            return self.refuse(flow, &request, refusal);
        }
        let merge = self.merge_key(&request);
        if self.table.is_merged(merge) {
            return self.refuse(flow, &request, Refusal::new(482));
        }
        if request.method == Method::Options && !self.config.methods.contains(&Method::Options) {
            let mut response = self.response_to(&request, 200);
            checks::describe(&mut response, &self.allow);
            return self.transmit_response(flow, &response);
        }
        if self.table.len() >= self.config.max_transactions {
            let refusal = overload(&mut self.rng);
            return self.refuse(flow, &request, refusal);
        }
        if request.method == Method::Invite {
            return self.receive_invite(now, flow, key, merge, request);
        }
        let machine = Machine::Server(Server::new(now, &self.config.base, flow.transport.is_reliable()));
        let id = self.open_server(flow, key, Some(merge), User::Application, machine);
        let request = Box::new(request);
        self.emit(Event::Request {
            tx: ServerTx(id),
            request,
            flow,
        });
    }

    /// What makes two requests with different branches the same request that came by two ways (8.2.2.2).
    fn merge_key(&self, request: &Request) -> u64 {
        let from = request.headers.from().ok();
        let tag = from.as_ref().and_then(|from| from.tag()).unwrap_or_default();
        self.hash(&[
            tag,
            request.headers.get("Call-ID").unwrap_or_default(),
            request.headers.get("CSeq").unwrap_or_default(),
        ])
    }

    /// A hash that strangers cannot aim at.
    fn hash(&self, parts: &[&str]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.secret.hash(&mut hasher);
        parts.hash(&mut hasher);
        hasher.finish()
    }

    // Server transactions.

    fn open_server(
        &mut self,
        flow: Flow,
        key: String,
        merge: Option<u64>,
        user: User,
        machine: Machine,
    ) -> u64 {
        let id = self.table.insert_server(key, merge, flow, user, machine);
        self.opened(id, flow);
        id
    }

    fn open_server_invite(&mut self, flow: Flow, key: String, merge: Option<u64>, user: User) -> u64 {
        let machine = Machine::ServerInvite(ServerInvite::new(flow.transport.is_reliable()));
        self.open_server(flow, key, merge, user, machine)
    }

    /// Answers a request at once and leaves its transaction to absorb retransmissions.
    fn answer_at_once(&mut self, now: Instant, flow: Flow, key: String, response: &Response) {
        let machine = Machine::Server(Server::new(now, &self.config.base, flow.transport.is_reliable()));
        let id = self.open_server(flow, key, None, User::Nobody, machine);
        self.respond_with(now, id, response);
    }

    /// Sends a response through its transaction and gives back its bytes; None where the transaction is gone.
    fn respond_with(&mut self, now: Instant, id: u64, response: &Response) -> Option<Vec<u8>> {
        let bytes = response.to_bytes();
        let status = response.status;
        let transaction = self.table.get_mut(id)?;
        let base = &self.config.base;
        let copy = bytes.clone();
        let outputs = match &mut transaction.machine {
            Machine::ServerInvite(machine) => {
                machine.handle(now, base, server_invite::Input::Respond { status, bytes: copy })
            }
            Machine::Server(machine) => {
                machine.handle(now, base, server::Input::Respond { status, bytes: copy })
            }
            Machine::ClientInvite(_) | Machine::Client(_) => return None,
        };
        self.apply(id, outputs);
        Some(bytes)
    }

    /// A response to `request` with what each of ours has.
    fn response_to(&self, request: &Request, status: u16) -> Response {
        let mut response = request.response(status);
        let tag = self.stateless_tag(request);
        reply::tag_to(&mut response, &tag);
        self.sign(&mut response);
        response
    }

    fn sign(&self, response: &mut Response) {
        if !self.config.user_agent.is_empty() {
            response.headers.push("Server", &self.config.user_agent);
        }
    }

    /// The To tag where no dialog gives one: the same for the same request, so that its retransmission gets the
    /// same response though nothing was remembered (8.2.7).
    fn stateless_tag(&self, request: &Request) -> String {
        let header = |name| request.headers.get(name).unwrap_or_default();
        format!(
            "{:016x}",
            self.hash(&[header("Via"), header("From"), header("Call-ID"), header("CSeq")])
        )
    }

    /// Refuses without a transaction.
    fn refuse(&mut self, flow: Flow, request: &Request, refusal: Refusal) {
        if request.method == Method::Ack {
            return;
        }
        let mut response = self.response_to(request, refusal.status);
        for (name, value) in refusal.extra {
            response.headers.push(name, value);
        }
        debug!(%flow, method = %request.method, status = refusal.status, "refused");
        self.transmit_response(flow, &response);
    }

    /// Refuses what could not even be read.
    fn refuse_unread(&mut self, flow: Flow, mut response: Response) {
        if let Some(arrival) = reply::arrive(&mut response.headers, flow) {
            self.sign(&mut response);
            self.transmit_response(arrival.reply, &response);
        }
    }

    // What all transactions have in common.

    fn opened(&mut self, id: u64, flow: Flow) {
        if flow.transport.is_reliable() {
            self.streams.insert((flow.id, Sleeper::Transaction(id)));
        }
        self.arm_transaction(id);
    }

    /// Carries out what a transaction wants done.
    fn apply(&mut self, id: u64, outputs: Outputs) -> Option<Step> {
        let transaction = self.table.get(id)?;
        let (user, flow) = (transaction.user, transaction.flow);
        let mut step = Step {
            user,
            deliver: false,
            timed_out: false,
        };
        let mut ended = false;
        for output in outputs {
            match output {
                transaction::Output::Transmit(bytes) => self.transmit(flow, bytes),
                transaction::Output::Deliver => step.deliver = true,
                transaction::Output::TimedOut => step.timed_out = true,
                transaction::Output::Ended => ended = true,
            }
        }
        if ended {
            self.table.remove(id);
            if flow.transport.is_reliable() {
                self.streams.remove(&(flow.id, Sleeper::Transaction(id)));
            }
        } else {
            self.arm_transaction(id);
        }
        Some(step)
    }

    fn arm_transaction(&mut self, id: u64) {
        if let Some(transaction) = self.table.get_mut(id) {
            let deadline = transaction.machine.poll_timeout();
            self.schedule
                .arm(Sleeper::Transaction(id), deadline, &mut transaction.armed);
        }
    }

    fn wake_transaction(&mut self, now: Instant, at: Instant, id: u64) {
        let Some(transaction) = self.table.get_mut(id).filter(|t| t.armed == Some(at)) else {
            return;
        };
        transaction.armed = None;
        let base = &self.config.base;
        let outputs = match &mut transaction.machine {
            Machine::ServerInvite(machine) => machine.handle(now, base, server_invite::Input::Timeout),
            Machine::Server(machine) => machine.handle(now, base, server::Input::Timeout),
            Machine::ClientInvite(machine) => {
                machine.handle(now, base, transaction::client_invite::Input::Timeout)
            }
            Machine::Client(machine) => machine.handle(now, base, transaction::client::Input::Timeout),
        };
        self.finish_step(now, id, outputs);
    }

    fn transaction_failed(&mut self, now: Instant, id: u64) {
        let Some(transaction) = self.table.get_mut(id) else {
            return;
        };
        let base = &self.config.base;
        let outputs = match &mut transaction.machine {
            Machine::ServerInvite(machine) => machine.handle(now, base, server_invite::Input::TransportError),
            Machine::Server(machine) => machine.handle(now, base, server::Input::TransportError),
            Machine::ClientInvite(machine) => {
                machine.handle(now, base, transaction::client_invite::Input::TransportError)
            }
            Machine::Client(machine) => machine.handle(now, base, transaction::client::Input::TransportError),
        };
        self.finish_step(now, id, outputs);
    }

    /// After time or a failure, no message is at hand; only that the other side was not heard can be news.
    fn finish_step(&mut self, now: Instant, id: u64, outputs: Outputs) {
        let client = self.table.get(id).is_some_and(|transaction| {
            matches!(transaction.machine, Machine::ClientInvite(_) | Machine::Client(_))
        });
        let Some(step) = self.apply(id, outputs) else {
            return;
        };
        if step.timed_out && client {
            self.client_timed_out(now, id, step.user);
        }
        // A refusal of ours that nobody acknowledged needs no more doing: the call was over when it was sent.
        self.transaction_ended(id, step.user);
    }

    // Sending and telling.

    fn transmit(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.output.push_back(Output::Transmit { flow, bytes });
    }

    fn transmit_response(&mut self, flow: Flow, response: &Response) {
        self.transmit(flow, response.to_bytes());
    }

    fn emit(&mut self, event: Event) {
        self.output.push_back(Output::Event(event));
    }

    /// Clears stale entries from the top of the schedule, so that `poll_timeout` never names a time at which
    /// nothing is due.
    fn settle(&mut self) {
        while let Some((at, sleeper)) = self.schedule.peek() {
            let (armed, deadline) = match sleeper {
                Sleeper::Transaction(id) => match self.table.get_mut(id) {
                    Some(transaction) => (&mut transaction.armed, transaction.machine.poll_timeout()),
                    None => {
                        self.schedule.pop();
                        continue;
                    }
                },
                Sleeper::Call(id) => match self.calls.get_mut(&CallHandle(id)) {
                    Some(call) => {
                        let deadline = call.poll_timeout();
                        (&mut call.armed, deadline)
                    }
                    None => {
                        self.schedule.pop();
                        continue;
                    }
                },
            };
            if *armed == Some(at) && deadline == Some(at) {
                return;
            }
            self.schedule.pop();
            if *armed == Some(at) {
                *armed = None;
                self.schedule.arm(sleeper, deadline, armed);
            }
        }
    }
}

/// 503 with a wait that differs from peer to peer, so that they do not all come back at once.
fn overload(rng: &mut Rng) -> Refusal {
    Refusal::new(503).with("Retry-After", (5 + rng.below(11)).to_string())
}

#[cfg(test)]
mod tests;
