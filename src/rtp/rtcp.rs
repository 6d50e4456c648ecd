//! RTCP: sender and receiver reports, the canonical name, BYE (RFC 3550 6).

use crate::rng::Rng;
use crate::time::{Duration, Instant};
use smallvec::SmallVec;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const CNAME: u8 = 1;

/// Least mean time between reports (RFC 3550 6.2).
const INTERVAL: Duration = Duration::from_secs(5);

/// Why a datagram is not a compound RTCP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Shorter than its lengths say.
    #[error("cut short")]
    Truncated,
    /// Another version than 2.
    #[error("not RTCP version 2")]
    Version,
    /// RFC 3550 6.1: a compound packet begins with a report.
    #[error("does not begin with a report")]
    NoReport,
    /// Padding elsewhere than in the last packet, or more of it than there is packet.
    #[error("impossible padding")]
    Padding,
}

/// What we make of a compound packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compound {
    /// Who sends.
    pub ssrc: u32,
    /// Its sender's part, where it is a sender.
    pub sender: Option<SenderInfo>,
    /// What it received.
    pub reports: SmallVec<[ReportBlock; 1]>,
    /// Sources that are leaving.
    pub byes: SmallVec<[u32; 1]>,
}

/// The sender's part of a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// When it was sent, 32.32 bits of seconds.
    pub ntp: u64,
    /// The same moment as an RTP timestamp.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Bytes of payload sent.
    pub octets: u32,
}

/// One reception report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose packets are reported on.
    pub ssrc: u32,
    /// Lost since the last report, of 256.
    pub fraction_lost: u8,
    /// Lost in all; below zero where more came than was sent.
    pub cumulative_lost: i32,
    /// Highest sequence number, its cycles above it.
    pub highest_sequence: u32,
    /// Interarrival jitter, samples.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time of the last sender report; 0 where none came.
    pub last_sr: u32,
    /// Since then, in 65,536ths of a second.
    pub delay_since_last_sr: u32,
}

/// What we send.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Ours.
    pub ssrc: u32,
    /// Present where we have sent RTP since the report before last.
    pub sender: Option<SenderInfo>,
    /// What we received.
    pub block: Option<ReportBlock>,
    /// Our canonical name.
    pub cname: &'a str,
    /// Whether we leave.
    pub bye: bool,
}

/// A clock reading in NTP's format. Only differences between our own readings matter, so the origin is the
/// switch's start and not 1900 (RFC 3550 6.4.1 allows that).
pub fn ntp(at: Instant) -> u64 {
    let micros = u128::from(at.as_micros());
    ((micros << 32) / 1_000_000) as u64
}

/// The middle 32 bits, as reports echo them.
pub fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// The time from our sender report to the peer's answer, less the time that the peer held it (RFC 3550 6.4.1).
/// `None` where the peer has had no report of ours, or its numbers are impossible.
pub fn round_trip(arrival: Instant, block: &ReportBlock) -> Option<Duration> {
    if block.last_sr == 0 {
        return None;
    }
    let units = middle(ntp(arrival))
        .wrapping_sub(block.last_sr)
        .wrapping_sub(block.delay_since_last_sr);
    // Half a minute and more is a peer that miscounts; a negative result looks like that too.
    (units < 30 << 16).then(|| Duration::from_micros((u64::from(units) * 1_000_000) >> 16))
}

/// The time until the next report: half to one and a half times the least interval, and half of that before
/// the first, divided by e - 3/2 to make up for reconsideration (RFC 3550 6.3.1; with two members, five per
/// cent of the bandwidth never asks for more).
pub fn interval(rng: &mut Rng, first: bool) -> Duration {
    let least = if first { INTERVAL / 2 } else { INTERVAL };
    least.mul_f64((0.5 + rng.unit()) / 1.218_28)
}

