//! What is told outside any call: texts, by MESSAGE (RFC 3428), and to a phone that did not ask its waiting messages, by
//! NOTIFY (RFC 3842). From what is to be said to an address, and by a request to its answer.
//!
//! A text for a trunk's registrar goes the way that the registration goes, with its account; any other to where its URI
//! leads. Like the registrations, these are values: the switch joins them to the endpoint, to DNS and to the flows.

use super::address::{address_towards, contact};
use super::registrations::{Act, Asker, Lookup, Registrations, Ticket};
use super::waiting::{self, Notification};
use super::{admission, texts};
use crate::config::Trunk;
use crate::dialplan::services::TextMessage;
use crate::limits;
use crate::rng::Rng;
use crate::sip::digest::Authenticator;
use crate::sip::endpoint::ClientTx;
use crate::sip::message::{Method, NameAddr, Request, Response, Uri};
use crate::sip::message_summary::{Summary, EVENT, MEDIA_TYPE};
use crate::sip::resolve::{Destination, Target};
use crate::sip::Flow;
use crate::trunk::registration::Route;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Addresses of one destination that are tried: the dialplan waits meanwhile, half a minute for each that is silent.
const ADDRESSES: usize = 2;

/// What is to be sent.
struct What<'a> {
    method: Method,
    /// From whom; empty where the switch itself says it.
    from: &'a str,
    content_type: &'a str,
    body: &'a [u8],
    /// Of a NOTIFY: the mailbox and its counts.
    summary: Option<(String, Summary)>,
}

/// One request on its way.
struct Outgoing {
    number: u64,
    /// Without Via, and without From where the switch itself says it: its address depends on the way.
    request: Request,
    /// Of a NOTIFY: the mailbox and its counts. Its body names our address too.
    summary: Option<(String, Summary)>,
    credentials: Option<Authenticator>,
    is_challenged: bool,
    /// Where to try next.
    others: VecDeque<Target>,
    flow: Option<Flow>,
    waiting: Option<Ticket>,
    awaited: Option<ClientTx>,
}

/// The texts on their way.
pub(super) struct Messages {
    external: Option<IpAddr>,
    rng: Rng,
    outgoing: Vec<Outgoing>,
    acts: VecDeque<Act>,
    /// Texts that came to an end, and whether they were accepted.
    ended: VecDeque<(u64, bool)>,
    last_ticket: u64,
}

impl Messages {
    pub fn new(external: Option<IpAddr>, rng: Rng) -> Self {
        Messages {
            external,
            rng,
            outgoing: Vec::new(),
            acts: VecDeque::new(),
            ended: VecDeque::new(),
            last_ticket: 0,
        }
    }

    /// Begins to send a text, under that number.
    pub fn send(&mut self, number: u64, message: &TextMessage, registrations: &Registrations) {
        let content_type = match message.content_type.trim() {
            "" => texts::TEXT,
            named => named,
        };
        let what = What {
            method: Method::Message,
            from: message.from.trim(),
            content_type,
            body: message.body.as_bytes(),
            summary: None,
        };
        self.send_or_fail(number, &message.to, what, registrations);
    }

    /// Begins to tell a phone of its waiting messages.
    pub fn notify(&mut self, notification: Notification, registrations: &Registrations) {
        let what = What {
            method: Method::Notify,
            from: "",
            content_type: MEDIA_TYPE,
            body: &[],
            summary: Some((notification.mailbox, notification.summary)),
        };
        self.send_or_fail(notification.number, &notification.uri, what, registrations);
    }

    fn send_or_fail(&mut self, number: u64, to: &str, what: What<'_>, registrations: &Registrations) {
        let method = what.method.clone();
        if let Err(reason) = self.begin(number, to, what, registrations) {
            tracing::info!("a {method} was not sent: {reason}");
            self.ended.push_back((number, false));
        }
    }

