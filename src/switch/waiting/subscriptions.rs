//! Phones that subscribed to a mailbox's waiting messages (RFC 6665, RFC 3842): the notifier's side.
//!
//! A SUBSCRIBE is taken from this machine and from the addresses of trunks alone; it names the mailbox, or the user of
//! the mailbox's phone. Each subscription has a NOTIFY at once, one at each change, and a last one when it ends. A phone
//! that answers none is forgotten: it will subscribe again.

use super::Waiting;
use crate::limits;
use crate::rng::Rng;
use crate::sip::dialog::Dialog;
use crate::sip::endpoint::ClientTx;
use crate::sip::message::{Method, NameAddr, Request, Response, Uri};
use crate::sip::message_summary::{Summary, EVENT, MEDIA_TYPE};
use crate::sip::Flow;
use crate::time::{Duration, Instant};

/// One phone's subscription to one mailbox.
struct Subscription {
    number: u64,
    mailbox: String,
    dialog: Dialog,
    /// `id` of the Event field, which ours must repeat.
    event_id: Option<String>,
    expires_at: Instant,
    told: Option<Summary>,
    /// Whether the state is to be told though it is what was told.
    due: bool,
    /// Why it ends; its last NOTIFY says so.
    ending: Option<&'static str>,
    awaited: Option<ClientTx>,
}

/// A NOTIFY within a subscription.
pub(in crate::switch) struct Notify {
    /// Named in `Subscriptions::sent`.
    pub number: u64,
    pub flow: Flow,
    pub request: Box<Request>,
}

/// All subscriptions.
pub(in crate::switch) struct Subscriptions {
    entries: Vec<Subscription>,
    last_number: u64,
    rng: Rng,
}

/// What a SUBSCRIBE may subscribe to, and whose it is.
pub(in crate::switch) struct Asked {
    /// Whether its sender may ask at all.
    pub is_allowed: bool,
    /// What its Request-URI names.
    pub mailbox: Option<String>,
    /// Our Contact on the way that it came by.
    pub contact: Uri,
}

