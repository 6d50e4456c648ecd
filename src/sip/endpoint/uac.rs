//! Calls of ours: INVITE, its answers, CANCEL, another try with credentials, re-INVITE (RFC 3261 9.1, 13.2,
//! 14.1, 22.2).

use super::requests::sibling;
use super::table::{Machine, User};
use super::{CallHandle, End, Endpoint, Event};
use crate::limits;
use crate::sip::dialog::{self, Dialog};
use crate::sip::digest::AuthHeader;
use crate::sip::invite::{Answers, Call, Calling, Cancel, State};
use crate::sip::message::{Method, Request, Response};
use crate::sip::transaction::client_invite;
use crate::sip::Flow;
use crate::time::Instant;
use std::collections::BTreeMap;

impl Endpoint {
    /// Begins a call. `request` brings the Request-URI, From, To, Contact and SDP; what of Call-ID, CSeq,
    /// From tag, Max-Forwards, Contact, Allow and User-Agent is missing is added, and Via always.
    pub fn invite(&mut self, now: Instant, flow: Flow, mut request: Request) -> CallHandle {
        self.complete(&mut request);
        if !request.headers.contains("Contact") {
            let contact = super::reply::contact(&flow, self.config.external_address);
            request.headers.push("Contact", format_args!("<{contact}>"));
        }
        if !request.headers.contains("Allow") {
            request.headers.push("Allow", &self.allow);
        }
        let from = request.headers.from().ok();
        let local_tag = from
            .as_ref()
            .and_then(|from| from.tag())
            .unwrap_or_default()
            .to_owned();
        let call = CallHandle(self.table.next_id());
        let (tx, request) = self.open_client_invite(now, flow, request, User::Call(call));
        self.insert_call(
            call,
            Call {
                state: State::Calling(Box::new(Calling {
                    tx,
                    request,
                    cancel: Cancel::No,
                })),
                flow,
                local_tag,
                dialog: None,
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
        self.settle();
        call
    }

    /// Gives up a call of ours that is not answered: CANCEL once a provisional response has come (RFC 3261
    /// 9.1). `Failed` follows; where a 2xx crossed the CANCEL it has been acknowledged and ended.
    pub fn cancel(&mut self, now: Instant, call: CallHandle) {
        match self.calls.get_mut(&call).map(|live| &mut live.state) {
            Some(State::Calling(calling)) if calling.cancel == Cancel::No => {
                calling.cancel = Cancel::Wanted;
                self.send_cancel(now, call);
            }
            Some(State::Challenged { .. }) => {
                self.end_call(now, call, Event::Failed { call, response: None })
            }
            _ => {}
        }
        self.settle();
    }

    /// Sends the INVITE again with credentials, after `Challenged` (22.2).
    pub fn authenticate(&mut self, now: Instant, call: CallHandle, credentials: AuthHeader) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let flow = live.flow;
        let State::Challenged { request, .. } = &mut live.state else {
            return;
        };
        let mut request = Request::clone(request);
        let number = request.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        request.headers.remove("Via");
        request
            .headers
            .set("CSeq", format_args!("{} INVITE", number.saturating_add(1)));
        request.headers.set(credentials.name, &credentials.value);
        let (tx, request) = self.open_client_invite(now, flow, request, User::Call(call));
        if let Some(live) = self.calls.get_mut(&call) {
            live.state = State::Calling(Box::new(Calling {
                tx,
                request,
                cancel: Cancel::No,
            }));
        }
        self.settle();
    }

    /// Sends a re-INVITE with `body` as the offer; `Event::Reinvited` follows. Without effect, and `false`,
    /// where the call is not established or an INVITE is pending in either direction.
    pub fn reinvite(&mut self, now: Instant, call: CallHandle, body: Vec<u8>) -> bool {
        let Some(live) = self.calls.get_mut(&call) else {
            return false;
        };
        let free = live.pending.is_none() && live.reinviting.is_none() && live.unacked.is_none();
        let (State::Established, true, Some(dialog)) = (&live.state, free, live.dialog.as_mut()) else {
            return false;
        };
        let flow = dialog.flow;
        let mut request = dialog.request(Method::Invite);
        request
            .headers
            .push("Contact", format_args!("<{}>", dialog.local_target));
        request.headers.push("Allow", &self.allow);
        if !body.is_empty() {
            request.headers.push("Content-Type", "application/sdp");
        }
        request.body = body;
        self.complete(&mut request);
        self.authorize(call, &mut request);
        let kept = self.keeps(call).then(|| request.clone());
        let (tx, _) = self.open_client_invite(now, flow, request, User::Reinvite(call));
        if let Some(live) = self.calls.get_mut(&call) {
            live.reinviting = Some(tx);
        }
        self.keep_ours(call, tx, kept, false);
        self.settle();
        true
    }

    /// Sends the CANCEL that is wanted, if a provisional response has come.
    fn send_cancel(&mut self, now: Instant, call: CallHandle) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let State::Calling(calling) = &mut live.state else {
            return;
        };
        let Some(transaction) = self.table.get_mut(calling.tx) else {
            return;
        };
        let Machine::ClientInvite(machine) = &mut transaction.machine else {
            return;
        };
        if calling.cancel != Cancel::Wanted || !machine.is_proceeding() {
            return;
        }
        calling.cancel = Cancel::Sent;
        let outputs = machine.handle(now, &self.config.base, client_invite::Input::Cancelled);
        let cancel = sibling(&calling.request, Method::Cancel);
        let (tx, flow) = (calling.tx, live.flow);
        self.apply(tx, outputs);
        let via = cancel.headers.via().ok();
        let branch = via.as_ref().and_then(|via| via.branch()).unwrap_or_default();
        self.open_client_as(now, flow, branch, &cancel, User::Nobody);
    }

