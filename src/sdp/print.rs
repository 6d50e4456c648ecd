//! [`Sdp`] to bytes: lines in the order of RFC 8866 section 9, each ended by CRLF.

use super::{Attribute, Connection, Sdp};
use std::fmt;
use std::net::IpAddr;

impl Sdp {
    /// The description as it goes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let o = &self.origin;
        write!(
            f,
            "v=0\r\no={} {} {} {}\r\n",
            o.username, o.session_id, o.version, o.address
        )?;
        write!(f, "s={}\r\n", self.name)?;
        if let Some(connection) = &self.connection {
            write!(f, "c={connection}\r\n")?;
        }
        for time in &self.times {
            write!(f, "t={time}\r\n")?;
        }
        attributes(f, &self.attributes)?;
        for media in &self.media {
            write!(f, "m={} {}", media.kind, media.port)?;
            if media.port_pairs != 1 {
                write!(f, "/{}", media.port_pairs)?;
            }
            write!(f, " {}", media.protocol)?;
            for format in &media.formats {
                write!(f, " {format}")?;
            }
            f.write_str("\r\n")?;
            if let Some(connection) = &media.connection {
                write!(f, "c={connection}\r\n")?;
            }
            attributes(f, &media.attributes)?;
        }
        Ok(())
    }
}

fn attributes(f: &mut fmt::Formatter<'_>, list: &[Attribute]) -> fmt::Result {
    for attribute in list {
        match &attribute.value {
            Some(value) => write!(f, "a={}:{value}\r\n", attribute.name)?,
            None => write!(f, "a={}\r\n", attribute.name)?,
        }
    }
    Ok(())
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Connection::Ip(IpAddr::V4(ip)) => write!(f, "IN IP4 {ip}"),
            Connection::Ip(IpAddr::V6(ip)) => write!(f, "IN IP6 {ip}"),
            Connection::Other(net, kind, address) => write!(f, "{net} {kind} {address}"),
        }
    }
}
