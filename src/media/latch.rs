//! Symmetric RTP: to whom a leg listens, and where it sends.
//!
//! SDP says where the peer wants to receive; behind a NAT that is not where its packets come from, so we send
//! to where they do come from. Whoever can guess a port could then take over a call, so:
//!
//! - the address in SDP is believed with its first packet; any other after [`PROBATION`] packets of one source
//!   and one SSRC with consecutive numbers;
//! - once latched, packets from elsewhere are ignored and counted, with two exceptions: the address in SDP may
//!   take the leg back (after the same probation), since it is the one that was signalled; and after
//!   [`SILENCE`] without a packet from the latched source, a source that carries on its SSRC may follow it, as
//!   happens when a NAT forgets a mapping;
//! - a re-INVITE that moves the address opens the latch again; the old source is not believed for
//!   [`AFTER_MOVE`], so that its last packets do not take the new peer's place.

use crate::time::{Duration, Instant};
use std::net::SocketAddr;

/// Packets that a source other than SDP's must send before it is believed.
pub const PROBATION: u8 = 3;
/// The latched source may be followed to another address after so long without a packet.
pub const SILENCE: Duration = Duration::from_secs(5);
/// After a move, the source that was latched before is not believed for so long.
pub const AFTER_MOVE: Duration = Duration::from_secs(2);

/// The state of one leg's latch.
#[derive(Debug)]
pub struct Latch {
    signalled: SocketAddr,
    latched: Option<Latched>,
    candidate: Option<Candidate>,
    moved_from: Option<(SocketAddr, Instant)>,
}

#[derive(Debug)]
struct Latched {
    source: SocketAddr,
    ssrc: u32,
    seen: Instant,
}

#[derive(Debug)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    sequence: u16,
    packets: u8,
}

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It comes from the latched source.
    Accept,
    /// Its source has just been latched; the packets of its probation count as well.
    Latched,
    /// Its source is on probation, and this is its first packet.
    First,
    /// Its source is on probation.
    Wait,
    /// It comes from elsewhere.
    Ignore,
}

impl Latch {
    /// Open, for a peer that signalled this address.
    pub fn new(signalled: SocketAddr) -> Self {
        Latch {
            signalled,
            latched: None,
            candidate: None,
            moved_from: None,
        }
    }

    /// SDP was exchanged again.
    pub fn signalled(&mut self, now: Instant, address: SocketAddr) {
        if address == self.signalled {
            return;
        }
        self.signalled = address;
        self.candidate = None;
        if let Some(latched) = self.latched.take() {
            self.moved_from = (latched.source != address).then_some((latched.source, now));
        }
    }

    /// Where to send.
    pub fn destination(&self) -> SocketAddr {
        self.latched
            .as_ref()
            .map_or(self.signalled, |latched| latched.source)
    }

    /// The latched source.
    pub fn source(&self) -> Option<SocketAddr> {
        self.latched.as_ref().map(|latched| latched.source)
    }

    /// Judges a well-formed packet of a payload type that was agreed.
    pub fn judge(&mut self, now: Instant, source: SocketAddr, ssrc: u32, sequence: u16) -> Verdict {
        match &mut self.latched {
            Some(latched) if latched.source == source => {
                latched.seen = now;
                latched.ssrc = ssrc;
                // A candidate gains nothing while the latched source speaks; SDP's own address does.
                if self
                    .candidate
                    .as_ref()
                    .is_some_and(|c| c.source != self.signalled)
                {
                    self.candidate = None;
                }
                return Verdict::Accept;
            }
            Some(latched) => {
                let follows = latched.ssrc == ssrc && now.since(latched.seen) >= SILENCE;
                if source != self.signalled && !follows {
                    return Verdict::Ignore;
                }
            }
            None if source == self.signalled => return self.latch(now, source, ssrc),
            None => {
                let moved =
                    |&(from, at): &(SocketAddr, Instant)| from == source && now.since(at) < AFTER_MOVE;
                if self.moved_from.as_ref().is_some_and(moved) {
                    return Verdict::Ignore;
                }
            }
        }
        self.probe(now, source, ssrc, sequence)
    }

    fn probe(&mut self, now: Instant, source: SocketAddr, ssrc: u32, sequence: u16) -> Verdict {
        match &mut self.candidate {
            Some(candidate)
                if candidate.source == source
                    && candidate.ssrc == ssrc
                    && candidate.sequence.wrapping_add(1) == sequence =>
            {
                candidate.sequence = sequence;
                candidate.packets += 1;
                if candidate.packets >= PROBATION {
                    return self.latch(now, source, ssrc);
                }
                Verdict::Wait
            }
            _ => {
                self.candidate = Some(Candidate {
                    source,
                    ssrc,
                    sequence,
                    packets: 1,
                });
                Verdict::First
            }
        }
    }

