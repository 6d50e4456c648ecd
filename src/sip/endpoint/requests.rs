//! Our requests and their responses, as far as all have it in common (RFC 3261 8.1, 17.1).

use super::table::{Machine, User};
use super::{keys, reply, CallHandle, ClientTx, End, Endpoint, Event};
use crate::sip::message::{Method, Request, Response};
use crate::sip::transaction::{client, client_invite, Client, ClientInvite};
use crate::sip::Flow;
use crate::time::Instant;
use tracing::debug;

impl Endpoint {
    /// Sends a request outside a dialog, neither INVITE nor ACK; missing fields are added as for `invite`.
    pub fn request(&mut self, now: Instant, flow: Flow, mut request: Request) -> ClientTx {
        self.complete(&mut request);
        let id = self.open_client(now, flow, request, User::Application);
        self.settle();
        ClientTx(id)
    }

    /// Adds what every request has (8.1.1) and this one lacks, but for Via.
    pub(super) fn complete(&mut self, request: &mut Request) {
        let headers = &mut request.headers;
        if !headers.contains("Max-Forwards") {
            headers.push("Max-Forwards", 70);
        }
        if let Ok(from) = headers.from() {
            if from.tag().is_none() {
                headers.set("From", from.with_tag(self.rng.token(super::uas::TAG)));
            }
        }
        if !headers.contains("Call-ID") {
            headers.push("Call-ID", self.rng.token(24));
        }
        if !headers.contains("CSeq") {
            headers.push("CSeq", format_args!("1 {}", request.method));
        }
        if !headers.contains("User-Agent") && !self.config.user_agent.is_empty() {
            headers.push("User-Agent", &self.config.user_agent);
        }
    }

    /// Puts our Via with a fresh branch on top and gives the branch back.
    pub(super) fn stamp(&mut self, flow: &Flow, request: &mut Request) -> String {
        let branch = format!("{}{}", crate::sip::message::BRANCH_COOKIE, self.rng.token(20));
        request
            .headers
            .push_front("Via", reply::via(flow, self.config.external_address, &branch));
        branch
    }

    /// Begins a client transaction for a request that is neither INVITE nor ACK and has no Via yet.
    pub(super) fn open_client(&mut self, now: Instant, flow: Flow, mut request: Request, user: User) -> u64 {
        let branch = self.stamp(&flow, &mut request);
        self.open_client_as(now, flow, &branch, &request, user)
    }

    /// The same for a request that has its Via: a CANCEL has that of its INVITE.
    pub(super) fn open_client_as(
        &mut self,
        now: Instant,
        flow: Flow,
        branch: &str,
        request: &Request,
        user: User,
    ) -> u64 {
        let key = keys::client(branch, &request.method);
        let reliable = flow.transport.is_reliable();
        let (machine, outputs) = Client::start(now, &self.config.base, reliable, request.to_bytes());
        let id = self
            .table
            .insert_client(key, flow, user, Machine::Client(machine));
        self.opened(id, flow);
        self.apply(id, outputs);
        id
    }

    /// Begins a client transaction for an INVITE without Via; gives back the INVITE as sent.
    pub(super) fn open_client_invite(
        &mut self,
        now: Instant,
        flow: Flow,
        mut request: Request,
        user: User,
    ) -> (u64, Request) {
        let branch = self.stamp(&flow, &mut request);
        let key = keys::client(&branch, &Method::Invite);
        let ack = sibling(&request, Method::Ack);
        let (machine, outputs) = ClientInvite::start(
            now,
            &self.config.base,
            flow.transport.is_reliable(),
            request.to_bytes(),
            ack,
        );
        let id = self
            .table
            .insert_client(key, flow, user, Machine::ClientInvite(machine));
        self.opened(id, flow);
        self.apply(id, outputs);
        (id, request)
    }