impl Compound {
    /// Reads a datagram, by the rules of RFC 3550 A.2. Packets of kinds that we do not use are stepped over.
    ///
    /// # Errors
    /// Where the datagram is not RTCP.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut compound = Compound::default();
        let mut rest = bytes;
        let mut first = true;
        while !rest.is_empty() {
            let &[head, kind, high, low] = rest.get(..4).ok_or(Malformed::Truncated)? else {
                return Err(Malformed::Truncated);
            };
            if head >> 6 != 2 {
                return Err(Malformed::Version);
            }
            if first && !matches!(kind, SENDER_REPORT | RECEIVER_REPORT) {
                return Err(Malformed::NoReport);
            }
            let len = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
            let (packet, after) = rest.split_at_checked(len).ok_or(Malformed::Truncated)?;
            let mut body = &packet[4..];
            if head & 0x20 != 0 {
                let padding = body.last().map_or(0, |&count| usize::from(count));
                if !after.is_empty() || padding == 0 || padding > body.len() {
                    return Err(Malformed::Padding);
                }
                body = &body[..body.len() - padding];
            }
            let count = usize::from(head & 0x1f);
            compound.take(kind, count, body, first)?;
            rest = after;
            first = false;
        }
        if first {
            return Err(Malformed::Truncated);
        }
        Ok(compound)
    }

    fn take(&mut self, kind: u8, count: usize, body: &[u8], first: bool) -> Result<(), Malformed> {
        let mut words = Words(body);
        match kind {
            SENDER_REPORT | RECEIVER_REPORT => {
                let ssrc = words.next()?;
                if first {
                    self.ssrc = ssrc;
                }
                if kind == SENDER_REPORT {
                    let info = SenderInfo {
                        ntp: (u64::from(words.next()?) << 32) | u64::from(words.next()?),
                        rtp_timestamp: words.next()?,
                        packets: words.next()?,
                        octets: words.next()?,
                    };
                    if ssrc == self.ssrc {
                        self.sender = Some(info);
                    }
                }
                for _ in 0..count {
                    self.reports.push(words.block()?);
                }
            }
            GOODBYE => {
                for _ in 0..count {
                    self.byes.push(words.next()?);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Big-endian words of a packet.
struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn next(&mut self) -> Result<u32, Malformed> {
        let (word, rest) = self.0.split_first_chunk::<4>().ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*word))
    }

    fn block(&mut self) -> Result<ReportBlock, Malformed> {
        let ssrc = self.next()?;
        let loss = self.next()?;
        Ok(ReportBlock {
            ssrc,
            fraction_lost: (loss >> 24) as u8,
            // 24 bits with a sign.
            cumulative_lost: ((loss << 8) as i32) >> 8,
            highest_sequence: self.next()?,
            jitter: self.next()?,
            last_sr: self.next()?,
            delay_since_last_sr: self.next()?,
        })
    }
}

impl Report<'_> {
    /// A compound packet: the report, the name, and BYE where we leave.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        let kind = if self.sender.is_some() {
            SENDER_REPORT
        } else {
            RECEIVER_REPORT
        };
        packet(&mut bytes, kind, u8::from(self.block.is_some()), |body| {
            body.extend(self.ssrc.to_be_bytes());
            if let Some(sender) = self.sender {
                body.extend(sender.ntp.to_be_bytes());
                body.extend(sender.rtp_timestamp.to_be_bytes());
                body.extend(sender.packets.to_be_bytes());
                body.extend(sender.octets.to_be_bytes());
            }
            if let Some(block) = self.block {
                body.extend(block.ssrc.to_be_bytes());
                let lost = (block.cumulative_lost as u32) & 0xff_ffff;
                body.extend(((u32::from(block.fraction_lost) << 24) | lost).to_be_bytes());
                body.extend(block.highest_sequence.to_be_bytes());
                body.extend(block.jitter.to_be_bytes());
                body.extend(block.last_sr.to_be_bytes());
                body.extend(block.delay_since_last_sr.to_be_bytes());
            }
        });
        packet(&mut bytes, SOURCE_DESCRIPTION, 1, |body| {
            let cname = &self.cname.as_bytes()[..self.cname.len().min(255)];
            body.extend(self.ssrc.to_be_bytes());
            body.extend([CNAME, cname.len() as u8]);
            body.extend(cname);
            // A zero ends the items, and more of them fill the word.
            body.push(0);
            body.resize(body.len().next_multiple_of(4), 0);
        });
        if self.bye {
            packet(&mut bytes, GOODBYE, 1, |body| {
                body.extend(self.ssrc.to_be_bytes())
            });
        }
        bytes
    }
}

/// Adds a packet of whole words.
fn packet(bytes: &mut Vec<u8>, kind: u8, count: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::with_capacity(64);
    fill(&mut body);
    bytes.extend([0x80 | count, kind]);
    bytes.extend(((body.len() / 4) as u16).to_be_bytes());
    bytes.extend(body);
}

#[cfg(test)]
mod tests;
