//! Calls that come in, until they are answered (RFC 3261 13.3, 9.2).

use super::checks::{self, Refusal};
use super::table::{Machine, User};
use super::{overload, reply, CallHandle, Endpoint, Event, ServerTx};
use crate::sip::dialog::Dialog;
use crate::sip::invite::{Call, State, Unacked};
use crate::sip::message::{reason, Request, Response, Uri};
use crate::sip::Flow;
use crate::time::Instant;
use std::collections::BTreeMap;

impl Endpoint {
    /// Sends a provisional response, 180 or 183 (any of 101 to 199), with an SDP body or none. Without
    /// effect on a call that is answered or over.
    pub fn ring(&mut self, now: Instant, call: CallHandle, status: u16, body: Option<Vec<u8>>) {
        let status = status.clamp(101, 199);
        let Some((tx, mut response)) = self.answer_to(call, status) else {
            return;
        };
        if let Some(dialog) = self.call_dialog(call) {
            let contact = format!("<{}>", dialog.local_target);
            response.headers.push("Contact", contact);
        }
        reply::attach(&mut response, body.unwrap_or_default());
        self.respond_with(now, tx, &response);
        self.settle();
    }

    /// Answers with 200 and `body` (SDP), repeated until the ACK comes. Without effect on a call that is
    /// answered or over.
    pub fn answer(&mut self, now: Instant, call: CallHandle, contact: &Uri, body: Vec<u8>) {
        let Some((tx, mut response)) = self.answer_to(call, 200) else {
            return;
        };
        response.headers.push("Contact", format_args!("<{contact}>"));
        response.headers.push("Allow", &self.allow);
        self.sign(&mut response);
        let offers = !body.is_empty();
        reply::attach(&mut response, body);
        let Some(bytes) = self.respond_with(now, tx, &response) else {
            return;
        };
        let base = self.config.base;
        if let Some(live) = self.calls.get_mut(&call) {
            if let State::Incoming { cseq, offerless, .. } = live.state {
                live.unacked = Some(Unacked::new(now, &base, cseq, offerless && offers, bytes));
            }
            live.state = State::Established;
            if let Some(dialog) = &mut live.dialog {
                dialog.local_target = contact.clone();
            }
        }
        self.arm_call(call);
        self.settle();
    }

    /// Refuses a call that is not answered with a final response of 300 or above, with further header
    /// fields. The handle is dead.
    pub fn reject(&mut self, now: Instant, call: CallHandle, status: u16, extra: &[(&str, String)]) {
        let status = status.clamp(300, 699);
        let Some((tx, mut response)) = self.answer_to(call, status) else {
            return;
        };
        for (name, value) in extra {
            response.headers.push(name, value);
        }
        self.sign(&mut response);
        self.respond_with(now, tx, &response);
        self.forget_call(now, call);
        self.settle();
    }

    /// Answers an `Event::Request`; build the response with `Request::response`. Without effect once the peer
    /// has given up.
    pub fn respond(&mut self, now: Instant, tx: ServerTx, mut response: Response) {
        let asked = self.table.get(tx.0).is_some_and(|transaction| {
            transaction.user == User::Application && matches!(transaction.machine, Machine::Server(_))
        });
        if asked {
            let tag = format!("{:016x}", self.hash(&["request", &tx.0.to_string()]));
            if response.status > 100 {
                reply::tag_to(&mut response, &tag);
            }
            self.sign(&mut response);
            self.respond_with(now, tx.0, &response);
            self.settle();
        }
    }

    /// An INVITE outside a dialog that passed the checks.
    pub(super) fn receive_invite(
        &mut self,
        now: Instant,
        flow: Flow,
        key: String,
        merge: u64,
        mut request: Request,
    ) {
        if self.calls.len() >= self.config.max_calls {
            let refusal = overload(&mut self.rng);
            return self.refuse(flow, &request, refusal);
        }
        let tag = self.rng.token(TAG);
        let mut template = request.response(180);
        reply::tag_to(&mut template, &tag);
        let local_target = reply::contact(&flow, self.config.external_address);
        let to = template.headers.get("To").unwrap_or_default();
        let dialog = Dialog::from_request(&request, flow, &tag, to, local_target);
        let (Some(dialog), Ok(cseq)) = (dialog, request.headers.cseq()) else {
            return self.refuse(flow, &request, Refusal::new(400));
        };
        if checks::is_optional(&request) {
            request.body.clear();
        }
        let call = CallHandle(self.table.next_id());
        let tx = self.open_server_invite(flow, key, Some(merge), User::Call(call));
        self.respond_with(now, tx, &request.response(100));
        self.insert_call(
            call,
            Call {
                state: State::Incoming {
                    tx,
                    template: Box::new(template),
                    cseq: cseq.number,
                    offerless: request.body.is_empty(),
                },
                flow,
                local_tag: tag,
                dialog: Some(dialog),
                unacked: None,
                pending: None,
                reinviting: None,
                answers: None,
                reacks: BTreeMap::new(),
                credentials: None,
                ours: BTreeMap::new(),
                abandoned: false,
                armed: None,
            },
        );
        self.emit(Event::Incoming {
            call,
            request: Box::new(request),
            flow,
        });
    }

    /// A CANCEL whose INVITE transaction is alive (9.2). It is answered 200 whatever becomes of the INVITE: one
    /// that is answered already stays so.
    pub(super) fn receive_cancel(
        &mut self,
        now: Instant,
        flow: Flow,
        key: String,
        request: Request,
        invite: u64,
    ) {
        let mut response = request.response(200);
        let Some(transaction) = self.table.get(invite) else {
            return;
        };
        let (user, open) = match &transaction.machine {
            Machine::ServerInvite(machine) => (transaction.user, machine.is_proceeding()),
            _ => return,
        };
        // The To tag is that of the INVITE's response (9.2).
        let tag = match user {
            User::Call(call) | User::Reinvite(call) => {
                self.calls.get(&call).map(|call| call.local_tag.clone())
            }
            _ => None,
        };
        let tag = tag.unwrap_or_else(|| self.stateless_tag(&request));
        reply::tag_to(&mut response, &tag);
        self.sign(&mut response);
        self.answer_at_once(now, flow, key, &response);
        match user {
            User::Call(call) if open => self.end_unanswered(now, call, Event::Cancelled { call }),
            User::Reinvite(call) if open => self.refuse_pending(now, call, 487),
            _ => {}
        }
    }

    /// The caller has given up, by CANCEL or BYE: 487, and the call is over.
    pub(super) fn end_unanswered(&mut self, now: Instant, call: CallHandle, event: Event) {
        let Some((tx, mut response)) = self.answer_to(call, 487) else {
            return;
        };
        self.sign(&mut response);
        self.respond_with(now, tx, &response);
        self.forget_call(now, call);
        self.emit(event);
    }

    /// The INVITE transaction of an unanswered call, and the beginning of a response to it.
    fn answer_to(&self, call: CallHandle, status: u16) -> Option<(u64, Response)> {
        let State::Incoming { tx, template, .. } = &self.calls.get(&call)?.state else {
            return None;
        };
        let mut response = Response::clone(template);
        response.status = status;
        reason(status).clone_into(&mut response.reason);
        if status >= 300 {
            response.headers.remove("Record-Route");
        }
        Some((*tx, response))
    }
}

/// Characters of a tag, five random bits each: RFC 3261 19.3 asks for 32 bits at least.
pub(super) const TAG: usize = 16;
