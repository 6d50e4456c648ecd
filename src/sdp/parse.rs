//! Bytes to [`Sdp`] (RFC 8866 section 5 and 9).
//!
//! Lenient where senders in the field are and the meaning is plain: lines that end in LF alone, a missing `s=` or
//! `t=`, lines out of order, spaces at a line's end, bytes that are not UTF-8, and lines of an unknown type (RFC 8866
//! would have us throw the whole description away for these; that loses calls and protects nobody). Strict about what
//! decides where media goes: version, origin, addresses, ports.

use super::{Attribute, Connection, Media, Origin, Sdp};
use crate::limits;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is wrong with a description, and in which line (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdpError {
    /// What.
    pub kind: SdpErrorKind,
    /// The line, from 1; one beyond the last for what is missing.
    pub line: usize,
}

/// What can be wrong with a description, by whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdpErrorKind {
    /// Not a line of the form `x=…`, or a line whose value cannot be read; which type.
    Malformed(char),
    /// A line that must be there is not; which type.
    Missing(char),
    /// A version of SDP other than 0.
    Version,
    /// More than `limits.rs` allows; of what.
    Limit(&'static str),
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SdpErrorKind::Malformed(kind) => {
                write!(f, "SDP line {}: malformed {}=", self.line, kind.escape_debug())
            }
            SdpErrorKind::Missing(kind) => write!(f, "SDP has no {kind}= line"),
            SdpErrorKind::Version => write!(f, "SDP line {}: a version other than 0", self.line),
            SdpErrorKind::Limit(what) => write!(f, "SDP line {}: too many {what}", self.line),
        }
    }
}

impl std::error::Error for SdpError {}

impl Sdp {
    /// Parses a description.
    ///
    /// # Errors
    /// The first line that cannot be understood or that goes beyond a limit.
    pub fn parse(bytes: &[u8]) -> Result<Sdp, SdpError> {
        let mut reader = Reader::default();
        let mut number = 0;
        if bytes.len() > limits::SDP_BYTES {
            return Err(SdpError {
                kind: SdpErrorKind::Limit("bytes"),
                line: 1,
            });
        }
        // A lone CR ends a line too, as in the oldest senders.
        for line in bytes.split(|b| *b == b'\n').flat_map(|l| {
            let line = l.strip_suffix(b"\r").unwrap_or(l);
            line.split(|b| *b == b'\r')
        }) {
            number += 1;
            if line.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
                continue;
            }
            let text = String::from_utf8_lossy(line);
            reader
                .line(&text)
                .map_err(|kind| SdpError { kind, line: number })?;
        }
        reader.finish().map_err(|kind| SdpError {
            kind,
            line: number + 1,
        })
    }
}

/// The description as far as it was read.
#[derive(Default)]
struct Reader {
    version_seen: bool,
    origin: Option<Origin>,
    name: Option<String>,
    connection: Option<Connection>,
    times: Vec<String>,
    attributes: Vec<Attribute>,
    media: Vec<Media>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), SdpErrorKind> {
        let mut chars = line.trim_start().chars();
        let kind = chars.next().unwrap_or(' ');
        let malformed = SdpErrorKind::Malformed(kind);
        let value = chars
            .as_str()
            .strip_prefix('=')
            .ok_or(malformed)?
            .trim_end_matches([' ', '\t', '\0']);
        if !self.version_seen && kind != 'v' {
            return Err(SdpErrorKind::Missing('v'));
        }
        match kind {
            'v' if value.trim() == "0" => self.version_seen = true,
            'v' => return Err(SdpErrorKind::Version),
            // The first of each counts: a second `o=` or `s=` is a sender's mistake that changes nothing.
            'o' if self.origin.is_none() => self.origin = Some(origin(value).ok_or(malformed)?),
            's' if self.name.is_none() => self.name = Some(value.to_owned()),
            'c' => self.connection(connection(value).ok_or(malformed)?),
            't' => {
                if self.times.len() >= limits::SDP_TIMES {
                    return Err(SdpErrorKind::Limit("t= lines"));
                }
                self.times.push(time(value).ok_or(malformed)?);
            }
            'a' => self.attribute(attribute(value).ok_or(malformed)?)?,
            'm' => {
                if self.media.len() >= limits::SDP_MEDIA {
                    return Err(SdpErrorKind::Limit("media"));
                }
                self.media.push(media(value)?);
            }
            kind if kind.is_ascii_alphabetic() => {}
            _ => return Err(malformed),
        }
        Ok(())
    }

    /// Several `c=` in one place describe layered multicast (RFC 8866 5.7), which telephony has not: the first counts.
    fn connection(&mut self, connection: Connection) {
        let place = match self.media.last_mut() {
            Some(media) => &mut media.connection,
            None => &mut self.connection,
        };
        place.get_or_insert(connection);
    }

    fn attribute(&mut self, attribute: Attribute) -> Result<(), SdpErrorKind> {
        let list = match self.media.last_mut() {
            Some(media) => &mut media.attributes,
            None => &mut self.attributes,
        };
        if list.len() >= limits::SDP_ATTRIBUTES {
            return Err(SdpErrorKind::Limit("attributes"));
        }
        list.push(attribute);
        Ok(())
    }

    fn finish(mut self) -> Result<Sdp, SdpErrorKind> {
        if !self.version_seen {
            return Err(SdpErrorKind::Missing('v'));
        }
        if self.times.is_empty() {
            self.times.push("0 0".into());
        }
        Ok(Sdp {
            origin: self.origin.ok_or(SdpErrorKind::Missing('o'))?,
            name: self
                .name
                .filter(|n| !n.trim().is_empty())
                .unwrap_or_else(|| "-".into()),
            connection: self.connection,
            times: self.times,
            attributes: self.attributes,
            media: self.media,
        })
    }
}

