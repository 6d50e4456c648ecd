//! Calls while they last, and how they end: ACK, re-INVITE, UPDATE, INFO, MESSAGE and BYE (RFC 3261 12.2.2, 14, 15).

use super::checks::{self, Refusal};
use super::schedule::Sleeper;
use super::table::{Machine, User};
use super::{reply, CallHandle, End, Endpoint, Event, ServerTx};
use crate::sip::invite::{Call, Due, Pending, State, Unacked};
use crate::sip::message::{Method, Request};
use crate::sip::transaction::Server;
use crate::sip::Flow;
use crate::time::Instant;
use tracing::{debug, warn};

impl Endpoint {
    /// Ends a call in whatever state it is: BYE where it is answered (after the ACK has come, RFC 3261 15),
    /// 480 where it rings here, CANCEL where it rings there. `reason` becomes the BYE's Reason field. The
    /// handle is dead: no event follows.
    pub fn bye(&mut self, now: Instant, call: CallHandle, reason: Option<&str>) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        match live.state {
            State::Incoming { .. } => return self.reject(now, call, 480, &[]),
            State::Calling(_) | State::Challenged { .. } => {
                live.abandoned = true;
                return self.cancel(now, call);
            }
            State::Established => {}
            State::Hanging(_) | State::Leaving => return,
        }
        live.abandoned = true;
        live.state = State::Hanging(reason.map(str::to_owned));
        self.refuse_pending(now, call, 487);
        self.hang_up(now, call);
        self.settle();
    }

    /// Accepts the pending re-INVITE or UPDATE with 200 and `body` (SDP).
    pub fn answer_reinvite(&mut self, now: Instant, call: CallHandle, body: Vec<u8>) {
        let Some(pending) = self.calls.get_mut(&call).and_then(|live| live.pending.take()) else {
            return;
        };
        let Some(cseq) = pending.request.headers.cseq().ok() else {
            return;
        };
        let offers = !body.is_empty();
        let mut response = pending.request.response(200);
        // It carries the tags already, and no new route set: that one stays as it was (12.2).
        response.headers.remove("Record-Route");
        if let Some(dialog) = self.call_dialog(call) {
            let contact = format!("<{}>", dialog.local_target);
            response.headers.push("Contact", contact);
        }
        response.headers.push("Allow", &self.allow);
        self.sign(&mut response);
        reply::attach(&mut response, body);
        let Some(bytes) = self.respond_with(now, pending.tx, &response) else {
            return;
        };
        let base = self.config.base;
        if let Some(live) = self.calls.get_mut(&call) {
            if pending.request.method == Method::Invite {
                let offered = offers && pending.request.body.is_empty();
                live.unacked = Some(Unacked::new(now, &base, cseq.number, offered, bytes));
            }
            if let Some(dialog) = &mut live.dialog {
                dialog.refresh_target(&pending.request.headers);
            }
        }
        self.move_call(call, pending.flow);
        self.arm_call(call);
        self.settle();
    }

    /// Refuses the pending re-INVITE or UPDATE (488 where no codec is common); the session stays as it was.
    pub fn refuse_reinvite(&mut self, now: Instant, call: CallHandle, status: u16) {
        self.refuse_pending(now, call, status.clamp(300, 699));
        self.settle();
    }

    pub(super) fn refuse_pending(&mut self, now: Instant, call: CallHandle, status: u16) {
        if let Some(pending) = self.calls.get_mut(&call).and_then(|live| live.pending.take()) {
            let mut response = pending.request.response(status);
            self.sign(&mut response);
            self.respond_with(now, pending.tx, &response);
        }
    }

    /// A request with a To tag: it must belong to a dialog.
    pub(super) fn receive_inside(
        &mut self,
        now: Instant,
        flow: Flow,
        key: String,
        request: Request,
        to_tag: &str,
    ) {
        let Some(call) = self.find_call(&request, to_tag) else {
            return self.refuse(flow, &request, Refusal::new(481));
        };
        // What is within a dialog may go somewhat beyond the bound, so that calls can be ended under load.
        let bound = self.config.max_transactions;
        if self.table.len() >= bound + bound / 4 {
            return self.refuse(flow, &request, Refusal::new(503));
        }
        if let Err(refusal) = self.admit(call, &request) {
            return self.refuse_inside(now, flow, key, &request, refusal);
        }
        match request.method {
            Method::Invite => self.receive_reinvite(now, flow, key, call, request),
            Method::Update => self.receive_update(now, flow, key, call, request),
            Method::Bye => self.receive_bye(now, flow, key, call, &request),
            Method::Info => {
                let response = self.response_to(&request, 200);
                self.answer_at_once(now, flow, key, &response);
                if self.calls.get(&call).is_some_and(|live| !live.abandoned) {
                    self.emit(Event::Info {
                        call,
                        request: Box::new(request),
                    });
                }
            }
            Method::Message => self.receive_message(now, flow, key, call, request),
            _ => {
                let mut response = self.response_to(&request, 200);
                checks::describe(&mut response, &self.allow);
                self.answer_at_once(now, flow, key, &response);
            }
        }
    }

    /// A MESSAGE within a call is the application's to answer, unless it is done with the call.
    fn receive_message(&mut self, now: Instant, flow: Flow, key: String, call: CallHandle, request: Request) {
        if self.calls.get(&call).is_none_or(|live| live.abandoned) {
            return self.refuse_inside(now, flow, key, &request, Refusal::new(481));
        }
        let machine = Machine::Server(Server::new(now, &self.config.base, flow.transport.is_reliable()));
        let tx = self.open_server(flow, key, None, User::Application, machine);
        self.emit(Event::Message {
            call,
            tx: ServerTx(tx),
            request: Box::new(request),
        });
    }

    /// The ACK of a 2xx. There is no transaction to absorb its repetitions, so only the first one counts.
    pub(super) fn receive_ack(&mut self, now: Instant, request: &Request) {
        let to_tag = request
            .headers
            .to()
            .ok()
            .and_then(|to| to.tag().map(str::to_owned));
        let Some(call) = to_tag.and_then(|tag| self.find_call(request, &tag)) else {
            return;
        };
        let Some(number) = request.headers.cseq().ok().map(|cseq| cseq.number) else {
            return;
        };
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        if live.unacked.take_if(|unacked| unacked.cseq == number).is_none() {
            return;
        }
        if !live.abandoned {
            let body = request.body.clone();
            self.emit(Event::Acked { call, body });
        }
        self.hang_up(now, call);
    }

    /// The call whose dialog a request belongs to.
    fn find_call(&self, request: &Request, to_tag: &str) -> Option<CallHandle> {
        let call = *self.tags.get(to_tag)?;
        let from = request.headers.from().ok()?;
        let call_id = request.headers.call_id().ok()?;
        let dialog = self.call_dialog(call)?;
        dialog
            .owns(call_id, to_tag, from.tag().unwrap_or_default())
            .then_some(call)
    }

    /// The checks that depend on the dialog: the order of CSeq (12.2.2), then those of any request.
    fn admit(&mut self, call: CallHandle, request: &Request) -> Result<(), Refusal> {
        let number = request.headers.cseq().map_err(|_| Refusal::new(400))?.number;
        let dialog = self.calls.get_mut(&call).and_then(|live| live.dialog.as_mut());
        let dialog = dialog.ok_or(Refusal::new(481))?;
        // Some phones do not count up for their BYE; only a second INVITE with a number is surely wrong.
        let stale = dialog.remote_cseq.is_some_and(|last| match request.method {
            Method::Invite => number <= last,
            _ => number < last,
        });
        if stale {
            debug!(number, last = dialog.remote_cseq, "CSeq out of order");
            return Err(self.later(500));
        }
        dialog.remote_cseq = Some(number);
        checks::inside(request, &self.allow)
    }

    /// A refusal that asks for another try within ten seconds (14.2).
    fn later(&mut self, status: u16) -> Refusal {
        Refusal::new(status).with("Retry-After", self.rng.below(11).to_string())
    }

    /// Refuses within a dialog, where the answer depends on the moment: so a transaction keeps it for
    /// retransmissions.
    fn refuse_inside(&mut self, now: Instant, flow: Flow, key: String, request: &Request, refusal: Refusal) {
        let mut response = self.response_to(request, refusal.status);
        for (name, value) in refusal.extra {
            response.headers.push(name, value);
        }
        debug!(%flow, method = %request.method, status = refusal.status, "refused within a dialog");
        if request.method == Method::Invite {
            let id = self.open_server_invite(flow, key, None, User::Nobody);
            self.respond_with(now, id, &response);
        } else {
            self.answer_at_once(now, flow, key, &response);
        }
    }

    fn receive_reinvite(
        &mut self,
        now: Instant,
        flow: Flow,
        key: String,
        call: CallHandle,
        mut request: Request,
    ) {
        if let Err(status) = self.may_reinvite(call) {
            let refusal = if status == 500 {
                self.later(500)
            } else {
                Refusal::new(status)
            };
            return self.refuse_inside(now, flow, key, &request, refusal);
        }
        if checks::is_optional(&request) {
            request.body.clear();
        }
        // The peer has gone on, so it has our 2xx and only its ACK was lost (RFC 5407 3.1.4).
        let overtaken = self
            .calls
            .get_mut(&call)
            .and_then(|live| live.unacked.take())
            .is_some();
        if overtaken {
            self.emit(Event::Acked {
                call,
                body: Vec::new(),
            });
        }
        let tx = self.open_server_invite(flow, key, None, User::Reinvite(call));
        self.respond_with(now, tx, &request.response(100));
        self.hand_over(call, tx, flow, request);
    }

    fn receive_update(
        &mut self,
        now: Instant,
        flow: Flow,
        key: String,
        call: CallHandle,
        mut request: Request,
    ) {
        if checks::is_optional(&request) {
            request.body.clear();
        }
        if request.body.is_empty() {
            // It offers nothing: a sign of life, or a new Contact (RFC 3311 5.2).
            return self.accept_update(now, flow, key, call, &request);
        }
        if let Err(status) = self.may_reinvite(call) {
            let refusal = if status == 500 {
                self.later(500)
            } else {
                Refusal::new(status)
            };
            return self.refuse_inside(now, flow, key, &request, refusal);
        }
        let machine = Machine::Server(Server::new(now, &self.config.base, flow.transport.is_reliable()));
        let tx = self.open_server(flow, key, None, User::Reinvite(call), machine);
        self.hand_over(call, tx, flow, request);
    }

    fn accept_update(&mut self, now: Instant, flow: Flow, key: String, call: CallHandle, request: &Request) {
        let mut response = self.response_to(request, 200);
        if let Some(dialog) = self.calls.get_mut(&call).and_then(|live| live.dialog.as_mut()) {
            dialog.refresh_target(&request.headers);
            let contact = format!("<{}>", dialog.local_target);
            response.headers.push("Contact", contact);
        }
        self.move_call(call, flow);
        self.answer_at_once(now, flow, key, &response);
    }

    fn hand_over(&mut self, call: CallHandle, tx: u64, flow: Flow, request: Request) {
        if let Some(live) = self.calls.get_mut(&call) {
            live.pending = Some(Pending {
                tx,
                request: Box::new(request.clone()),
                flow,
            });
            self.emit(Event::Reinvite {
                call,
                request: Box::new(request),
            });
        }
    }

    /// Whether the peer may change the session now (14.2, RFC 3311 5.2); else the status that refuses it.
    fn may_reinvite(&self, call: CallHandle) -> Result<(), u16> {
        let live = self.calls.get(&call).ok_or(481_u16)?;
        match &live.state {
            // Its first offer has no answer yet.
            State::Incoming { .. } => return Err(500),
            State::Established => {}
            _ => return Err(481),
        }
        if live.pending.is_some() {
            return Err(500);
        }
        let offering = live.unacked.as_ref().is_some_and(|unacked| unacked.offered);
        if live.reinviting.is_some() || offering {
            return Err(491);
        }
        Ok(())
    }

    fn receive_bye(&mut self, now: Instant, flow: Flow, key: String, call: CallHandle, request: &Request) {
        let response = self.response_to(request, 200);
        self.answer_at_once(now, flow, key, &response);
        let reason = request.headers.get("Reason").map(str::to_owned);
        let event = Event::Ended {
            call,
            end: End::Bye { reason },
        };
        if matches!(
            self.calls.get(&call),
            Some(Call {
                state: State::Incoming { .. },
                ..
            })
        ) {
            // An early dialog may be ended too; its INVITE still wants an answer (15.1.2).
            return self.end_unanswered(now, call, event);
        }
        self.refuse_pending(now, call, 487);
        self.end_call(now, call, event);
    }

    /// Removes a call and tells the application, unless that one is done with it.
    pub(super) fn end_call(&mut self, now: Instant, call: CallHandle, event: Event) {
        if self.forget_call(now, call).is_some_and(|gone| !gone.abandoned) {
            self.emit(event);
        }
    }

    /// Sends the BYE of a call that is to end, unless its ACK must be awaited.
    fn hang_up(&mut self, now: Instant, call: CallHandle) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let State::Hanging(reason) = &mut live.state else {
            return;
        };
        if live.unacked.is_some() {
            return;
        }
        let reason = reason.take();
        live.state = State::Leaving;
        let Some(dialog) = &mut live.dialog else {
            self.forget_call(now, call);
            return;
        };
        let flow = dialog.flow;
        let mut request = dialog.request(Method::Bye);
        if let Some(reason) = reason {
            request.headers.push("Reason", reason);
        }
        self.authorize(call, &mut request);
        let kept = self.keeps(call).then(|| request.clone());
        let tx = self.open_client(now, flow, request, User::Bye(call));
        self.keep_ours(call, tx, kept, false);
    }

    /// 13.3.1.4: the dialog is there, though the caller may not know it; it is ended by BYE.
    fn unacknowledged(&mut self, now: Instant, call: CallHandle) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        warn!(
            call_id = live.dialog.as_ref().map(|dialog| dialog.call_id.as_str()),
            "no ACK came"
        );
        live.unacked = None;
        let known = std::mem::replace(&mut live.abandoned, true);
        if !known {
            live.state = State::Hanging(None);
            self.refuse_pending(now, call, 487);
            self.emit(Event::Ended {
                call,
                end: End::NoAck,
            });
        }
        self.hang_up(now, call);
    }

    pub(super) fn wake_call(&mut self, now: Instant, at: Instant, call: CallHandle) {
        let Some(live) = self.calls.get_mut(&call).filter(|live| live.armed == Some(at)) else {
            return;
        };
        live.armed = None;
        let base = self.config.base;
        match live
            .unacked
            .as_mut()
            .map_or(Due::Nothing, |unacked| unacked.expire(now, &base))
        {
            Due::Nothing => {}
            Due::Repeat(bytes) => {
                let flow = live.flow;
                self.transmit(flow, bytes);
            }
            Due::GiveUp => self.unacknowledged(now, call),
        }
        self.expire_challenge(now, call);
        self.arm_call(call);
    }

    /// The connection of a call is gone. Its INVITE or re-INVITE may have come by another one, and would wait
    /// for an answer for ever.
    pub(super) fn call_flow_failed(&mut self, now: Instant, call: CallHandle) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let pending = live.pending.take().map(|pending| pending.tx);
        let (unanswered, event) = match live.state {
            State::Incoming { tx, .. } => (
                Some(tx),
                Event::Ended {
                    call,
                    end: End::FlowFailed,
                },
            ),
            State::Calling(_) | State::Challenged { .. } => (None, Event::Failed { call, response: None }),
            _ => (
                None,
                Event::Ended {
                    call,
                    end: End::FlowFailed,
                },
            ),
        };
        self.end_call(now, call, event);
        for tx in pending.into_iter().chain(unanswered) {
            self.transaction_failed(now, tx);
        }
    }

    // The calls' places.

    pub(super) fn insert_call(&mut self, call: CallHandle, live: Call) {
        if live.flow.transport.is_reliable() {
            self.streams.insert((live.flow.id, Sleeper::Call(call.0)));
        }
        self.tags.insert(live.local_tag.clone(), call);
        self.calls.insert(call, live);
    }

    pub(super) fn forget_call(&mut self, now: Instant, call: CallHandle) -> Option<Call> {
        let gone = self.calls.remove(&call)?;
        self.streams.remove(&(gone.flow.id, Sleeper::Call(call.0)));
        self.tags.remove(&gone.local_tag);
        if let Some(tx) = gone.reinviting {
            self.abandon(now, tx);
        }
        Some(gone)
    }

    /// The peer has come by another way, and is reached by that from now on.
    pub(super) fn move_call(&mut self, call: CallHandle, flow: Flow) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let old = std::mem::replace(&mut live.flow, flow);
        if let Some(dialog) = &mut live.dialog {
            dialog.flow = flow;
        }
        self.streams.remove(&(old.id, Sleeper::Call(call.0)));
        if flow.transport.is_reliable() {
            self.streams.insert((flow.id, Sleeper::Call(call.0)));
        }
    }

    pub(super) fn arm_call(&mut self, call: CallHandle) {
        if let Some(live) = self.calls.get_mut(&call) {
            let deadline = live.poll_timeout();
            self.schedule
                .arm(Sleeper::Call(call.0), deadline, &mut live.armed);
        }
    }
}