/// A status, and what stands in the answer beside it.
type Refusal = (u16, Vec<(&'static str, String)>);

impl Subscriptions {
    pub fn new(rng: Rng) -> Self {
        Subscriptions {
            entries: Vec::new(),
            last_number: 0,
            rng,
        }
    }

    /// The answer to a SUBSCRIBE. What is to be sent then, `poll_send` says.
    pub fn receive(&mut self, now: Instant, request: &Request, flow: Flow, asked: Asked) -> Response {
        match self.take(now, request, flow, asked) {
            Ok(response) => response,
            Err((status, extra)) => {
                let mut response = request.response(status);
                for (name, value) in extra {
                    response.headers.push(name, value);
                }
                response
            }
        }
    }

    fn take(
        &mut self,
        now: Instant,
        request: &Request,
        flow: Flow,
        asked: Asked,
    ) -> Result<Response, Refusal> {
        let refuse = |status| (status, Vec::new());
        // Whoever may not ask learns nothing, not even which mailboxes there are.
        if !asked.is_allowed {
            return Err(refuse(403));
        }
        let event = request.headers.get("Event").unwrap_or_default();
        let (package, parameters) = event.split_once(';').unwrap_or((event, ""));
        if !package.trim().eq_ignore_ascii_case(EVENT) {
            return Err((489, vec![("Allow-Events", EVENT.to_owned())]));
        }
        if !accepts(request) {
            return Err(refuse(406));
        }
        let expires = request.headers.expires().map_err(|_| refuse(400))?;
        let (shortest, longest) = limits::SUBSCRIPTION_SECS.into_inner();
        let expires = expires.unwrap_or(longest).min(longest);
        if (1..shortest).contains(&expires) {
            return Err((423, vec![("Min-Expires", shortest.to_string())]));
        }
        let to = request.headers.to().map_err(|_| refuse(400))?;
        let index = match to.tag() {
            Some(tag) => self.refreshed(request, flow, tag).map_err(refuse)?,
            None => {
                let mailbox = asked.mailbox.ok_or(refuse(404))?;
                self.make_room(flow).map_err(refuse)?;
                let tag = self.rng.token(16);
                let local = to.with_tag(&tag).to_string();
                let dialog =
                    Dialog::from_request(request, flow, &tag, &local, asked.contact).ok_or(refuse(400))?;
                self.last_number += 1;
                self.entries.push(Subscription {
                    number: self.last_number,
                    mailbox,
                    dialog,
                    event_id: event_id(parameters),
                    expires_at: now,
                    told: None,
                    due: true,
                    ending: None,
                    awaited: None,
                });
                self.entries.len() - 1
            }
        };
        let entry = &mut self.entries[index];
        entry.expires_at = now + Duration::from_secs(u64::from(expires));
        entry.due = true;
        if expires == 0 {
            // The end of a subscription, or a single question (RFC 6665 4.4.3): one NOTIFY, and nothing remains.
            entry.ending = Some("timeout");
        }
        let mut response = request.response(200);
        response.headers.set("To", &entry.dialog.local);
        response.headers.push("Expires", expires);
        response
            .headers
            .push("Contact", NameAddr::new(entry.dialog.local_target.clone()));
        for route in request.headers.all("Record-Route") {
            response.headers.push("Record-Route", route);
        }
        Ok(response)
    }

    /// The subscription that a SUBSCRIBE within its dialog refreshes.
    fn refreshed(&mut self, request: &Request, flow: Flow, tag: &str) -> Result<usize, u16> {
        let call_id = request.headers.call_id().map_err(|_| 400u16)?;
        let from = request.headers.from().map_err(|_| 400u16)?;
        let from_tag = from.tag().unwrap_or_default();
        let number = request.headers.cseq().map_err(|_| 400u16)?.number;
        let owns = |entry: &Subscription| entry.dialog.owns(call_id, tag, from_tag) && entry.ending.is_none();
        let index = self.entries.iter().position(owns).ok_or(481u16)?;
        let dialog = &mut self.entries[index].dialog;
        if dialog.remote_cseq.is_some_and(|last| number <= last) {
            return Err(500);
        }
        dialog.remote_cseq = Some(number);
        dialog.refresh_target(&request.headers);
        dialog.flow = flow;
        Ok(index)
    }

    /// 503 where there are too many.
    fn make_room(&self, flow: Flow) -> Result<(), u16> {
        let address = flow.remote.ip();
        let of_address = |entry: &&Subscription| entry.dialog.flow.remote.ip() == address;
        let of_address = self.entries.iter().filter(of_address).count();
        match self.entries.len() < limits::SUBSCRIPTIONS && of_address < limits::SUBSCRIPTIONS_PER_ADDRESS {
            true => Ok(()),
            false => Err(503),
        }
    }

    /// The next NOTIFY to send.
    pub fn poll_send(&mut self, now: Instant, waiting: &Waiting) -> Option<Notify> {
        let index = self.entries.iter().position(|entry| {
            let is_news = entry.due || entry.told != Some(waiting.summary(&entry.mailbox));
            entry.awaited.is_none() && is_news
        })?;
        let entry = &mut self.entries[index];
        let summary = waiting.summary(&entry.mailbox);
        entry.told = Some(summary);
        entry.due = false;
        let state = match entry.ending {
            Some(reason) => format!("terminated;reason={reason}"),
            None => format!("active;expires={}", entry.expires_at.since(now).as_secs()),
        };
        let event = match &entry.event_id {
            Some(id) => format!("{EVENT};id={id}"),
            None => EVENT.to_owned(),
        };
        let mut request = entry.dialog.request(Method::Notify);
        let headers = &mut request.headers;
        headers.push("Contact", NameAddr::new(entry.dialog.local_target.clone()));
        headers.push("Event", event);
        headers.push("Subscription-State", state);
        headers.push("Content-Type", MEDIA_TYPE);
        let account = super::account(&entry.mailbox, &entry.dialog.local_target.host);
        request.body = summary.body(&account).into_bytes();
        Some(Notify {
            number: entry.number,
            flow: entry.dialog.flow,
            request: Box::new(request),
        })
    }

    /// That NOTIFY is under way as this transaction.
    pub fn sent(&mut self, number: u64, tx: ClientTx) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) {
            entry.awaited = Some(tx);
        }
    }

    /// Whether a response to that request is awaited here.
    pub fn awaits(&self, tx: ClientTx) -> bool {
        self.entries.iter().any(|entry| entry.awaited == Some(tx))
    }

    /// A response to a NOTIFY; anything but success ends its subscription (RFC 6665 4.2.2).
    pub fn response(&mut self, tx: ClientTx, response: &Response) {
        if !response.is_provisional() {
            self.answered(tx, (200..300).contains(&response.status));
        }
    }

    /// No response came.
    pub fn request_timeout(&mut self, tx: ClientTx) {
        self.answered(tx, false);
    }

    fn answered(&mut self, tx: ClientTx, accepted: bool) {
        self.entries.retain_mut(|entry| {
            if entry.awaited != Some(tx) {
                return true;
            }
            entry.awaited = None;
            // What ended meanwhile still has its last NOTIFY to send.
            accepted && (entry.ending.is_none() || entry.due)
        });
    }

    /// A connection is gone, and the subscriptions on it.
    pub fn flow_failed(&mut self, flow_id: u64) {
        self.entries.retain(|entry| {
            let flow = entry.dialog.flow;
            flow.id != flow_id || !flow.transport.is_reliable()
        });
    }

    /// Ends what nobody refreshed in time.
    pub fn timeout(&mut self, now: Instant) {
        for entry in &mut self.entries {
            if entry.ending.is_none() && entry.expires_at <= now {
                entry.ending = Some("timeout");
                entry.due = true;
            }
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        let open = self.entries.iter().filter(|entry| entry.ending.is_none());
        open.map(|entry| entry.expires_at).min()
    }

    /// Whether a subscription is on that connection.
    pub fn use_flow(&self, flow_id: u64) -> bool {
        self.entries.iter().any(|entry| entry.dialog.flow.id == flow_id)
    }
}

/// Whether a phone takes our kind of body. One that names none takes the package's own (RFC 3842 3.5).
fn accepts(request: &Request) -> bool {
    let mut named = request
        .headers
        .values("Accept")
        .filter(|range| !range.is_empty())
        .peekable();
    let takes = |range: &str| {
        let name = range.split(';').next().unwrap_or_default().trim();
        [MEDIA_TYPE, "application/*", "*/*"]
            .iter()
            .any(|ours| name.eq_ignore_ascii_case(ours))
    };
    named.peek().is_none() || named.any(takes)
}

/// The `id` among the parameters of an Event field, where it is a token.
fn event_id(parameters: &str) -> Option<String> {
    let id = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("id").then(|| value.trim())
    })?;
    let is_token = !id.is_empty()
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b));
    is_token.then(|| id.to_owned())
}

#[cfg(test)]
mod tests;
