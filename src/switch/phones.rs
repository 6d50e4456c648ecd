//! Telephones that show waiting messages: who may ask for which mailbox, and what they are told (RFC 3842).

use super::address::{address_towards, contact};
use super::waiting::subscriptions::Asked;
use super::Switch;
use crate::sip::endpoint::ServerTx;
use crate::sip::message::{Request, Uri};
use crate::sip::Flow;
use crate::time::Instant;

impl Switch {
    /// Sends the next NOTIFY of waiting messages, where one is due.
    pub(super) fn tell_phones(&mut self, now: Instant) -> bool {
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
    pub(super) fn subscribe(&mut self, now: Instant, tx: ServerTx, request: &Request, flow: Flow) {
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
}
