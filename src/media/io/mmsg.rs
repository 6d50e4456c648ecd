//! `recvmmsg` with kernel timestamps: all that has come to a socket, in one system call.
//!
//! The only unsafe code of the media side. nix wraps the call too, yet never resets the lengths that the kernel
//! overwrites, so that one set of headers cannot serve sockets of both address families.
#![allow(unsafe_code)]

use crate::limits::{RTP_BYTES, RTP_PER_TICK};
use nix::libc;
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::time::{Duration, SystemTime};
use zeroize::{Zeroize, Zeroizing};

/// One byte more than is accepted, so that a longer datagram shows.
const SLOT_BYTES: usize = RTP_BYTES + 1;

/// Room for one control message with a `timespec`, and some more; `u64` for the alignment of `cmsghdr`.
type Control = [u64; 8];

/// Room for one call's datagrams. What was received in it is wiped after each sweep, since it is what callers
/// say.
pub struct Buffers {
    payload: Zeroizing<Vec<u8>>,
    addresses: Vec<libc::sockaddr_storage>,
    controls: Vec<Control>,
    /// The most that a slot was filled with since it was wiped.
    filled: [usize; RTP_PER_TICK],
}

/// A received datagram.
pub struct Datagram<'a> {
    /// From where; an IPv4 address that came to an IPv6 socket as itself.
    pub source: SocketAddr,
    /// When the kernel had it, by the wall clock.
    pub at: Option<SystemTime>,
    /// Its bytes, cut at one more than [`RTP_BYTES`].
    pub bytes: &'a [u8],
}

impl Default for Buffers {
    fn default() -> Self {
        Buffers {
            payload: Zeroizing::new(vec![0; SLOT_BYTES * RTP_PER_TICK]),
            // SAFETY: a `sockaddr_storage` of zeros is a valid one, of family AF_UNSPEC.
            addresses: vec![unsafe { zeroed() }; RTP_PER_TICK],
            controls: vec![[0; 8]; RTP_PER_TICK],
            filled: [0; RTP_PER_TICK],
        }
    }
}

/// Asks the kernel to stamp what a socket receives.
pub fn enable_timestamps(socket: &UdpSocket) -> std::io::Result<()> {
    nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::ReceiveTimestampns, &true)?;
    Ok(())
}

impl Buffers {
    /// Hands over what has come to the socket, [`RTP_PER_TICK`] datagrams at most, without waiting; how many that
    /// were.
    pub fn receive(&mut self, socket: &UdpSocket, mut each: impl FnMut(Datagram<'_>)) -> usize {
        // SAFETY: these structures are plain data for which zeros are valid: null pointers with zero lengths.
        let mut vectors: [libc::iovec; RTP_PER_TICK] = unsafe { zeroed() };
        // SAFETY: as above.
        let mut headers: [libc::mmsghdr; RTP_PER_TICK] = unsafe { zeroed() };
        let slots = self.payload.chunks_exact_mut(SLOT_BYTES);
        let places = slots.zip(&mut self.addresses).zip(&mut self.controls);
        for (((slot, address), control), (vector, header)) in
            places.zip(vectors.iter_mut().zip(headers.iter_mut()))
        {
            vector.iov_base = slot.as_mut_ptr().cast();
            vector.iov_len = slot.len();
            header.msg_hdr.msg_name = std::ptr::from_mut(address).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of::<Control>() as _;
        }
        let count = receive_into(socket.as_raw_fd(), &mut headers);

        for (index, header) in headers.iter().enumerate().take(count) {
            let len = (header.msg_len as usize).min(SLOT_BYTES);
            self.filled[index] = self.filled[index].max(len);
            // SAFETY: `msg_control` points into `self.controls` with the length that the kernel wrote, which is
            // at most what was offered; nothing else touches it here.
            let at = unsafe { timestamp(&header.msg_hdr) };
            let Some(source) = source(&self.addresses[index]) else {
                continue;
            };
            let start = index * SLOT_BYTES;
            let bytes = &self.payload[start..start + len];
            each(Datagram { source, at, bytes });
        }
        count
    }

    /// Wipes what was received since the last time.
    pub fn wipe(&mut self) {
        for (slot, filled) in self.payload.chunks_exact_mut(SLOT_BYTES).zip(&mut self.filled) {
            slot[..std::mem::take(filled)].zeroize();
        }
    }
}

/// The system call; how many headers it filled.
fn receive_into(socket: RawFd, headers: &mut [libc::mmsghdr; RTP_PER_TICK]) -> usize {
    // SAFETY: every header points to an address, a vector with one slot, and a control buffer, each alive and
    // exclusively borrowed by the caller until after this call, with their true lengths. There is no timeout.
    let count = unsafe {
        libc::recvmmsg(
            socket,
            headers.as_mut_ptr(),
            RTP_PER_TICK as libc::c_uint,
            libc::MSG_DONTWAIT,
            std::ptr::null_mut(),
        )
    };
    usize::try_from(count).unwrap_or(0).min(RTP_PER_TICK)
}

/// The kernel's time of arrival.
///
/// # Safety
/// `msg_control` and `msg_controllen` describe initialised memory.
unsafe fn timestamp(header: &libc::msghdr) -> Option<SystemTime> {
    // SAFETY: by this function's contract. CMSG_FIRSTHDR gives null where there is no whole header, and a
    // `cmsg_len` that covers a `timespec` says that one follows; it is read without regard to alignment.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        if message.is_null() {
            return None;
        }
        let (level, kind, len) = ((*message).cmsg_level, (*message).cmsg_type, (*message).cmsg_len);
        let needed = libc::CMSG_LEN(size_of::<libc::timespec>() as libc::c_uint) as usize;
        if level != libc::SOL_SOCKET || kind != libc::SCM_TIMESTAMPNS || len < needed {
            return None;
        }
        let time: libc::timespec = std::ptr::read_unaligned(libc::CMSG_DATA(message).cast());
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanos = u32::try_from(time.tv_nsec)
            .ok()
            .filter(|nanos| *nanos < 1_000_000_000)?;
        Some(SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos))
    }
}

fn source(address: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let pointer = std::ptr::from_ref(address);
    match i32::from(address.ss_family) {
        libc::AF_INET => {
            // SAFETY: a `sockaddr_storage` is large and aligned enough for every address, and its family says
            // which it holds; any bytes are a valid `sockaddr_in`.
            let address = unsafe { &*pointer.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(address.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let address = unsafe { &*pointer.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            Some(SocketAddr::new(
                IpAddr::V6(ip).to_canonical(),
                u16::from_be(address.sin6_port),
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
impl Buffers {
    /// Whether nothing of what was received is left.
    pub fn are_wiped(&self) -> bool {
        self.payload.iter().all(|&byte| byte == 0)
    }
}