    /// A response to the INVITE of a call.
    pub(super) fn invite_answered(&mut self, now: Instant, tx: u64, call: CallHandle, response: Response) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let State::Calling(calling) = &mut live.state else {
            if response.is_success() {
                self.answered_again(now, call, &response);
            }
            return;
        };
        if response.is_provisional() {
            match calling.cancel {
                Cancel::No if response.status > 100 && !live.abandoned => {
                    self.emit(Event::Progress {
                        call,
                        response: Box::new(response),
                    });
                }
                Cancel::Wanted => self.send_cancel(now, call),
                _ => {}
            }
            return;
        }
        if response.is_success() {
            return self.answered(now, tx, call, response);
        }
        let challenged = matches!(response.status, 401 | 407);
        if !challenged || calling.cancel != Cancel::No {
            return self.end_call(
                now,
                call,
                Event::Failed {
                    call,
                    response: Some(Box::new(response)),
                },
            );
        }
        live.state = State::Challenged {
            request: Box::new(calling.request.clone()),
            until: now + self.config.base.patience(),
        };
        self.arm_call(call);
        self.emit(Event::Challenged {
            call,
            response: Box::new(response),
        });
    }

    /// The first 2xx: the dialog is there.
    fn answered(&mut self, now: Instant, tx: u64, call: CallHandle, response: Response) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let State::Calling(calling) = std::mem::replace(&mut live.state, State::Established) else {
            return;
        };
        let invite = calling.request;
        let unwanted = calling.cancel != Cancel::No;
        let flow = live.flow;
        let Some(dialog) = confirmed(&invite, &response, flow) else {
            // Without tags and Contact that can be read there is nobody to send an ACK or a BYE to.
            return self.end_call(
                now,
                call,
                Event::Failed {
                    call,
                    response: Some(Box::new(response)),
                },
            );
        };
        let ack = self.acknowledge(&dialog, &invite);
        let acks = BTreeMap::from([(dialog.remote_tag.clone(), ack)]);
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        live.dialog = Some(dialog);
        live.answers = Some(Box::new(Answers { invite, tx, acks }));
        let abandoned = live.abandoned;
        if unwanted || abandoned {
            // The 2xx crossed our CANCEL (9.1).
            self.bye(now, call, None);
            if !abandoned {
                self.emit(Event::Failed { call, response: None });
            }
            return;
        }
        self.emit(Event::Answered {
            call,
            response: Box::new(response),
        });
    }

    /// Another 2xx: the same again, whose ACK was lost, or one of another fork, which is not wanted (13.2.2.4).
    fn answered_again(&mut self, now: Instant, call: CallHandle, response: &Response) {
        let Some(live) = self.calls.get(&call) else { return };
        let Some(answers) = &live.answers else { return };
        let tag = response
            .headers
            .to()
            .ok()
            .and_then(|to| to.tag().map(str::to_owned))
            .unwrap_or_default();
        if let Some(ack) = answers.acks.get(&tag) {
            let flow = live.dialog.as_ref().map_or(live.flow, |dialog| dialog.flow);
            return self.transmit(flow, ack.clone());
        }
        if answers.acks.len() >= limits::SIP_FORKS {
            return;
        }
        let invite = answers.invite.clone();
        let Some(mut fork) = confirmed(&invite, response, live.flow) else {
            return;
        };
        let ack = self.acknowledge(&fork, &invite);
        let bye = fork.request(Method::Bye);
        self.open_client(now, fork.flow, bye, User::Nobody);
        if let Some(answers) = self.calls.get_mut(&call).and_then(|live| live.answers.as_mut()) {
            answers.acks.insert(tag, ack);
        }
    }

    /// Sends the ACK of a 2xx and gives its bytes back.
    fn acknowledge(&mut self, dialog: &Dialog, invite: &Request) -> Vec<u8> {
        let number = invite.headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
        let mut ack = dialog.request_with(Method::Ack, number);
        copy_credentials(invite, &mut ack);
        self.stamp(&dialog.flow, &mut ack);
        let bytes = ack.to_bytes();
        self.transmit(dialog.flow, bytes.clone());
        bytes
    }

    /// A response to our re-INVITE.
    pub(super) fn reinvite_answered(&mut self, now: Instant, tx: u64, call: CallHandle, response: Response) {
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        if response.is_provisional() {
            return;
        }
        if let Some(ack) = live.reacks.get(&tx) {
            let (flow, ack) = (live.flow, ack.clone());
            return self.transmit(flow, ack);
        }
        live.reinviting.take_if(|ours| *ours == tx);
        if self.tried_again(now, tx, User::Reinvite(call), call, &response) {
            return;
        }
        let Some(live) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(dialog) = &mut live.dialog else { return };
        match response.status {
            200..=299 => {
                dialog.refresh_target(&response.headers);
                let number = response
                    .headers
                    .cseq()
                    .map(|cseq| cseq.number)
                    .unwrap_or_default();
                let mut ack = dialog.request_with(Method::Ack, number);
                if let Some(ours) = live.ours.get(&tx) {
                    copy_credentials(&ours.request, &mut ack);
                }
                let flow = dialog.flow;
                self.stamp(&flow, &mut ack);
                let bytes = ack.to_bytes();
                self.transmit(flow, bytes.clone());
                if let Some(live) = self.calls.get_mut(&call) {
                    live.reacks.insert(tx, bytes);
                }
            }
            // The peer does not know the dialog, or somebody on the way could not reach it (12.2.1.2).
            481 | 408 => {
                let event = Event::Ended {
                    call,
                    end: End::Timeout,
                };
                if !live.abandoned {
                    self.bye(now, call, None);
                    self.emit(event);
                }
                return;
            }
            _ => {}
        }
        if self.calls.get(&call).is_some_and(|live| !live.abandoned) {
            self.emit(Event::Reinvited {
                call,
                response: Box::new(response),
            });
        }
    }

    pub(super) fn expire_challenge(&mut self, now: Instant, call: CallHandle) {
        let state = self.calls.get(&call).map(|live| &live.state);
        if matches!(state, Some(State::Challenged { until, .. }) if *until <= now) {
            self.end_call(now, call, Event::Failed { call, response: None });
        }
    }
}

/// An ACK has the credentials of its INVITE (22.1).
fn copy_credentials(invite: &Request, ack: &mut Request) {
    for name in ["Authorization", "Proxy-Authorization"] {
        for value in invite.headers.all(name) {
            ack.headers.push(name, value);
        }
    }
}

/// The dialog that a 2xx to our INVITE makes.
fn confirmed(invite: &Request, response: &Response, flow: Flow) -> Option<Dialog> {
    let local_target = dialog::contact(&invite.headers)?;
    Dialog::from_response(invite, response, flow, local_target)
}
