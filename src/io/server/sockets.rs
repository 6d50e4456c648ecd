//! Every way out to a SIP peer: UDP sockets, TCP connections, and the address by which a peer reaches us.

use super::StartError;
use crate::config::Config;
use crate::io::local_address::LocalAddress;
use crate::io::tcp::{Connection, Tcp};
use crate::io::{udp, Event, Received};
use crate::sip::resolve::Target;
use crate::sip::{Flow, Transport};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;

/// Every way out to a SIP peer.
pub(super) struct Sockets {
    pub(super) addresses: Vec<(Transport, SocketAddr)>,
    pub(super) udp: HashMap<u64, Arc<UdpSocket>>,
    pub(super) connections: HashMap<u64, Connection>,
    pub(super) tcp: Tcp,
    pub(super) local: LocalAddress,
}

impl Sockets {
    pub(super) async fn bind(
        config: &Config,
        received: mpsc::Sender<Received>,
        streamed: mpsc::Sender<Received>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Self, StartError> {
        let ids = Arc::new(AtomicU64::new(1));
        let mut sockets = Sockets {
            addresses: Vec::new(),
            udp: HashMap::new(),
            connections: HashMap::new(),
            tcp: Tcp::new(ids.clone(), streamed, events),
            local: LocalAddress::default(),
        };
        for (transport, address) in config.sip.listen.iter().copied() {
            let failed = |error| StartError::Sip {
                transport: if transport == Transport::Udp { "udp" } else { "tcp" },
                address,
                error,
            };
            let bound = match transport {
                Transport::Udp => {
                    let socket = Arc::new(udp::bind(address).map_err(failed)?);
                    let id = ids.fetch_add(1, Ordering::Relaxed);
                    sockets.udp.insert(id, socket.clone());
                    tokio::spawn(udp::read(socket.clone(), id, received.clone()));
                    socket.local_addr().map_err(failed)?
                }
                Transport::Tcp => {
                    let listener = TcpListener::bind(address).await.map_err(failed)?;
                    let bound = listener.local_addr().map_err(failed)?;
                    tokio::spawn(sockets.tcp.clone().accept(listener));
                    bound
                }
            };
            sockets.addresses.push((transport, bound));
        }
        Ok(sockets)
    }

    /// Sends; `false` where a connection is gone. A datagram that the kernel has no room for is lost like any other.
    pub(super) fn send(&self, flow: Flow, bytes: Vec<u8>) -> bool {
        match flow.transport {
            Transport::Udp => {
                if let Some(socket) = self.udp.get(&flow.id) {
                    if let Err(error) = socket.try_send_to(&bytes, flow.remote) {
                        tracing::debug!("sending to {}: {error}", flow.remote);
                    }
                }
                true
            }
            Transport::Tcp => self
                .connections
                .get(&flow.id)
                .is_some_and(|connection| connection.send(bytes)),
        }
    }

    /// The address by which a peer reaches us, over the transport that we reach it by.
    pub(super) fn listening_towards(&mut self, target: Target) -> Option<SocketAddr> {
        let listening = self.addresses.iter().find(|(transport, bound)| {
            *transport == target.transport && bound.is_ipv4() == target.address.is_ipv4()
        })?;
        Some(self.local.towards(listening.1, target.address))
    }

    /// The UDP socket for peers of that family.
    pub(super) fn udp_towards(&mut self, remote: SocketAddr) -> Option<Flow> {
        let (id, bound) = self.udp.iter().find_map(|(id, socket)| {
            let bound = socket.local_addr().ok()?;
            (bound.is_ipv4() == remote.is_ipv4()).then_some((*id, bound))
        })?;
        Some(Flow {
            id,
            transport: Transport::Udp,
            local: self.local.towards(bound, remote),
            remote,
        })
    }
}
