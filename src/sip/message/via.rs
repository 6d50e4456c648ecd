//! Via (RFC 3261 20.42): the way that the response goes back.

use super::uri::{parse_host, write_host};
use super::{params, scan, Params};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What every branch of an RFC 3261 transaction begins with (8.1.1.7).
pub const BRANCH_COOKIE: &str = "z9hG4bK";

const OURS: &str = "SIP/2.0";

/// One Via value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `SIP/2.0`; any other is kept, so that who speaks it can be answered 505.
    pub protocol: Cow<'static, str>,
    /// As received: `UDP`, `TCP`, or any token.
    pub transport: String,
    /// Host name or address; IPv6 without brackets.
    pub host: String,
    /// The port where given.
    pub port: Option<u16>,
    /// `;name=value`, in order.
    pub params: Params,
}

/// Not a Via value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Via value")]
pub struct ViaError;

impl Via {
    /// A Via of ours, without parameters.
    pub fn new(transport: impl Into<String>, host: impl Into<String>, port: Option<u16>) -> Self {
        Via {
            protocol: OURS.into(),
            transport: transport.into(),
            host: host.into(),
            port,
            params: Params::new(),
        }
    }

    /// The value of a parameter; None where it is absent or has no value.
    pub fn param(&self, name: &str) -> Option<&str> {
        params::get(&self.params, name).flatten()
    }

    /// Sets a parameter's value where it stands, or appends it.
    pub fn set_param(&mut self, name: &str, value: Option<String>) {
        params::set(&mut self.params, name, value);
    }

    /// The transaction's identifier; RFC 2543 peers send none.
    pub fn branch(&self) -> Option<&str> {
        self.param("branch")
    }

    /// The address that the request came from, as the next hop saw it, without brackets (RFC 5118 4.5: both
    /// forms are met).
    pub fn received(&self) -> Option<&str> {
        let value = self.param("received")?;
        let inner = value.strip_prefix('[').and_then(|v| v.strip_suffix(']'));
        Some(inner.unwrap_or(value))
    }

    /// RFC 3581: None where the parameter is absent, `Some(None)` where a request asks for it.
    pub fn rport(&self) -> Option<Option<u16>> {
        params::get(&self.params, "rport").map(|value| value.and_then(scan::number))
    }
}

impl FromStr for Via {
    type Err = ViaError;

    fn from_str(text: &str) -> Result<Self, ViaError> {
        parse(text).ok_or(ViaError)
    }
}

/// White space may stand around both slashes and around the colon of the port.
fn parse(text: &str) -> Option<Via> {
    let (protocol, rest) = text.split_once('/')?;
    let (version, rest) = rest.split_once('/')?;
    let (protocol, version) = (scan::trim(protocol), scan::trim(version));
    let protocol = if protocol.eq_ignore_ascii_case("SIP") && version == "2.0" {
        Cow::Borrowed(OURS)
    } else if scan::is_token(protocol.as_bytes()) && scan::is_token(version.as_bytes()) {
        Cow::Owned(format!("{protocol}/{version}"))
    } else {
        return None;
    };
    let (transport, sent_by) = scan::trim(rest).split_once(scan::is_lws)?;
    if !scan::is_token(transport.as_bytes()) {
        return None;
    }
    let end = sent_by.find(';').unwrap_or(sent_by.len());
    let (host_port, parameters) = sent_by.split_at(end);
    let (host, port) = parse_host(host_port, true).ok()?;
    Some(Via {
        protocol,
        transport: transport.to_owned(),
        host,
        port,
        params: params::parse(parameters)?,
    })
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ", self.protocol, self.transport)?;
        write_host(f, &self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        params::write(f, &self.params)
    }
}