    /// A response: for a transaction of ours, or for nobody and dropped (17.1.3, 18.1.2).
    pub(super) fn receive_response(&mut self, now: Instant, flow: Flow, response: Response) {
        // More than one Via: it is somebody else's, and came here by mistake (8.1.3.3).
        let Some(id) = self.find_client(&response) else {
            debug!(%flow, status = response.status, "a response to nothing");
            return;
        };
        let Some(transaction) = self.table.get_mut(id) else {
            return;
        };
        let base = &self.config.base;
        let status = response.status;
        let outputs = match &mut transaction.machine {
            Machine::ClientInvite(machine) => {
                let to = response.headers.get("To").unwrap_or_default();
                machine.handle(now, base, client_invite::Input::Response { status, to })
            }
            Machine::Client(machine) => machine.handle(now, base, client::Input::Response(status)),
            Machine::ServerInvite(_) | Machine::Server(_) => return,
        };
        let Some(step) = self.apply(id, outputs) else {
            return;
        };
        if let (User::Call(call) | User::Reinvite(call), true) = (step.user, response.is_provisional()) {
            if !self.calls.contains_key(&call) {
                self.abandon(now, id);
            }
        }
        if step.deliver {
            match step.user {
                User::Application => {
                    self.emit(Event::Response {
                        tx: ClientTx(id),
                        response: Box::new(response),
                    });
                }
                User::Call(call) => self.invite_answered(now, id, call, response),
                User::Reinvite(call) => self.reinvite_answered(now, id, call, response),
                User::Message(..) | User::Bye(_) if response.is_provisional() => {}
                User::Message(call, number) => {
                    if !self.tried_again(now, id, step.user, call, &response) {
                        self.messaged(call, number, Some(response.status));
                    }
                }
                // Whatever else the answer to a BYE is, the dialog is over (15.1.1).
                User::Bye(call) => {
                    if !self.tried_again(now, id, step.user, call, &response) {
                        self.forget_call(now, call);
                    }
                }
                User::Nobody => {}
            }
        }
        self.transaction_ended(id, step.user);
    }

    fn find_client(&self, response: &Response) -> Option<u64> {
        let vias = response.headers.vias().ok()?;
        let [via] = vias.as_slice() else { return None };
        let cseq = response.headers.cseq().ok()?;
        self.table.client(&keys::client(via.branch()?, &cseq.method))
    }

    /// No final response came, or none can come.
    pub(super) fn client_timed_out(&mut self, now: Instant, id: u64, user: User) {
        match user {
            User::Application => self.emit(Event::RequestTimeout { tx: ClientTx(id) }),
            User::Call(call) => self.end_call(now, call, Event::Failed { call, response: None }),
            User::Reinvite(call) => self.lost(now, call),
            User::Message(call, number) => self.messaged(call, number, None),
            User::Bye(call) => {
                self.forget_call(now, call);
            }
            User::Nobody => {}
        }
    }

    /// What became of a MESSAGE of ours within a call. Whatever it was, the call goes on.
    fn messaged(&mut self, call: CallHandle, number: u64, status: Option<u16>) {
        if self.calls.get(&call).is_some_and(|live| !live.abandoned) {
            self.emit(Event::Messaged { call, number, status });
        }
    }

    /// The peer no longer answers within the dialog: it is ended, by BYE all the same (12.2.1.2).
    pub(super) fn lost(&mut self, now: Instant, call: CallHandle) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        live.reinviting = None;
        if !live.abandoned {
            self.bye(now, call, None);
            self.emit(Event::Ended {
                call,
                end: End::Timeout,
            });
        }
    }

    /// An INVITE of ours whose call is gone: a peer that only rings must not keep its transaction for ever.
    pub(super) fn abandon(&mut self, now: Instant, id: u64) {
        let Some(transaction) = self.table.get_mut(id) else {
            return;
        };
        if let Machine::ClientInvite(machine) = &mut transaction.machine {
            let outputs = machine.handle(now, &self.config.base, client_invite::Input::Cancelled);
            self.apply(id, outputs);
        }
    }

    /// Forgets what was kept for the time that a transaction lives.
    pub(super) fn transaction_ended(&mut self, id: u64, user: User) {
        let (User::Call(call) | User::Reinvite(call) | User::Bye(call) | User::Message(call, _)) = user
        else {
            return;
        };
        if self.table.get(id).is_some() {
            return;
        }
        if let Some(live) = self.calls.get_mut(&call) {
            live.answers.take_if(|answers| answers.tx == id);
            live.pending.take_if(|pending| pending.tx == id);
            live.reacks.remove(&id);
            live.ours.remove(&id);
        }
    }
}

/// An ACK or CANCEL for an INVITE of ours: it takes the same way, so it has the same topmost Via and Routes
/// (9.1, 17.1.1.3).
pub(super) fn sibling(invite: &Request, method: Method) -> Request {
    let number = invite.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
    let mut request = Request::new(method.clone(), invite.uri.clone());
    for (name, value) in invite.headers.iter() {
        if matches!(name, "Via" | "Route" | "Max-Forwards" | "From" | "To" | "Call-ID") {
            request.headers.push(name, value);
        }
    }
    request.headers.push("CSeq", format_args!("{number} {method}"));
    request
}
