//! The name of a domain that federates: `host` or `host:port`, in one form, so that names can be compared.

use serde::{Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use thiserror::Error;

/// Not the name of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the name of a domain: a host, and a port where it is not 443; other alphabets as xn--…")]
pub struct BadDomain;

/// A domain's name, in lower case, without a dot at its end and without `:443`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain {
    text: String,
    /// Bytes of the host within.
    host: usize,
}

impl Domain {
    /// As it stands in links and URLs.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Without the port; an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        self.text[..self.host].trim_matches(['[', ']'])
    }

    /// The address, where the name is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }

    /// Whether it can only be this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host == "localhost"
            || host.ends_with(".localhost")
            || self.address().is_some_and(|address| address.is_loopback())
    }

    /// Of an absolute URL, or of what stands before `/voice/` in a link.
    ///
    /// # Errors
    /// Where it names none.
    pub fn of_base(base: &str) -> Result<Self, BadDomain> {
        let authority = base.split_once("://").map_or(base, |(_, rest)| rest);
        authority.split('/').next().unwrap_or_default().parse()
    }
}

impl FromStr for Domain {
    type Err = BadDomain;

    fn from_str(text: &str) -> Result<Self, BadDomain> {
        let lower = text.to_ascii_lowercase();
        let (host, port) = match lower.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']').ok_or(BadDomain)?;
                let address: std::net::Ipv6Addr = address.parse().map_err(|_| BadDomain)?;
                let port = match port {
                    "" => None,
                    port => Some(port.strip_prefix(':').ok_or(BadDomain)?),
                };
                (format!("[{address}]"), port)
            }
            None => {
                let (host, port) = match lower.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (lower.as_str(), None),
                };
                (name(host.strip_suffix('.').unwrap_or(host))?.to_owned(), port)
            }
        };
        let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let port = match port {
            None => None,
            Some(port) if digits(port) => match port.parse::<u16>() {
                Ok(0) | Err(_) => return Err(BadDomain),
                Ok(443) => None,
                Ok(port) => Some(port),
            },
            Some(_) => return Err(BadDomain),
        };
        Ok(Domain {
            host: host.len(),
            text: match port {
                Some(port) => format!("{host}:{port}"),
                None => host,
            },
        })
    }
}

/// A host name (RFC 1123), or an IPv4 address in the form that everybody reads alike: URL parsers take `127.1` and
/// `0x7f.1` for addresses too.
fn name(host: &str) -> Result<&str, BadDomain> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(BadDomain);
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    match is_numeric && host.parse::<std::net::Ipv4Addr>().is_err() {
        true => Err(BadDomain),
        false => Ok(host),
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        for (text, form) in [
            ("Memo.Example.ORG", "memo.example.org"),
            ("memo.example.org.", "memo.example.org"),
            ("memo.example.org:443", "memo.example.org"),
            ("memo.example.org:0443", "memo.example.org"),
            ("memo.example.org:8443", "memo.example.org:8443"),
            ("127.0.0.1:5001", "127.0.0.1:5001"),
            ("[::1]:5001", "[::1]:5001"),
            ("[0:0::1]", "[::1]"),
            ("localhost", "localhost"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<Domain>().unwrap().as_str(), form);
            assert_eq!(form.parse::<Domain>().unwrap().as_str(), form);
        }
        for text in [
            "",
            ".",
            "a..b",
            "-a.example",
            "a b",
            "a/b",
            "user@a",
            "a:b",
            "a:",
            "a:0",
            "a:70000",
            "a:+1",
            "::1",
            "[::1",
            "[::1]x",
            "b\u{fc}cher.example",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "a.0x7f",
            "1.2.3.4.5",
            "a#b",
            "a?b",
            "a%2e",
        ] {
            assert!(text.parse::<Domain>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_known_by_name() {
        for (text, is_loopback) in [
            ("localhost:1", true),
            ("a.localhost", true),
            ("127.0.0.2:1", true),
            ("[::1]:1", true),
            ("localhost.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(
                text.parse::<Domain>().unwrap().is_loopback(),
                is_loopback,
                "{text}"
            );
        }
    }

    #[test]
    fn a_links_base_names_its_domain() {
        for base in ["https://A.example", "a.example", "http://a.example:443/"] {
            assert_eq!(Domain::of_base(base).unwrap().as_str(), "a.example");
        }
    }
}
