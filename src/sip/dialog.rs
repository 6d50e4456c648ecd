//! Dialogs: what two user agents remember of each other between requests (RFC 3261 12).

use crate::sip::message::{Headers, Method, NameAddr, Request, Response, Uri};
use crate::sip::Flow;

/// The state of one dialog (RFC 3261 12.1).
#[derive(Clone, Debug)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag; empty for a peer older than RFC 3261 that sends none.
    pub remote_tag: String,
    /// The value of From in our requests, tag included.
    pub local: String,
    /// The value of To in our requests, tag included.
    pub remote: String,
    /// The CSeq number of our last request.
    pub local_cseq: u32,
    /// The CSeq number of the peer's last request, once there was one.
    pub remote_cseq: Option<u32>,
    /// Where our requests are addressed: the peer's Contact.
    pub remote_target: Uri,
    /// Our Contact.
    pub local_target: Uri,
    /// The route set: where our requests pass through, first hop first.
    pub route_set: Vec<NameAddr>,
    /// The way that our requests go out by: the one that the dialog was set up by, or was last refreshed by.
    pub flow: Flow,
}

impl Dialog {
    /// The dialog that our answer to this INVITE makes (12.1.1). `to` is the To of our responses, with
    /// `local_tag` in it. None where the INVITE lacks what a dialog needs.
    pub fn from_request(
        invite: &Request,
        flow: Flow,
        local_tag: &str,
        to: &str,
        local_target: Uri,
    ) -> Option<Self> {
        let from = invite.headers.from().ok()?;
        Some(Dialog {
            call_id: invite.headers.call_id().ok()?.to_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag: from.tag().unwrap_or_default().to_owned(),
            local: to.to_owned(),
            remote: invite.headers.get("From")?.to_owned(),
            local_cseq: 0,
            remote_cseq: Some(invite.headers.cseq().ok()?.number),
            // Peers older than RFC 3261 may send no Contact; then their From is all there is.
            remote_target: contact(&invite.headers).unwrap_or(from.uri),
            local_target,
            route_set: invite.headers.routes("Record-Route").ok()?,
            flow,
        })
    }

    /// The dialog that this 2xx to our INVITE makes (12.1.2). None where either lacks what a dialog needs.
    pub fn from_response(
        invite: &Request,
        response: &Response,
        flow: Flow,
        local_target: Uri,
    ) -> Option<Self> {
        let from = invite.headers.from().ok()?;
        let to = response.headers.to().ok()?;
        let mut route_set = response.headers.routes("Record-Route").ok()?;
        route_set.reverse();
        Some(Dialog {
            call_id: invite.headers.call_id().ok()?.to_owned(),
            local_tag: from.tag().unwrap_or_default().to_owned(),
            remote_tag: to.tag().unwrap_or_default().to_owned(),
            local: invite.headers.get("From")?.to_owned(),
            remote: response.headers.get("To")?.to_owned(),
            local_cseq: invite.headers.cseq().ok()?.number,
            remote_cseq: None,
            remote_target: contact(&response.headers).unwrap_or_else(|| invite.uri.clone()),
            local_target,
            route_set,
            flow,
        })
    }

    /// Whether a request with these tags, as seen from the peer, belongs to this dialog.
    pub fn owns(&self, call_id: &str, to_tag: &str, from_tag: &str) -> bool {
        self.call_id == call_id && self.local_tag == to_tag && self.remote_tag == from_tag
    }

    /// A request within the dialog under the next CSeq number (12.2.1.1), still without Via.
    pub fn request(&mut self, method: Method) -> Request {
        let number = self.next_cseq();
        self.request_with(method, number)
    }

    /// The next CSeq number of ours.
    pub fn next_cseq(&mut self) -> u32 {
        // Numbers stay below 2^31; nobody sends two thousand million requests in one dialog.
        self.local_cseq = self.local_cseq.saturating_add(1).min((1 << 31) - 1);
        self.local_cseq
    }

    /// A request within the dialog under a given CSeq number: the ACK has its INVITE's.
    pub fn request_with(&self, method: Method, cseq: u32) -> Request {
        let mut target = self.remote_target.clone();
        // Headers in a Contact do not belong into a Request-URI (19.1.1).
        target.query = None;
        let strict = self
            .route_set
            .first()
            .is_some_and(|first| !first.uri.has_param("lr"));
        let (uri, last) = match self.route_set.first() {
            // A strict router wants to find itself in the Request-URI, and the target as the last Route.
            Some(first) if strict => {
                let mut uri = first.uri.clone();
                uri.query = None;
                (uri, Some(NameAddr::new(target)))
            }
            _ => (target, None),
        };
        let mut request = Request::new(method.clone(), uri);
        let headers = &mut request.headers;
        for route in self.route_set.iter().skip(usize::from(strict)).chain(&last) {
            headers.push("Route", route);
        }
        headers.push("Max-Forwards", 70);
        headers.push("From", &self.local);
        headers.push("To", &self.remote);
        headers.push("Call-ID", &self.call_id);
        headers.push("CSeq", format_args!("{cseq} {method}"));
        request
    }

    /// Takes over where the peer now wants to be reached: its re-INVITE, UPDATE, or 2xx to ours carries a new
    /// Contact (12.2.1.2, 12.2.2).
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.remote_target = target;
        }
    }
}

/// The one Contact of a message that makes or refreshes a dialog.
pub(in crate::sip) fn contact(headers: &Headers) -> Option<Uri> {
    headers
        .contacts()
        .ok()?
        .into_iter()
        .next()
        .map(|contact| contact.uri)
}

#[cfg(test)]
mod tests;