/// `o=<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>`. A username with spaces is
/// forbidden and sent all the same, so the last five words are taken from the end.
fn origin(value: &str) -> Option<Origin> {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    let [username @ .., session_id, version, net, kind, address] = words.as_slice() else {
        return None;
    };
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    if !digits(session_id) || !digits(version) {
        return None;
    }
    Some(Origin {
        username: if username.is_empty() {
            "-".into()
        } else {
            username.join("_")
        },
        session_id: (*session_id).to_owned(),
        version: (*version).to_owned(),
        address: address_of(net, kind, address)?,
    })
}

/// `c=<nettype> <addrtype> <connection-address>`
fn connection(value: &str) -> Option<Connection> {
    let mut words = value.split_ascii_whitespace();
    let connection = address_of(words.next()?, words.next()?, words.next()?)?;
    words.next().is_none().then_some(connection)
}

fn address_of(net: &str, kind: &str, address: &str) -> Option<Connection> {
    let other = || Connection::Other(net.into(), kind.into(), address.into());
    if !net.eq_ignore_ascii_case("IN") {
        return Some(other());
    }
    if kind.eq_ignore_ascii_case("IP4") {
        if let Ok(ip) = address.parse::<Ipv4Addr>() {
            return Some(Connection::Ip(IpAddr::V4(ip)));
        }
        // What begins like an address and is none would otherwise pass for a host name.
        let numeric = address.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        return (!numeric).then(other);
    }
    if kind.eq_ignore_ascii_case("IP6") {
        let bare = address
            .strip_prefix('[')
            .and_then(|a| a.strip_suffix(']'))
            .unwrap_or(address);
        if let Ok(ip) = bare.parse::<Ipv6Addr>() {
            return Some(Connection::Ip(IpAddr::V6(ip)));
        }
        let numeric = bare.contains(':') && !bare.contains('/');
        return (!numeric).then(other);
    }
    Some(other())
}

/// `t=<start> <stop>`
fn time(value: &str) -> Option<String> {
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    let digits = |w: &&str| w.bytes().all(|b| b.is_ascii_digit());
    (words.len() == 2 && words.iter().all(digits)).then(|| words.join(" "))
}

fn attribute(value: &str) -> Option<Attribute> {
    let (name, value) = match value.split_once(':') {
        Some((name, value)) => (name, Some(value.trim_start().to_owned())),
        None => (value, None),
    };
    let name = name.trim();
    (!name.is_empty()).then(|| Attribute {
        name: name.to_owned(),
        value,
    })
}

/// `m=<media> <port>[/<pairs>] <proto> <fmt> …`
fn media(value: &str) -> Result<Media, SdpErrorKind> {
    let malformed = SdpErrorKind::Malformed('m');
    let mut words = value.split_ascii_whitespace();
    let kind = words.next().ok_or(malformed)?;
    let port = words.next().ok_or(malformed)?;
    let protocol = words.next().ok_or(malformed)?;
    let (port, pairs) = port.split_once('/').unwrap_or((port, "1"));
    let formats: Vec<String> = words.map(str::to_owned).take(limits::SDP_FORMATS + 1).collect();
    if formats.len() > limits::SDP_FORMATS {
        return Err(SdpErrorKind::Limit("formats"));
    }
    if formats.is_empty() {
        return Err(malformed);
    }
    Ok(Media {
        kind: kind.to_owned(),
        port: port.parse().map_err(|_| malformed)?,
        port_pairs: pairs.parse().ok().filter(|n| *n > 0).ok_or(malformed)?,
        protocol: protocol.to_owned(),
        formats,
        connection: None,
        attributes: Vec::new(),
    })
}
