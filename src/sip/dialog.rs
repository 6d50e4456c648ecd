//! Dialogs: what two user agents remember of each other between requests (RFC 3261 12).

use crate::sip::message::Uri;
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
    /// The value of each Route field of our requests, first hop first.
    pub route_set: Vec<String>,
    /// The way that our requests go out by: the one that the dialog was set up by.
    pub flow: Flow,
}
