//! The portable backend: plain UDP sockets, two for each leg, swept once a tick with `recvmmsg`.
//!
//! A sweep asks every RTP socket, whether something has come or not: at one packet a tick and leg that is one
//! system call for each packet, fewer than epoll would take. RTCP comes every few seconds, so an eighth of its
//! sockets is asked in each tick. The kernel stamps what arrives, so that neither this nor a late tick shows
//! in the jitter. Sending is one call for each packet, since `sendmmsg` sends many to one socket and a leg has
//! one packet in a tick.

use super::mmsg::{self, Buffers, Datagram};
use super::{Arrival, MediaIo, Pair, Stream};
use crate::limits;
use crate::time::{Duration, Instant};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::SystemTime;

/// One in so many RTCP sockets is asked in each tick.
const RTCP_TICKS: usize = 8;
/// A stamp older than this is not believed: the wall clock was set meanwhile.
const OLDEST_STAMP: Duration = Duration::from_secs(2);

/// Sockets of the operating system.
#[derive(Default)]
pub struct Portable {
    pairs: Vec<Option<Sockets>>,
    free: Vec<u32>,
    buffers: Buffers,
    ticks: usize,
}

struct Sockets {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    v6: bool,
}

impl Portable {
    /// Without sockets.
    pub fn new() -> Self {
        Portable::default()
    }
}

/// What a pair has waiting is taken in so many sweeps at most; a socket's usual buffer is empty by then, unless
/// somebody fills it as fast.
const BACKLOG_SWEEPS: usize = 32;

/// Hands over what one socket has; how many datagrams that were.
fn sweep(
    buffers: &mut Buffers,
    socket: &UdpSocket,
    (pair, stream): (Pair, Stream),
    clock: &Stamps,
    each: &mut dyn FnMut(Arrival<'_>),
) -> usize {
    buffers.receive(socket, |datagram: Datagram<'_>| {
        // A longer one was cut, and is neither RTP nor RTCP of telephony.
        if datagram.bytes.len() <= limits::RTP_BYTES {
            each(Arrival {
                pair,
                stream,
                source: datagram.source,
                at: clock.arrival(datagram.at),
                bytes: datagram.bytes,
            });
        }
    })
}

/// The kernel's stamps, which are the wall clock's, as times of ours.
struct Stamps {
    now: Instant,
    wall_clock: SystemTime,
}

impl Stamps {
    fn new(now: Instant) -> Self {
        Stamps {
            now,
            wall_clock: SystemTime::now(),
        }
    }

    fn arrival(&self, stamp: Option<SystemTime>) -> Instant {
        let age = stamp.and_then(|stamp| self.wall_clock.duration_since(stamp).ok());
        match age.filter(|age| *age < OLDEST_STAMP) {
            Some(age) => Instant::from_micros(self.now.as_micros().saturating_sub(age.as_micros() as u64)),
            None => self.now,
        }
    }
}

fn bind(address: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(address, port))?;
    socket.set_nonblocking(true)?;
    // Without stamps the time of the sweep serves.
    if let Err(error) = mmsg::enable_timestamps(&socket) {
        tracing::debug!(%error, "no kernel timestamps for media");
    }
    Ok(socket)
}

