//! SIP over UDP: listening sockets, and the way out through them.

use super::local_address::LocalAddress;
use super::Received;
use crate::sip::{Flow, Transport};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// Room for a burst of INVITEs while the control task is busy; the kernel may grant less.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Binds a listening socket. IPv6 sockets are IPv6 only, so that `[::]` and `0.0.0.0` can stand side by side.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    // Best effort: the default buffer works too, with less room for a burst.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Reads datagrams until the control task is gone. A datagram that finds the queue full is dropped: the peer
/// repeats it.
pub async fn read(socket: Arc<UdpSocket>, id: u64, to: mpsc::Sender<Received>) {
    let Ok(bound) = socket.local_addr() else { return };
    let mut local = LocalAddress::default();
    let mut buffer = vec![0; crate::limits::SIP_MESSAGE_BYTES];
    loop {
        let (length, remote) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                // ICMP errors of earlier sends surface here; they concern no datagram that came.
                tracing::debug!("receiving on {bound}: {error}");
                tokio::task::yield_now().await;
                continue;
            }
        };
        let bytes = &buffer[..length];
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            // A keep-alive of the peer's (RFC 5626 section 3.5.1 and older habits) wants no answer over UDP.
            continue;
        }
        let flow = Flow {
            id,
            transport: Transport::Udp,
            local: local.towards(bound, remote),
            remote,
        };
        match to.try_send(Received {
            flow,
            bytes: bytes.to_vec(),
        }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::debug!("the SIP queue is full: a datagram of {remote} was dropped");
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return,
        }
    }
}
