//! Which hosts may be asked.

use super::address::is_public;
use reqwest::Url;
use std::net::IpAddr;
use thiserror::Error;

/// Why a URL is not asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReachError {
    /// Not a URL of http or https with a host, or one with a user in it.
    #[error("this is no address of a web server")]
    NotWeb,
    /// Plain HTTP.
    #[error("{0} is asked by HTTPS only")]
    Plain(String),
    /// The host leads to no public address.
    #[error("{0} leads to no public address")]
    Private(String),
}

/// Hosts that may be asked: those of the public Internet, and those that the configuration names.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Lower case; `host` or `host:port`.
    named: Vec<String>,
    everywhere: bool,
    /// Everywhere by plain HTTP too.
    plain: bool,
}

impl Reach {
    /// The public Internet alone.
    pub fn public() -> Self {
        Reach::default()
    }

    /// The same and these hosts, each with a port or, without one, at all ports.
    pub fn with(named: &[String]) -> Self {
        Reach {
            named: named.iter().map(|name| name.to_ascii_lowercase()).collect(),
            everywhere: false,
            plain: false,
        }
    }

    /// Everywhere, for a person who names the host in a terminal; by plain HTTP only where the person's own text says so
    /// (`plain`), not where another's does.
    pub fn everywhere(plain: bool) -> Self {
        Reach {
            named: Vec::new(),
            everywhere: true,
            plain,
        }
    }

    /// Whether the configuration names that host, at that port or at all.
    pub fn names(&self, host: &str, port: Option<u16>) -> bool {
        let host = host.trim_matches(['[', ']']);
        self.everywhere
            || self.named.iter().any(|named| {
                let (name, of_port) = split_port(named);
                name.eq_ignore_ascii_case(host) && (of_port.is_none() || port.is_none() || of_port == port)
            })
    }

    /// Whether a host may be asked at an address that it leads to.
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        is_public(address) || self.names(host, None)
    }

    /// Whether a URL may be asked at all: HTTPS, but for loopback names that the configuration names; no user in it; and
    /// an address only where it may be reached. Where names lead is judged when they are looked up.
    ///
    /// # Errors
    /// Why not.
    pub fn permit(&self, url: &Url) -> Result<(), ReachError> {
        let Some(host) = url.host_str() else {
            return Err(ReachError::NotWeb);
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ReachError::NotWeb);
        }
        let named = self.names(host, url.port_or_known_default());
        match url.scheme() {
            "https" => {}
            "http" if self.plain || (!self.everywhere && named && is_loopback(host)) => {}
            "http" => return Err(ReachError::Plain(host.to_owned())),
            _ => return Err(ReachError::NotWeb),
        }
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        match address {
            _ if named => Ok(()),
            Ok(address) if is_public(address) => Ok(()),
            // A name that is named with another port may lead to where only that port is meant to be asked.
            Err(_) if !is_loopback(host) && !self.names(host, None) => Ok(()),
            _ => Err(ReachError::Private(host.to_owned())),
        }
    }
}

fn split_port(named: &str) -> (&str, Option<u16>) {
    if let Some(rest) = named.strip_prefix('[') {
        let (host, port) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, port.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match named.split_once(':') {
        // More than one colon: an IPv6 address without brackets.
        Some((host, port)) if !port.contains(':') => (host, port.parse().ok()),
        _ => (named, None),
    }
}

/// Whether a host can only be this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_public_or_named_is_asked() {
        let reach = Reach::with(
            &[
                "127.0.0.2:5001",
                "memo.lan",
                "[::1]:7",
                "10.0.0.7",
                "memo.local:8443",
            ]
            .map(String::from),
        );
        let judge = |url: &str| reach.permit(&Url::parse(url).unwrap()).err();
        let private = |host: &str| Some(ReachError::Private(host.into()));
        for (url, refused) in [
            ("https://memo.example.org/x", None),
            (
                "http://memo.example.org/x",
                Some(ReachError::Plain("memo.example.org".into())),
            ),
            ("https://memo.lan", None),
            ("https://memo.local:8443/", None),
            ("https://memo.local/", private("memo.local")),
            ("http://memo.lan", Some(ReachError::Plain("memo.lan".into()))),
            ("http://127.0.0.2:5001/x", None),
            (
                "http://127.0.0.2:5002/x",
                Some(ReachError::Plain("127.0.0.2".into())),
            ),
            ("https://127.0.0.2:5002/x", private("127.0.0.2")),
            ("https://127.0.0.1/", private("127.0.0.1")),
            ("https://0x7f000001/", private("127.0.0.1")),
            ("https://localhost:5001/", private("localhost")),
            ("https://a.localhost/", private("a.localhost")),
            ("https://169.254.169.254/", private("169.254.169.254")),
            ("https://10.0.0.7/", None),
            ("https://10.0.0.8/", private("10.0.0.8")),
            ("https://[::1]:7/", None),
            ("http://[::1]:7/", None),
            ("https://[::1]:8/", private("[::1]")),
            ("https://[fe80::1]/", private("[fe80::1]")),
            ("https://[::ffff:10.0.0.8]/", private("[::ffff:a00:8]")),
            ("https://8.8.8.8/", None),
            ("https://user@memo.example.org/", Some(ReachError::NotWeb)),
            ("ftp://memo.example.org/", Some(ReachError::NotWeb)),
        ] {
            assert_eq!(judge(url), refused, "{url}");
        }
    }

    #[test]
    fn a_name_is_judged_by_where_it_leads() {
        let reach = Reach::with(&["memo.lan:8443".to_owned()]);
        let (private, public) = ("10.0.0.1".parse().unwrap(), "8.8.8.8".parse().unwrap());
        assert!(reach.allows("memo.lan", private) && reach.allows("other.example", public));
        assert!(!reach.allows("other.example", private));
        assert!(Reach::everywhere(false).allows("x", private));
    }

    #[test]
    fn plain_http_is_for_who_says_so() {
        let url = |text: &str| Url::parse(text).unwrap();
        for host in ["memo.example.org", "127.0.0.1", "localhost:5001"] {
            assert!(Reach::everywhere(true)
                .permit(&url(&format!("http://{host}/")))
                .is_ok());
            assert!(Reach::everywhere(false)
                .permit(&url(&format!("http://{host}/")))
                .is_err());
            assert!(Reach::everywhere(false)
                .permit(&url(&format!("https://{host}/")))
                .is_ok());
        }
    }
}