impl MediaIo for Portable {
    fn open(&mut self, address: IpAddr, port: u16) -> io::Result<Pair> {
        if port & 1 == 1 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "RTP takes an even port",
            ));
        }
        let sockets = Sockets {
            rtp: bind(address, port)?,
            rtcp: bind(address, port + 1)?,
            v6: address.is_ipv6(),
        };
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.pairs.push(None);
                (self.pairs.len() - 1) as u32
            }
        };
        self.pairs[index as usize] = Some(sockets);
        Ok(Pair(index))
    }

    fn close(&mut self, pair: Pair) {
        if let Some(slot) = self.pairs.get_mut(pair.0 as usize) {
            if slot.take().is_some() {
                self.free.push(pair.0);
            }
        }
    }

    fn receive(&mut self, now: Instant, each: &mut dyn FnMut(Arrival<'_>)) {
        let clock = Stamps::new(now);
        self.ticks = self.ticks.wrapping_add(1);
        for (index, slot) in self.pairs.iter().enumerate() {
            let Some(sockets) = slot else { continue };
            let pair = Pair(index as u32);
            sweep(&mut self.buffers, &sockets.rtp, (pair, Stream::Rtp), &clock, each);
            if index % RTCP_TICKS == self.ticks % RTCP_TICKS {
                sweep(
                    &mut self.buffers,
                    &sockets.rtcp,
                    (pair, Stream::Rtcp),
                    &clock,
                    each,
                );
            }
        }
        self.buffers.wipe();
    }

    fn receive_pair(&mut self, now: Instant, pair: Pair, each: &mut dyn FnMut(Arrival<'_>)) {
        let Some(Some(sockets)) = self.pairs.get(pair.0 as usize) else {
            return;
        };
        let clock = Stamps::new(now);
        for _ in 0..BACKLOG_SWEEPS {
            if sweep(&mut self.buffers, &sockets.rtp, (pair, Stream::Rtp), &clock, each)
                < limits::RTP_PER_TICK
            {
                break;
            }
        }
        sweep(
            &mut self.buffers,
            &sockets.rtcp,
            (pair, Stream::Rtcp),
            &clock,
            each,
        );
        self.buffers.wipe();
    }

    fn send(&mut self, _now: Instant, pair: Pair, stream: Stream, to: SocketAddr, bytes: &[u8]) {
        let Some(Some(sockets)) = self.pairs.get(pair.0 as usize) else {
            return;
        };
        let socket = match stream {
            Stream::Rtp => &sockets.rtp,
            Stream::Rtcp => &sockets.rtcp,
        };
        // A socket that serves both families takes IPv4 addresses in their IPv6 form.
        let to = match (sockets.v6, to.ip()) {
            (true, IpAddr::V4(ip)) => SocketAddr::new(IpAddr::V6(ip.to_ipv6_mapped()), to.port()),
            _ => to,
        };
        // A full send buffer or an unreachable peer loses the packet; RTP lives with that.
        if let Err(error) = socket.send_to(bytes, to) {
            tracing::trace!(%to, %error, "media not sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    /// A free even port with a free odd one after it.
    fn open(io: &mut Portable, address: IpAddr) -> (Pair, u16) {
        let even = (20_000..30_000).step_by(2);
        even.into_iter()
            .find_map(|port| io.open(address, port).ok().map(|pair| (pair, port)))
            .expect("some pair of ports is free")
    }

    fn receive(io: &mut Portable) -> Vec<(Pair, Stream, SocketAddr, Instant, Vec<u8>)> {
        let mut came = Vec::new();
        // Eight sweeps reach every RTCP socket; loopback delivers before `send_to` returns.
        for _ in 0..RTCP_TICKS {
            io.receive(Instant::from_secs(100), &mut |a| {
                came.push((a.pair, a.stream, a.source, a.at, a.bytes.to_vec()));
            });
        }
        came
    }

    fn exchange(address: IpAddr) {
        let mut io = Portable::new();
        let ((a, a_port), (b, b_port)) = (open(&mut io, address), open(&mut io, address));
        let now = Instant::from_secs(100);
        io.send(now, a, Stream::Rtp, SocketAddr::new(address, b_port), b"one");
        io.send(now, a, Stream::Rtp, SocketAddr::new(address, b_port), b"two");
        io.send(
            now,
            b,
            Stream::Rtcp,
            SocketAddr::new(address, a_port + 1),
            b"report",
        );
        let came = receive(&mut io);
        let texts: Vec<_> = came
            .iter()
            .map(|(pair, stream, .., bytes)| (*pair, *stream, &bytes[..]))
            .collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(texts.contains(&(b, Stream::Rtp, b"one")));
        assert!(texts.contains(&(b, Stream::Rtp, b"two")));
        assert!(texts.contains(&(a, Stream::Rtcp, b"report")));
        for (pair, stream, source, at, _) in came {
            let from = match (pair == b, stream) {
                (true, _) => a_port,
                (false, _) => b_port + 1,
            };
            assert_eq!(source, SocketAddr::new(address, from));
            assert!(at <= now && at > Instant::from_secs(98));
        }
        assert!(io.buffers_are_wiped());
    }

    impl Portable {
        fn buffers_are_wiped(&self) -> bool {
            self.buffers.are_wiped()
        }
    }

    #[test]
    fn datagrams_go_both_ways_and_leave_no_trace() {
        exchange(LOOPBACK);
    }

    #[test]
    fn ipv6_likewise_where_the_machine_has_it() {
        let address = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);
        if UdpSocket::bind(SocketAddr::new(address, 0)).is_ok() {
            exchange(address);
        }
    }

    #[test]
    fn a_flood_is_taken_in_turns_and_giants_are_dropped() {
        let mut io = Portable::new();
        let ((a, _), (b, b_port)) = (open(&mut io, LOOPBACK), open(&mut io, LOOPBACK));
        let to = SocketAddr::new(LOOPBACK, b_port);
        let now = Instant::from_secs(100);
        io.send(now, a, Stream::Rtp, to, &[1; limits::RTP_BYTES + 1]);
        for _ in 0..limits::RTP_PER_TICK {
            io.send(now, a, Stream::Rtp, to, &[1; limits::RTP_BYTES]);
        }
        let mut counts = Vec::new();
        for _ in 0..3 {
            let mut count = 0;
            io.receive(now, &mut |arrival| {
                assert_eq!(arrival.pair, b);
                count += 1;
            });
            counts.push(count);
        }
        assert_eq!(counts, [limits::RTP_PER_TICK - 1, 1, 0]);

        // Before something begins or ends, all of it is taken.
        for _ in 0..3 * limits::RTP_PER_TICK {
            io.send(now, a, Stream::Rtp, to, &[1; 100]);
        }
        let mut count = 0;
        io.receive_pair(now, b, &mut |_| count += 1);
        assert_eq!(count, 3 * limits::RTP_PER_TICK);
    }

    #[test]
    fn ports_in_use_and_odd_ports_are_refused_and_closed_ones_are_free() {
        let mut io = Portable::new();
        let (pair, port) = open(&mut io, LOOPBACK);
        assert!(io.open(LOOPBACK, port).is_err());
        assert!(io.open(LOOPBACK, port + 1).is_err());
        io.close(pair);
        io.close(pair);
        assert_eq!(io.open(LOOPBACK, port).unwrap(), pair);
    }
}
