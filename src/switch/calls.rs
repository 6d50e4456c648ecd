//! A call from its INVITE to its end: what the switch does for it, and carries out of what it wants.

use super::address::{address_towards, contact};
use super::{admission, texts, Output, Switch};
use crate::call::cause::Cause;
use crate::call::channel::{CallChannel, ToChannel};
use crate::call::items::Items;
use crate::call::{self, Action, Call, Setup};
use crate::dialplan::Dialplan;
use crate::media::{self, LegId};
use crate::secret::Private;
use crate::sip::digest::Authenticator;
use crate::sip::endpoint::{CallHandle, End};
use crate::sip::message::{Request, Uri};
use crate::sip::Flow;
use crate::time::Instant;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// One call, and what belongs to it.
pub(super) struct Entry {
    pub(super) call: Call,
    pub(super) flow: Flow,
    pub(super) leg: LegId,
    pub(super) worker: usize,
    pub(super) dialplan: Arc<Dialplan>,
    pub(super) to_channel: mpsc::UnboundedSender<ToChannel>,
    /// What the dialplan can ask for without waiting.
    pub(super) items: watch::Sender<Items>,
    /// Taken when the dialplan starts.
    pub(super) channel: Option<Box<CallChannel>>,
    pub(super) span: tracing::Span,
    pub(super) trunk: String,
}

impl Switch {
    pub(super) fn incoming(&mut self, now: Instant, handle: CallHandle, request: &Request, flow: Flow) {
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

    pub(super) fn reinvite(&mut self, now: Instant, call: CallHandle, request: &Request) {
        match admission::sdp_of(request) {
            Ok(body) => self.dispatch(now, call, call::Input::Reinvite(body)),
            Err(_) => self.endpoint.refuse_reinvite(now, call, 415),
        }
    }

    /// Hands an input to a call and carries out what it wants. A panic in there ends that call alone.
    pub(super) fn dispatch(&mut self, now: Instant, handle: CallHandle, input: call::Input) {
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

    pub(super) fn carry_out(&mut self, now: Instant, handle: CallHandle) {
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

/// Why a dialog is over.
pub(super) fn cause_of(end: End) -> Cause {
    match end {
        End::Bye { reason } => reason
            .as_deref()
            .and_then(q850_of_reason)
            .unwrap_or(Cause::NORMAL),
        End::NoAck | End::Timeout => Cause::TIMER,
        End::FlowFailed => Cause::NETWORK,
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
