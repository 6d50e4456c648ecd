//! Our requests within a dialog, as far as BYE, re-INVITE and MESSAGE have it in common: credentials, and another try
//! where one of them is challenged (RFC 3261 22.2, 22.3). MESSAGE itself stands here too (RFC 3428).

use super::table::User;
use super::{CallHandle, Endpoint};
use crate::sip::digest::Authenticator;
use crate::sip::invite::{Ours, State};
use crate::sip::message::{Method, Request, Response};
use crate::time::Instant;
use tracing::debug;

impl Endpoint {
    /// Gives a call the credentials with which it answers a challenge to a BYE, a re-INVITE or a MESSAGE of ours.
    pub fn set_credentials(&mut self, call: CallHandle, credentials: Authenticator) {
        if let Some(live) = self.calls.get_mut(&call) {
            live.credentials = Some(Box::new(credentials));
        }
    }

    /// Sends a MESSAGE within an answered call; `Event::Messaged` with that number follows. Without effect, and `false`,
    /// where the call is not established.
    pub fn message(
        &mut self,
        now: Instant,
        call: CallHandle,
        number: u64,
        content_type: &str,
        body: Vec<u8>,
    ) -> bool {
        let Some(live) = self.calls.get_mut(&call) else {
            return false;
        };
        let (State::Established, Some(dialog)) = (&live.state, live.dialog.as_mut()) else {
            return false;
        };
        let flow = dialog.flow;
        let mut request = dialog.request(Method::Message);
        request.headers.push("Content-Type", content_type);
        request.body = body;
        self.complete(&mut request);
        self.authorize(call, &mut request);
        let kept = self.keeps(call).then(|| request.clone());
        let tx = self.open_client(now, flow, request, User::Message(call, number));
        self.keep_ours(call, tx, kept, false);
        self.settle();
        true
    }

    /// Adds the credentials that a server of this call has asked for before, which saves the round of a challenge.
    pub(super) fn authorize(&mut self, call: CallHandle, request: &mut Request) {
        let credentials = self
            .calls
            .get_mut(&call)
            .and_then(|live| live.credentials.as_mut());
        if let Some(credentials) = credentials {
            for header in credentials.authorize(&request.method, &request.uri, &request.body) {
                request.headers.push(header.name, header.value);
            }
        }
    }

    /// Whether requests are kept for another try: only where there is something to try with.
    pub(super) fn keeps(&self, call: CallHandle) -> bool {
        self.calls
            .get(&call)
            .is_some_and(|live| live.credentials.is_some())
    }

    /// Keeps a request of ours, without its Via, while its transaction lives.
    pub(super) fn keep_ours(&mut self, call: CallHandle, tx: u64, request: Option<Request>, is_second: bool) {
        let alive = self.table.get(tx).is_some();
        if let (Some(live), Some(request), true) = (self.calls.get_mut(&call), request, alive) {
            live.ours.insert(tx, Ours { request, is_second });
        }
    }

    /// A final response to a request of ours within a dialog. A challenge is answered once, with the same request under
    /// the next number; `true` where that was done, and nobody is to hear of the challenge.
    pub(super) fn tried_again(
        &mut self,
        now: Instant,
        tx: u64,
        user: User,
        call: CallHandle,
        response: &Response,
    ) -> bool {
        let Some(live) = self.calls.get_mut(&call) else {
            return false;
        };
        let (Some(credentials), Some(ours)) = (live.credentials.as_mut(), live.ours.get(&tx)) else {
            return false;
        };
        if !matches!(response.status, 401 | 407) {
            credentials.accepted();
            return false;
        }
        let (false, Some(dialog)) = (ours.is_second, live.dialog.as_mut()) else {
            return false;
        };
        let mut request = ours.request.clone();
        let is_proxy = response.status == 407;
        let answer = credentials.respond(
            &request.method,
            &request.uri,
            &request.body,
            &response.headers,
            is_proxy,
        );
        let header = match answer {
            Ok(header) => header,
            Err(error) => {
                debug!(method = %request.method, %error, "a challenge within a dialog");
                return false;
            }
        };
        let (flow, number) = (dialog.flow, dialog.next_cseq());
        request
            .headers
            .set("CSeq", format_args!("{number} {}", request.method));
        request.headers.set(header.name, header.value);
        let kept = Some(request.clone());
        let tx = if request.method == Method::Invite {
            let (tx, _) = self.open_client_invite(now, flow, request, user);
            if let Some(live) = self.calls.get_mut(&call) {
                live.reinviting = Some(tx);
            }
            tx
        } else {
            self.open_client(now, flow, request, user)
        };
        self.keep_ours(call, tx, kept, true);
        true
    }
}
