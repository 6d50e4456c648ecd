//! How a worker reaches the network: pairs of UDP ports, RTP on the even one and RTCP on the next
//! (RFC 3550 11).

use crate::time::Instant;
use std::io;
use std::net::{IpAddr, SocketAddr};

mod mmsg;
pub mod portable;

/// An open pair of ports, by the number that its `MediaIo` gave it. Small, and given again after a close, so
/// that a worker can keep what belongs to it in a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair(pub u32);

/// Which port of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The even one.
    Rtp,
    /// The odd one.
    Rtcp,
}

/// A datagram that came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// To which pair.
    pub pair: Pair,
    /// To which of its ports.
    pub stream: Stream,
    /// From where.
    pub source: SocketAddr,
    /// When the network handed it over; may be earlier than the tick that collects it.
    pub at: Instant,
    /// Its payload.
    pub bytes: &'a [u8],
}

/// Sockets, real or simulated. Nothing here blocks.
pub trait MediaIo: Send {
    /// Binds RTP at the even `port` and RTCP at the next.
    ///
    /// # Errors
    /// The operating system's: in use, no descriptor, no such address.
    fn open(&mut self, address: IpAddr, port: u16) -> io::Result<Pair>;

    /// Frees both ports. What was sent before is still sent.
    fn close(&mut self, pair: Pair);

    /// Hands over what has come, up to `limits::RTP_PER_TICK` datagrams a port; the rest is left for the next
    /// call.
    fn receive(&mut self, now: Instant, each: &mut dyn FnMut(Arrival<'_>));

    /// Hands over what has come to one pair, all of it, before its leg begins or ends something: what came before
    /// belongs to what was before. May hand over more than that.
    fn receive_pair(&mut self, now: Instant, pair: Pair, each: &mut dyn FnMut(Arrival<'_>)) {
        let _ = pair;
        self.receive(now, each);
    }

    /// Sends a datagram, or loses it, as networks do.
    fn send(&mut self, now: Instant, pair: Pair, stream: Stream, to: SocketAddr, bytes: &[u8]);
}
