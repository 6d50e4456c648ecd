//! The portable backend: plain UDP sockets that do not block, swept once a tick.

use super::{Arrival, MediaIo, Pair, Stream};
use crate::limits;
use crate::time::Instant;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use zeroize::Zeroizing;

/// Sockets of the operating system.
pub struct Portable {
    pairs: Vec<Option<[UdpSocket; 2]>>,
    free: Vec<u32>,
    buffer: Zeroizing<Vec<u8>>,
}

impl Default for Portable {
    fn default() -> Self {
        Portable {
            pairs: Vec::new(),
            free: Vec::new(),
            buffer: Zeroizing::new(vec![0; limits::RTP_BYTES + 1]),
        }
    }
}

impl MediaIo for Portable {
    fn open(&mut self, address: IpAddr, port: u16) -> io::Result<Pair> {
        let bind = |port: u16| {
            let socket = UdpSocket::bind(SocketAddr::new(address, port))?;
            socket.set_nonblocking(true)?;
            Ok::<_, io::Error>(socket)
        };
        let odd = port.checked_add(1).ok_or(io::ErrorKind::InvalidInput)?;
        let sockets = [bind(port)?, bind(odd)?];
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
        for (index, slot) in self.pairs.iter().enumerate() {
            let Some(sockets) = slot else { continue };
            for (socket, stream) in sockets.iter().zip([Stream::Rtp, Stream::Rtcp]) {
                for _ in 0..limits::RTP_PER_TICK {
                    let Ok((len, source)) = socket.recv_from(&mut self.buffer) else {
                        break;
                    };
                    if len > limits::RTP_BYTES {
                        continue;
                    }
                    each(Arrival {
                        pair: Pair(index as u32),
                        stream,
                        source,
                        at: now,
                        bytes: &self.buffer[..len],
                    });
                }
            }
        }
    }

    fn send(&mut self, _now: Instant, pair: Pair, stream: Stream, to: SocketAddr, bytes: &[u8]) {
        if let Some(Some(sockets)) = self.pairs.get(pair.0 as usize) {
            let socket = match stream {
                Stream::Rtp => &sockets[0],
                Stream::Rtcp => &sockets[1],
            };
            // A full send buffer or an unreachable peer loses the packet; RTP lives with that.
            let _ = socket.send_to(bytes, to);
        }
    }
}
