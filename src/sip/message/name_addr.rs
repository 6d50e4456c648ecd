//! `name-addr` and `addr-spec` with parameters: From, To, Contact, Route, P-Asserted-Identity, Diversion, …
//! (RFC 3261 20.10 and 25.1).

use super::{params, scan, Params, Uri};
use std::fmt;
use std::str::FromStr;

/// An address with an optional display name and header parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct NameAddr {
    /// The display name, quotes and escapes undone; None where there is none or it is empty.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// `;name=value` after the address, in order: header parameters, not the URI's.
    pub params: Params,
}

/// Not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address")]
pub struct NameAddrError;

impl NameAddr {
    /// An address alone.
    pub fn new(uri: Uri) -> Self {
        NameAddr {
            display: None,
            uri,
            params: Params::new(),
        }
    }

    /// The dialog's tag (RFC 3261 19.3).
    pub fn tag(&self) -> Option<&str> {
        self.param("tag")
    }

    /// The same address with this tag.
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.set_param("tag", Some(tag.into()));
        self
    }

    /// The value of a header parameter; None where it is absent or has no value.
    pub fn param(&self, name: &str) -> Option<&str> {
        params::get(&self.params, name).flatten()
    }

    /// Sets a header parameter where it stands, or appends it.
    pub fn set_param(&mut self, name: &str, value: Option<String>) {
        params::set(&mut self.params, name, value);
    }
}

impl FromStr for NameAddr {
    type Err = NameAddrError;

    fn from_str(text: &str) -> Result<Self, NameAddrError> {
        parse(scan::trim(text)).ok_or(NameAddrError)
    }
}

fn parse(text: &str) -> Option<NameAddr> {
    let (display, rest) = if text.starts_with('"') {
        let (display, rest) = scan::quoted(text)?;
        (Some(display), scan::trim(rest).strip_prefix('<')?)
    } else if let Some((before, rest)) = text.split_once('<') {
        (Some(unquoted_display(before)?), rest)
    } else {
        return parse_bare(text);
    };
    let (address, after) = rest.split_once('>')?;
    Some(NameAddr {
        display: display.filter(|d| !d.is_empty()),
        uri: address.parse().ok()?,
        params: params::parse(after)?,
    })
}

/// Without angle brackets, whatever follows a semicolon belongs to the header, and a comma or a question mark
/// cannot be the URI's (RFC 3261 20.10).
fn parse_bare(text: &str) -> Option<NameAddr> {
    let end = text.find(';').unwrap_or(text.len());
    let (address, after) = text.split_at(end);
    if address.contains(['?', ',']) {
        return None;
    }
    Some(NameAddr {
        display: None,
        uri: scan::trim(address).parse().ok()?,
        params: params::parse(after)?,
    })
}

/// A display name without quotes is tokens and white space. Letters beyond ASCII and a few harmless marks
/// are let through, since phones send them; what could change how the field is read is not.
fn unquoted_display(text: &str) -> Option<String> {
    let text = scan::trim(text);
    let harmless = |c: char| !c.is_ascii_control() && !matches!(c, '"' | '\\' | ',' | ';' | '>');
    text.chars().all(harmless).then(|| text.to_owned())
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            scan::write_quoted(f, display)?;
            f.write_str(" ")?;
        }
        write!(f, "<{}>", self.uri)?;
        params::write(f, &self.params)
    }
}
