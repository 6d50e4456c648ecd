//! Where a request came from and where its response goes (RFC 3261 18.2, RFC 3581), and what our responses have
//! in common.

use crate::sip::message::{Headers, Response, Uri, Via};
use crate::sip::{Flow, Transport};
use std::net::IpAddr;

/// The topmost Via of a request, and the way that its responses go.
pub(super) struct Arrival {
    pub via: Via,
    pub reply: Flow,
}

/// Notes in the topmost Via where a request really came from (18.2.1, RFC 3581 4). None where there is no
/// readable Via: such a request cannot be answered.
pub(super) fn arrive(headers: &mut Headers, flow: Flow) -> Option<Arrival> {
    let mut via = headers.via().ok()?;
    let sent_by: Option<IpAddr> = via.host.parse().ok();
    let source = flow.remote.ip().to_canonical();
    let as_said = sent_by.is_some_and(|host| host.to_canonical() == source);
    let asks_rport = via.rport().is_some();
    let mut reply = flow;
    if asks_rport {
        via.set_param("rport", Some(flow.remote.port().to_string()));
    } else if flow.transport == Transport::Udp && as_said {
        // Without rport the response goes to the port in Via (18.2.2). Only where the address there is true,
        // though: otherwise a NAT stands between, and only the way that the request took leads back.
        reply
            .remote
            .set_port(via.port.filter(|&port| port != 0).unwrap_or(5060));
    }
    if asks_rport || !as_said {
        via.set_param("received", Some(source.to_string()));
    }
    headers.pop_value("Via");
    headers.push_front("Via", &via);
    Some(Arrival { via, reply })
}

/// Our own address on this flow, as a Contact: where the peer reaches us.
pub(super) fn contact(flow: &Flow, external: Option<IpAddr>) -> Uri {
    let (host, port) = sent_by(flow, external);
    let mut uri = Uri::sip("", host.to_string(), Some(port));
    if flow.transport == Transport::Tcp {
        uri.set_param("transport", Some("tcp".into()));
    }
    uri
}

/// Our Via on this flow.
pub(super) fn via(flow: &Flow, external: Option<IpAddr>, branch: &str) -> Via {
    let (host, port) = sent_by(flow, external);
    let mut via = Via::new(flow.transport.via_name(), host.to_string(), Some(port));
    via.set_param("branch", Some(branch.to_owned()));
    via.set_param("rport", None);
    via
}

/// The external address is for peers outside; one on this very machine reaches us where it already does.
fn sent_by(flow: &Flow, external: Option<IpAddr>) -> (IpAddr, u16) {
    let external = external.filter(|_| !flow.remote.ip().is_loopback());
    (external.unwrap_or(flow.local.ip()), flow.local.port())
}

/// Puts our tag into To, unless a tag stands there: every response but 100 has one (8.2.6.2).
pub(super) fn tag_to(response: &mut Response, tag: &str) {
    if let Ok(to) = response.headers.to() {
        if to.tag().is_none() {
            response.headers.set("To", to.with_tag(tag));
        }
    }
}

/// Attaches an SDP body.
pub(super) fn attach(response: &mut Response, body: Vec<u8>) {
    if !body.is_empty() {
        response.headers.set("Content-Type", "application/sdp");
    }
    response.body = body;
}