    fn latch(&mut self, now: Instant, source: SocketAddr, ssrc: u32) -> Verdict {
        self.candidate = None;
        self.moved_from = None;
        self.latched = Some(Latched {
            source,
            ssrc,
            seen: now,
        });
        Verdict::Latched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Accept, First, Ignore, Latched, Wait};

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn the_signalled_address_is_believed_at_once() {
        let peer = address("192.0.2.1:4000");
        let mut latch = Latch::new(peer);
        assert_eq!(latch.judge(at(0), peer, 1, 10), Latched);
        assert_eq!(latch.judge(at(20), peer, 1, 11), Accept);
        assert_eq!(latch.judge(at(20), address("203.0.113.9:1"), 1, 12), Ignore);
        assert_eq!(latch.destination(), peer);
    }

    #[test]
    fn another_source_passes_a_probation() {
        let (private, public) = (address("10.0.0.5:4000"), address("198.51.100.7:31000"));
        let mut latch = Latch::new(private);
        assert_eq!(latch.judge(at(0), public, 1, 0xffff), First);
        assert_eq!(latch.destination(), private);
        assert_eq!(latch.judge(at(20), public, 1, 0), Wait);
        assert_eq!(latch.judge(at(40), public, 1, 1), Latched);
        assert_eq!(latch.destination(), public);
    }

    #[test]
    fn sprayed_packets_never_latch() {
        let (peer, attacker) = (address("192.0.2.1:4000"), address("203.0.113.9:1"));
        let mut latch = Latch::new(peer);
        for n in 0..100u16 {
            // Numbers that do not follow, then sources of a different SSRC each time.
            assert_eq!(latch.judge(at(0), attacker, 1, n.wrapping_mul(7)), First);
            assert_eq!(
                latch.judge(at(0), attacker, u32::from(n) + 2, n.wrapping_mul(7) + 1),
                First
            );
        }
        assert_eq!(latch.judge(at(1), peer, 9, 1), Latched);
    }

    #[test]
    fn an_attacker_does_not_take_over_even_with_the_right_ssrc() {
        let (peer, attacker) = (address("192.0.2.1:4000"), address("203.0.113.9:1"));
        let mut latch = Latch::new(peer);
        latch.judge(at(0), peer, 1, 0);
        for n in 1..200u16 {
            assert_eq!(latch.judge(at(u64::from(n) * 20), peer, 1, n), Accept);
            assert_eq!(latch.judge(at(u64::from(n) * 20), attacker, 1, n), Ignore);
        }
        // The peer falls silent: 4.9 s are not enough, and a foreign SSRC is never believed.
        let last = 199 * 20;
        assert_eq!(latch.judge(at(last + 4_900), attacker, 1, 300), Ignore);
        for n in 0..50 {
            assert_eq!(
                latch.judge(at(last + 9_000 + n), attacker, 2, 300 + n as u16),
                Ignore
            );
        }
    }

    #[test]
    fn a_forgotten_mapping_is_followed() {
        let (old, new) = (address("198.51.100.7:31000"), address("198.51.100.7:32000"));
        let mut latch = Latch::new(address("10.0.0.5:4000"));
        for n in 0..3 {
            latch.judge(at(0), old, 7, n);
        }
        assert_eq!(latch.judge(at(5_000), new, 7, 100), First);
        assert_eq!(latch.judge(at(5_020), new, 7, 101), Wait);
        assert_eq!(latch.judge(at(5_040), new, 7, 102), Latched);
        assert_eq!(latch.judge(at(5_060), old, 7, 103), Ignore);
    }

    #[test]
    fn the_signalled_address_takes_its_leg_back() {
        let (peer, attacker) = (address("192.0.2.1:4000"), address("203.0.113.9:1"));
        let mut latch = Latch::new(peer);
        for n in 0..3 {
            latch.judge(at(0), attacker, 66, n);
        }
        assert_eq!(latch.source(), Some(attacker));
        // The attacker goes on in between; that does not help it.
        assert_eq!(latch.judge(at(20), peer, 1, 10), First);
        assert_eq!(latch.judge(at(30), attacker, 66, 3), Accept);
        assert_eq!(latch.judge(at(40), peer, 1, 11), Wait);
        assert_eq!(latch.judge(at(60), peer, 1, 12), Latched);
        assert_eq!(latch.judge(at(70), attacker, 66, 4), Ignore);
    }

    #[test]
    fn a_moved_peer_is_followed_and_its_old_address_is_not() {
        let (old, new, nat) = (
            address("192.0.2.1:4000"),
            address("10.0.0.9:5000"),
            address("198.51.100.7:31000"),
        );
        let mut latch = Latch::new(old);
        latch.judge(at(0), old, 1, 0);
        latch.signalled(at(100), old);
        assert_eq!(latch.judge(at(110), old, 1, 1), Accept);
        latch.signalled(at(200), new);
        assert_eq!(latch.destination(), new);
        for n in 2..10 {
            assert_eq!(latch.judge(at(210), old, 1, n), Ignore);
        }
        for (n, verdict) in [(0, First), (1, Wait), (2, Latched)] {
            assert_eq!(latch.judge(at(300), nat, 2, n), verdict);
        }
        assert_eq!(latch.judge(at(3_000), old, 1, 11), Ignore);
    }
}
