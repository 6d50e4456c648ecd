//! SIP: messages, transactions, dialogs and INVITE usages as plain values (RFC 3261).
//!
//! Nothing here opens a socket, reads a clock or waits. `endpoint` is the door: bytes and time in, bytes and
//! events out.

pub mod dialog;
pub mod digest;
pub mod endpoint;
pub(crate) mod invite;
pub mod message;
pub mod message_summary;
pub mod resolve;
pub mod transaction;

use std::fmt;
use std::net::SocketAddr;

/// A SIP transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// Streams, framed by Content-Length.
    Tcp,
}

impl Transport {
    /// As Via spells it.
    pub const fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    }

    /// Whether the transport delivers by itself: then nothing is retransmitted (RFC 3261 17).
    pub const fn is_reliable(self) -> bool {
        matches!(self, Transport::Tcp)
    }
}

/// The way that a message came by or goes out by: a listening UDP socket with a peer, or one TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The shell's number for the UDP socket or TCP connection; opaque here. A number is never used twice.
    pub id: u64,
    /// Which transport.
    pub transport: Transport,
    /// Our address as the peer reaches it (concrete, never 0.0.0.0), with the listening port.
    pub local: SocketAddr,
    /// The peer.
    pub remote: SocketAddr,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}",
            self.transport.via_name().to_ascii_lowercase(),
            self.remote
        )
    }
}