    fn begin(
        &mut self,
        number: u64,
        to: &str,
        what: What<'_>,
        registrations: &Registrations,
    ) -> Result<(), String> {
        if self.outgoing.len() >= limits::MESSAGES {
            return Err("too many are on their way".to_owned());
        }
        if what.body.len() > limits::TEXT_BYTES {
            return Err("it is too long".to_owned());
        }
        let mut uri: Uri = to.parse().map_err(|error| format!("its destination: {error}"))?;
        // Header fields in a URI are for who dials it by hand, and do not stand in a Request-URI (19.1.1).
        uri.query = None;
        let trunk = registrations.trunk_of(&uri.host);
        let mut destination = Destination::of(&uri).map_err(|error| error.to_string())?;
        if let (Some((_, _, registrar)), None) = (&trunk, uri.port) {
            destination = Destination::of(registrar).map_err(|error| error.to_string())?;
        }
        let trunk_of = trunk.as_ref().map(|(_, trunk, registrar)| (*trunk, registrar));
        let request = self.request(uri, &what, trunk_of)?;
        let credentials = trunk
            .as_ref()
            .and_then(|(_, trunk, _)| admission::credentials(trunk));
        let flow = trunk
            .as_ref()
            .and_then(|(index, ..)| registrations.flow_of(*index));
        self.outgoing.push(Outgoing {
            number,
            request,
            summary: what.summary,
            credentials: credentials
                .map(|(username, password)| Authenticator::new(username, password, self.rng.fork())),
            is_challenged: false,
            others: VecDeque::new(),
            flow,
            waiting: None,
            awaited: None,
        });
        match flow {
            Some(flow) => self.transmit(number, flow),
            None => self.acts.push_back(Act::Resolve(Lookup {
                asker: Asker::Message(number),
                destination,
            })),
        }
        Ok(())
    }

    /// The request, but for what depends on the way.
    fn request(
        &mut self,
        uri: Uri,
        what: &What<'_>,
        trunk: Option<(&Trunk, &Uri)>,
    ) -> Result<Request, String> {
        let from = match (what.from, trunk) {
            ("", Some((trunk, registrar))) => {
                let user = trunk.username.clone().unwrap_or_default();
                Some(NameAddr::new(Uri::sip(user, registrar.host.clone(), None)))
            }
            ("", None) => None,
            (from, _) => Some(
                from.parse()
                    .map_err(|error| format!("whom it is from: {error}"))?,
            ),
        };
        let mut request = Request::new(what.method.clone(), uri.clone());
        let headers = &mut request.headers;
        headers.push("To", NameAddr::new(uri));
        if let Some(mut from) = from {
            from.params.clear();
            headers.push("From", from.with_tag(self.rng.token(16)));
        }
        headers.push("Call-ID", self.rng.token(24));
        headers.push("CSeq", format_args!("1 {}", what.method));
        if what.summary.is_some() {
            headers.push("Event", EVENT);
            // Nobody subscribed, so nothing goes on.
            headers.push("Subscription-State", "terminated");
        }
        headers.push("Content-Type", what.content_type);
        request.body = what.body.to_vec();
        Ok(request)
    }

    /// Where the text's URI leads to.
    pub fn resolved(&mut self, number: u64, routes: Result<Vec<Route>, String>) {
        let Some(outgoing) = self.find(|outgoing| outgoing.number == number) else {
            return;
        };
        match routes {
            Ok(routes) => {
                let targets = routes.into_iter().map(|route| route.target);
                outgoing.others = targets.take(ADDRESSES).collect();
                self.next(number, "its destination has no address that we can reach");
            }
            Err(reason) => self.failed(number, &reason),
        }
    }

    /// A way was found, or not.
    pub fn flow_opened(&mut self, ticket: Ticket, flow: Result<Flow, String>) {
        let Some(outgoing) = self.find(|outgoing| outgoing.waiting == Some(ticket)) else {
            return;
        };
        outgoing.waiting = None;
        let number = outgoing.number;
        match flow {
            Ok(flow) => {
                outgoing.flow = Some(flow);
                self.transmit(number, flow);
            }
            Err(reason) => self.next(number, &reason),
        }
    }

    /// The request of `Act::Request` is under way as that transaction.
    pub fn sent(&mut self, number: u64, tx: ClientTx) {
        if let Some(outgoing) = self.find(|outgoing| outgoing.number == number) {
            outgoing.awaited = Some(tx);
        }
    }

    /// Whether a response to that request is awaited here.
    pub fn awaits(&self, tx: ClientTx) -> bool {
        self.outgoing.iter().any(|outgoing| outgoing.awaited == Some(tx))
    }

