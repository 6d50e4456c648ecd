//! SDP: session descriptions (RFC 8866, and RFC 4566 where senders are older) and offer/answer (RFC 3264).
//!
//! Three subjects, a file each: `parse` and `print` turn bytes into an [`Sdp`] and back, [`offer_answer`] agrees on
//! one audio stream. `body` finds the description in a SIP body that has several parts. Nothing here knows of
//! SIP or sockets.

mod body;
pub mod offer_answer;
mod parse;
mod print;
#[cfg(test)]
mod tests;

pub use body::{extract, BodyError};
pub use parse::{SdpError, SdpErrorKind};

use std::net::IpAddr;

/// A session description: what telephony uses of it. Lines that say nothing about where and how media flows
/// (`i= u= e= p= b= r= z= k=`) are checked for their form and left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdp {
    /// `o=`
    pub origin: Origin,
    /// `s=`; a single `-` where the sender left it out.
    pub name: String,
    /// `c=` above the first `m=`.
    pub connection: Option<Connection>,
    /// The values of `t=`; at least one, `0 0` where the sender left it out.
    pub times: Vec<String>,
    /// `a=` above the first `m=`.
    pub attributes: Vec<Attribute>,
    /// Each `m=` with the lines that belong to it, in order. Their order is what an answer refers to.
    pub media: Vec<Media>,
}

/// `o=`: who made the description, and which version of it this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The first word, often `-`.
    pub username: String,
    /// The session's number. Text, since senders use more digits than any integer holds.
    pub session_id: String,
    /// The version's number. Text likewise.
    pub version: String,
    /// The address, unread: it identifies, nothing is sent there.
    pub address: Connection,
}

/// The address of `c=` and `o=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// `IN IP4 192.0.2.1` or `IN IP6 2001:db8::1`.
    Ip(IpAddr),
    /// A host name, an address with a multicast suffix, or another kind of network: three words as they came.
    Other(String, String, String),
}

impl Connection {
    /// The address, where it is a plain one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Connection::Ip(ip) => Some(*ip),
            Connection::Other(..) => None,
        }
    }

    /// Whether a host name stands where the address should (RFC 8866 5.7 allows it).
    pub fn is_host_name(&self) -> bool {
        match self {
            Connection::Ip(_) => false,
            Connection::Other(net, kind, address) => {
                net.eq_ignore_ascii_case("IN")
                    && ["IP4", "IP6"].iter().any(|k| kind.eq_ignore_ascii_case(k))
                    && address.bytes().any(|b| b.is_ascii_alphabetic())
                    && address
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
            }
        }
    }
}

/// `a=name` or `a=name:value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// What stands before the colon.
    pub name: String,
    /// What stands after it.
    pub value: Option<String>,
}

/// `m=` with its own `c=` and `a=` lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// `audio`, `video`, `image`, …
    pub kind: String,
    /// The port; 0 refuses the stream.
    pub port: u16,
    /// `/n` after the port: so many port pairs. 1 where it is absent.
    pub port_pairs: u16,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl`, …
    pub protocol: String,
    /// Payload types, or what else the protocol has; at least one.
    pub formats: Vec<String>,
    /// `c=` below this `m=`; overrides the one above the first `m=`.
    pub connection: Option<Connection>,
    /// `a=` below this `m=`.
    pub attributes: Vec<Attribute>,
}

/// Which way media may flow, seen from whoever wrote the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Both; what a description without a direction means.
    SendRecv,
    /// The writer sends only.
    SendOnly,
    /// The writer receives only.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// From whether the writer sends and whether it receives.
    pub const fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether the writer sends.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether the writer receives.
    pub const fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same, seen from the other side.
    pub const fn reversed(self) -> Self {
        Direction::new(self.receives(), self.sends())
    }

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }
}

/// One payload format with what `a=rtpmap` says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtpMap {
    /// The payload type.
    pub payload_type: u8,
    /// The encoding name as the sender spelt it; compared without case.
    pub encoding: String,
    /// Ticks of the RTP timestamp a second.
    pub clock_rate: u32,
}

/// The first value of the attribute in a list.
fn attribute<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes
        .iter()
        .find(|a| a.name.eq_ignore_ascii_case(name))
        .map(|a| a.value.as_deref().unwrap_or(""))
}

/// The direction that a list of attributes states; the last one where a sender wrote several.
fn direction(attributes: &[Attribute]) -> Option<Direction> {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    attributes.iter().rev().find_map(|a| {
        [SendRecv, SendOnly, RecvOnly, Inactive]
            .into_iter()
            .find(|d| a.name.eq_ignore_ascii_case(d.name()))
    })
}

impl Sdp {
    /// Where the stream's media is to be sent: its own `c=`, else the session's.
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a Connection> {
        media.connection.as_ref().or(self.connection.as_ref())
    }

    /// The stream's direction: its own, else the session's, else both ways (RFC 8866 6.7).
    pub fn direction_of(&self, media: &Media) -> Direction {
        direction(&media.attributes)
            .or_else(|| direction(&self.attributes))
            .unwrap_or(Direction::SendRecv)
    }
}

impl Media {
    /// The first value of the attribute; empty for one without a value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        attribute(&self.attributes, name)
    }

    /// The payload formats in the sender's order of preference. A static type that no `rtpmap` explains has its
    /// meaning of RFC 3551; a dynamic one without is left out, since nobody can know what it is.
    pub fn rtp_maps(&self) -> Vec<RtpMap> {
        self.formats
            .iter()
            .filter_map(|format| {
                let payload_type: u8 = format.parse().ok().filter(|pt| *pt < 128)?;
                self.rtp_map(payload_type)
            })
            .collect()
    }

    fn rtp_map(&self, payload_type: u8) -> Option<RtpMap> {
        let explained = self
            .attributes
            .iter()
            .filter(|a| a.name.eq_ignore_ascii_case("rtpmap"))
            .find_map(|a| {
                let mut words = a.value.as_deref()?.split_ascii_whitespace();
                let of: u8 = words.next()?.parse().ok()?;
                let mut encoding = words.next()?.split('/');
                (of == payload_type).then_some(RtpMap {
                    payload_type,
                    encoding: encoding.next()?.to_owned(),
                    clock_rate: encoding.next()?.parse().ok()?,
                })
            });
        explained.or_else(|| {
            let encoding = match payload_type {
                0 => "PCMU",
                8 => "PCMA",
                _ => return None,
            };
            Some(RtpMap {
                payload_type,
                encoding: encoding.to_owned(),
                clock_rate: 8_000,
            })
        })
    }
}
