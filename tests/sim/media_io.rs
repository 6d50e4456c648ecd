//! The media worker's sockets in the simulation.

use super::net::{Datagram, Net};
use obelus::media::io::{Arrival, MediaIo, Pair, Stream};
use obelus::time::Instant;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

type Inbox = Vec<(Pair, Stream, SocketAddr, Instant, Vec<u8>)>;

/// What the world and the worker share.
#[derive(Default)]
pub struct Ports {
    bound: HashMap<SocketAddr, (Pair, Stream)>,
    inbox: Inbox,
    next: u32,
}

impl Ports {
    /// Takes in a datagram for one of the worker's ports; `false` where nothing is bound there.
    pub fn deliver(&mut self, now: Instant, datagram: &Datagram) -> bool {
        let Some((pair, stream)) = self.bound.get(&datagram.to) else {
            return false;
        };
        self.inbox
            .push((*pair, *stream, datagram.from, now, datagram.bytes.clone()));
        true
    }

    /// Ports that are bound.
    pub fn len(&self) -> usize {
        self.bound.len()
    }
}

/// A `MediaIo` over the simulated network.
pub struct SimIo {
    pub ports: Arc<Mutex<Ports>>,
    pub net: Arc<Mutex<Net>>,
}

impl MediaIo for SimIo {
    fn open(&mut self, address: IpAddr, port: u16) -> io::Result<Pair> {
        let mut ports = self.ports.lock().expect("the simulation is single-threaded");
        // Every seventh port belongs to another program, so that the way out of that is walked too.
        if port.is_multiple_of(14) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let pair = Pair(ports.next);
        ports.next += 1;
        ports
            .bound
            .insert(SocketAddr::new(address, port), (pair, Stream::Rtp));
        ports
            .bound
            .insert(SocketAddr::new(address, port + 1), (pair, Stream::Rtcp));
        Ok(pair)
    }

    fn close(&mut self, pair: Pair) {
        let mut ports = self.ports.lock().expect("the simulation is single-threaded");
        ports.bound.retain(|_, (bound, _)| *bound != pair);
        ports.inbox.retain(|(of, ..)| *of != pair);
    }

    fn receive(&mut self, _now: Instant, each: &mut dyn FnMut(Arrival<'_>)) {
        let inbox = std::mem::take(
            &mut self
                .ports
                .lock()
                .expect("the simulation is single-threaded")
                .inbox,
        );
        for (pair, stream, source, at, bytes) in &inbox {
            each(Arrival {
                pair: *pair,
                stream: *stream,
                source: *source,
                at: *at,
                bytes,
            });
        }
    }

    fn send(&mut self, now: Instant, pair: Pair, stream: Stream, to: SocketAddr, bytes: &[u8]) {
        let from = self
            .ports
            .lock()
            .expect("the simulation is single-threaded")
            .bound
            .iter()
            .find_map(|(address, bound)| (*bound == (pair, stream)).then_some(*address));
        if let Some(from) = from {
            self.net.lock().expect("the simulation is single-threaded").send(
                now,
                Datagram {
                    from,
                    to,
                    bytes: bytes.to_vec(),
                },
            );
        }
    }
}