    pub fn response(&mut self, tx: ClientTx, response: &Response) {
        let Some(outgoing) = self.find(|outgoing| outgoing.awaited == Some(tx)) else {
            return;
        };
        if response.is_provisional() {
            return;
        }
        outgoing.awaited = None;
        let number = outgoing.number;
        match response.status {
            200..=299 => self.end(number, true),
            401 | 407 => match (outgoing.answer_challenge(response), outgoing.flow) {
                (Ok(()), Some(flow)) => self.transmit(number, flow),
                (Err(reason), _) => self.failed(number, &reason),
                (Ok(()), None) => self.failed(number, "its way is gone"),
            },
            // This server has a problem; another may have none (RFC 3263 4.3).
            503 => self.next(number, "503"),
            status => self.failed(number, &format!("{status} {}", response.reason)),
        }
    }

    /// No answer came.
    pub fn request_timeout(&mut self, tx: ClientTx) {
        if let Some(outgoing) = self.find(|outgoing| outgoing.awaited == Some(tx)) {
            outgoing.awaited = None;
            let number = outgoing.number;
            self.next(number, "nobody answers");
        }
    }

    pub fn poll_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// A text that came to its end, and whether it was accepted.
    pub fn poll_ended(&mut self) -> Option<(u64, bool)> {
        self.ended.pop_front()
    }

    /// Whether a text is on its way by that connection.
    pub fn use_flow(&self, flow_id: u64) -> bool {
        let mut flows = self.outgoing.iter().filter_map(|outgoing| outgoing.flow);
        flows.any(|flow| flow.id == flow_id)
    }

    fn find(&mut self, is_it: impl Fn(&Outgoing) -> bool) -> Option<&mut Outgoing> {
        self.outgoing.iter_mut().find(|outgoing| is_it(outgoing))
    }

    /// Tries the next address; where none is left, the text has failed for that reason.
    fn next(&mut self, number: u64, reason: &str) {
        let Some(outgoing) = self
            .outgoing
            .iter_mut()
            .find(|outgoing| outgoing.number == number)
        else {
            return;
        };
        let Some(target) = outgoing.others.pop_front() else {
            return self.failed(number, reason);
        };
        self.last_ticket += 1;
        let ticket = Ticket::new(Asker::Message(number), self.last_ticket);
        outgoing.waiting = Some(ticket);
        self.acts.push_back(Act::OpenFlow { ticket, target });
    }

    /// Sends the request by that way.
    fn transmit(&mut self, number: u64, flow: Flow) {
        let ours = address_towards(self.external, flow.remote.ip(), flow.local.ip());
        let tag = self.rng.token(16);
        let Some(outgoing) = self.find(|outgoing| outgoing.number == number) else {
            return;
        };
        let headers = &mut outgoing.request.headers;
        if !headers.contains("From") {
            let from = NameAddr::new(Uri::sip("obelus", ours.to_string(), None));
            headers.push("From", from.with_tag(tag));
        }
        if let Some((mailbox, summary)) = &outgoing.summary {
            let account = waiting::account(mailbox, &ours.to_string());
            headers.set("Contact", NameAddr::new(contact(flow, ours)));
            outgoing.request.body = summary.body(&account).into_bytes();
        }
        let request = Box::new(outgoing.request.clone());
        self.acts.push_back(Act::Request {
            asker: Asker::Message(number),
            flow,
            request,
        });
    }

    fn failed(&mut self, number: u64, reason: &str) {
        if let Some(outgoing) = self.find(|outgoing| outgoing.number == number) {
            let method = &outgoing.request.method;
            tracing::info!("a {method} was not accepted: {}", reason.escape_debug());
        }
        self.end(number, false);
    }

    fn end(&mut self, number: u64, accepted: bool) {
        self.outgoing.retain(|outgoing| outgoing.number != number);
        self.ended.push_back((number, accepted));
    }
}

impl Outgoing {
    /// Puts credentials into the request, under the next number. Once: a second challenge is a refusal.
    fn answer_challenge(&mut self, response: &Response) -> Result<(), String> {
        let refused = || format!("{} {}", response.status, response.reason);
        if std::mem::replace(&mut self.is_challenged, true) {
            return Err(refused());
        }
        let credentials = self.credentials.as_mut().ok_or_else(refused)?;
        let request = &mut self.request;
        let is_proxy = response.status == 407;
        let header = credentials
            .respond(
                &request.method,
                &request.uri,
                &request.body,
                &response.headers,
                is_proxy,
            )
            .map_err(|error| error.to_string())?;
        request.headers.set("CSeq", format_args!("2 {}", request.method));
        request.headers.set(header.name, header.value);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
