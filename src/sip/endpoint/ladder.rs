//! The SIP ladder in the log, at debug: what came and went, without numbers, addresses of record or secrets.

use crate::sip::message::{Request, Response};
use crate::sip::Flow;
use tracing::{debug, enabled, Level};

/// A request that came in.
pub(super) fn request_in(flow: &Flow, request: &Request) {
    debug!(%flow, call_id = request.headers.get("Call-ID"), "<- {}", request.method);
}

/// A response that came in.
pub(super) fn response_in(flow: &Flow, response: &Response) {
    let headers = &response.headers;
    let (call_id, cseq) = (headers.get("Call-ID"), headers.get("CSeq"));
    debug!(%flow, call_id, cseq, "<- {} {}", response.status, response.reason.escape_debug());
}

/// A message that goes out. Its bytes are all there is: it may be a repetition.
pub(super) fn out(flow: &Flow, bytes: &[u8]) {
    if !enabled!(Level::DEBUG) {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let line = head.lines().next().unwrap_or_default();
    // The Request-URI names a subscriber; the method alone says what happens.
    let what = match line.strip_prefix("SIP/2.0 ") {
        Some(status) => status,
        None => line.split(' ').next().unwrap_or_default(),
    };
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    debug!(%flow, call_id = field("Call-ID: "), cseq = field("CSeq: "), "-> {what}");
}
