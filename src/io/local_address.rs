//! Which of our addresses a peer reaches: for sockets bound to every address, whose own name says nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Peers remembered; a cache, emptied when it is full.
const REMEMBERED: usize = 4_096;

/// Asks the operating system's routing table, and remembers.
#[derive(Debug, Default)]
pub struct LocalAddress {
    known: HashMap<IpAddr, IpAddr>,
}

impl LocalAddress {
    /// The concrete address of a socket bound to `bound`, as `peer` reaches it.
    pub fn towards(&mut self, bound: SocketAddr, peer: SocketAddr) -> SocketAddr {
        if !bound.ip().is_unspecified() {
            return bound;
        }
        let peer_ip = peer.ip().to_canonical();
        if let Some(ip) = self.known.get(&peer_ip) {
            return SocketAddr::new(*ip, bound.port());
        }
        let ip = route_to(peer_ip).unwrap_or(if peer_ip.is_loopback() {
            loopback(peer_ip)
        } else {
            bound.ip()
        });
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(peer_ip, ip);
        SocketAddr::new(ip, bound.port())
    }
}

fn loopback(like: IpAddr) -> IpAddr {
    match like {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// The source address that the kernel would choose. Connecting a datagram socket sends nothing.
fn route_to(peer: IpAddr) -> Option<IpAddr> {
    let any: SocketAddr = match peer {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(SocketAddr::new(peer, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_on_every_address_is_named_by_the_route_to_the_peer() {
        let mut local = LocalAddress::default();
        let every: SocketAddr = "0.0.0.0:5060".parse().expect("an address");
        let peer: SocketAddr = "127.0.0.1:40000".parse().expect("an address");
        assert_eq!(
            local.towards(every, peer),
            "127.0.0.1:5060".parse().expect("an address")
        );
        let one: SocketAddr = "127.0.0.5:5060".parse().expect("an address");
        assert_eq!(local.towards(one, peer), one);
    }
}
