//! Which message belongs to which transaction (RFC 3261 17.1.3 and 17.2.3).

use crate::sip::message::{Method, Request, Via, BRANCH_COOKIE};
use std::fmt::Write as _;
use std::net::IpAddr;

/// The key of the server transaction that `request` belongs to; an ACK has that of its INVITE.
///
/// The sender's address is part of it, so that a stranger who learns or guesses a branch cannot reach the
/// transaction. Only the address, not the port: an ACK may come over another connection than its INVITE.
pub(super) fn server(request: &Request, via: &Via, source: IpAddr) -> String {
    let class = match request.method {
        Method::Ack => Method::Invite.as_str(),
        ref method => method.as_str(),
    };
    key(request, via, source, class)
}

/// The key of the INVITE that this CANCEL cancels (9.2).
pub(super) fn cancelled(request: &Request, via: &Via, source: IpAddr) -> String {
    key(request, via, source, Method::Invite.as_str())
}

fn key(request: &Request, via: &Via, source: IpAddr, class: &str) -> String {
    let mut key = String::with_capacity(96);
    let port = via.port.unwrap_or(5060);
    // Writing into a String cannot fail. A line feed separates, since no header value can hold one.
    let _ = write!(key, "{class}\n{source}\n{}:{port}\n", via.host);
    match via.branch().filter(|branch| has_cookie(branch)) {
        Some(branch) => key.push_str(branch),
        None => {
            // RFC 2543: the Request-URI, From tag, Call-ID, CSeq number and topmost Via. The To tag is left
            // out, since it differs between an INVITE and its ACK; the CSeq number tells dialogs' requests apart.
            let headers = &request.headers;
            let from = headers.from().ok();
            let from_tag = from.as_ref().and_then(|from| from.tag()).unwrap_or_default();
            let number = headers.cseq().map(|cseq| cseq.number).unwrap_or_default();
            let call_id = headers.get("Call-ID").unwrap_or_default();
            let branch = via.branch().unwrap_or_default();
            let _ = write!(key, "{}\n{from_tag}\n{call_id}\n{number}\n{branch}", request.uri);
        }
    }
    key
}

/// Whether the branch is one of RFC 3261: the cookie, and something behind it.
fn has_cookie(branch: &str) -> bool {
    let cookie = BRANCH_COOKIE.len();
    branch.len() > cookie
        && branch
            .get(..cookie)
            .is_some_and(|b| b.eq_ignore_ascii_case(BRANCH_COOKIE))
}

/// The key of a client transaction: a CANCEL has the branch of its INVITE, so the method is part of it.
pub(super) fn client(branch: &str, method: &Method) -> String {
    format!("{branch}\n{method}")
}
