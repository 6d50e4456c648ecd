//! Which of our addresses a peer is told.

use crate::sip::message::Uri;
use crate::sip::{Flow, Transport};
use std::net::IpAddr;

/// Our Contact at that address, on that way.
pub(super) fn contact(flow: Flow, ours: IpAddr) -> Uri {
    let mut uri = Uri::sip("", ours.to_string(), Some(flow.local.port()));
    if flow.transport == Transport::Tcp {
        uri.params.push(("transport".to_owned(), Some("tcp".to_owned())));
    }
    uri
}

/// Which address of ours a peer is told: the external one, unless the peer is on our side of the NAT.
pub fn address_towards(external: Option<IpAddr>, peer: IpAddr, local: IpAddr) -> IpAddr {
    external.filter(|_| !is_near(peer)).unwrap_or(local)
}

/// Whether a peer is on our side of the NAT that an external address stands for.
fn is_near(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
