//! A leg's RTCP: when to report, to whom, and what the peer's reports say.

use super::latch::Latch;
use super::Session;
use crate::rng::Rng;
use crate::rtp::rtcp::{self, Compound, Report, ReportBlock, SenderInfo};
use crate::time::{Duration, Instant};
use std::net::SocketAddr;

/// The state of one leg's RTCP.
#[derive(Debug)]
pub struct Reports {
    /// Random, since a name made of user and host would tell a stranger both (RFC 7022).
    cname: String,
    due: Option<Instant>,
    /// Packets sent when the last report went out: more since then makes the next one a sender report.
    sent_at_last: Option<u64>,
    /// Of the peer's last sender report: the middle of its NTP time, and when it came.
    last_sr: Option<(u32, Instant)>,
    source: Option<SocketAddr>,
    remote: Option<Remote>,
    round_trip: Option<Duration>,
}

/// How the peer receives what we send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remote {
    /// Lost of late, as a fraction.
    pub loss: f64,
    /// Lost in all.
    pub lost: u64,
    /// Interarrival jitter, milliseconds.
    pub jitter_ms: f64,
}

/// What a report tells of our sending half.
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// Our synchronisation source.
    pub ssrc: u32,
    /// The RTP timestamp of now.
    pub timestamp: u32,
    /// RTP packets sent.
    pub packets: u64,
    /// Bytes of payload sent.
    pub octets: u64,
}

impl Reports {
    /// Silent until `start`.
    pub fn new(rng: &mut Rng) -> Self {
        Reports {
            cname: rng.token(16),
            due: None,
            sent_at_last: None,
            last_sr: None,
            source: None,
            remote: None,
            round_trip: None,
        }
    }

    /// A session was agreed, at first or with a peer at another address.
    pub fn start(&mut self, now: Instant, rng: &mut Rng) {
        self.source = None;
        self.due.get_or_insert_with(|| now + rtcp::interval(rng, true));
    }

    /// What the peer last said of what we send.
    pub fn remote(&self) -> Option<Remote> {
        self.remote
    }

    /// The last round trip.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Takes in a datagram from the RTCP port. `false` where it is none of the peer's: from an address that is
    /// neither signalled nor that of the latched source, or not RTCP.
    pub fn receive(
        &mut self,
        at: Instant,
        source: SocketAddr,
        bytes: &[u8],
        own_ssrc: u32,
        session: &Session,
        latch: &Latch,
    ) -> bool {
        let from_latched = latch.source().is_some_and(|rtp| rtp.ip() == source.ip());
        if source != session.remote_rtcp && !from_latched {
            return false;
        }
        let Ok(compound) = Compound::parse(bytes) else {
            return false;
        };
        self.source = Some(source);
        if let Some(sender) = compound.sender {
            self.last_sr = Some((rtcp::middle(sender.ntp), at));
        }
        for block in compound.reports.iter().filter(|block| block.ssrc == own_ssrc) {
            self.remote = Some(Remote {
                loss: f64::from(block.fraction_lost) / 256.0,
                lost: u64::try_from(block.cumulative_lost).unwrap_or(0),
                jitter_ms: f64::from(block.jitter) / 8.0,
            });
            self.round_trip = rtcp::round_trip(at, block).or(self.round_trip);
        }
        true
    }

    /// Whether a report is due; the next is set then.
    pub fn is_due(&mut self, now: Instant, rng: &mut Rng) -> bool {
        let due = self.due.is_some_and(|due| now >= due);
        if due {
            self.due = Some(now + rtcp::interval(rng, false));
        }
        due
    }

    /// A report, the last one with BYE.
    pub fn report(&mut self, now: Instant, own: Own, block: Option<ReportBlock>, bye: bool) -> Vec<u8> {
        let sends = self.sent_at_last.replace(own.packets) != Some(own.packets) && own.packets > 0;
        let block = block.map(|mut block| {
            if let Some((last_sr, at)) = self.last_sr {
                block.last_sr = last_sr;
                block.delay_since_last_sr = rtcp::middle(rtcp::ntp(Instant::ZERO + now.since(at)));
            }
            block
        });
        Report {
            ssrc: own.ssrc,
            sender: sends.then(|| SenderInfo {
                ntp: rtcp::ntp(now),
                rtp_timestamp: own.timestamp,
                packets: own.packets as u32,
                octets: own.octets as u32,
            }),
            block,
            cname: &self.cname,
            bye,
        }
        .to_bytes()
    }

    /// Where reports go: to where the peer's come from; else to the signalled address; else, where RTP had to
    /// be latched, to the port after that of RTP.
    pub fn destination(&self, session: &Session, latch: &Latch) -> SocketAddr {
        match (self.source, latch.source()) {
            (Some(source), _) => source,
            (None, Some(rtp)) if rtp != session.remote => {
                SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1))
            }
            _ => session.remote_rtcp,
        }
    }
}
