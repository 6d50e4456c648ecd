//! Who is asking: the connection's other end, or, where that is a proxy that the operator trusts, whom it names.

use super::{Peer, State};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::HeaderMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The client, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Its address.
    pub(super) address: IpAddr,
    /// Whether it came by HTTPS, to us or to the proxy.
    pub(super) https: bool,
}

impl FromRequestParts<State> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>().copied().unwrap_or(Peer {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            tls: false,
        });
        let trusted = |address: IpAddr| {
            state
                .inner
                .trusted_proxies
                .iter()
                .any(|range| range.contains(address))
        };
        Ok(client(peer, &parts.headers, trusted))
    }
}

/// Reads `X-Forwarded-For` from the right, as proxies append to it: the first address that is not a trusted proxy's
/// is the client's. Whatever stands further left was written by the client itself.
fn client(peer: Peer, headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> Client {
    let mut address = peer.address.ip().to_canonical();
    if !trusted(address) {
        return Client {
            address,
            https: peer.tls,
        };
    }
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect::<Vec<_>>();
    for text in forwarded.into_iter().rev() {
        // What cannot be read ends the search: the last proxy known is then the best that can be said.
        let Some(next) = parse_address(text.trim()) else {
            break;
        };
        address = next.to_canonical();
        if !trusted(address) {
            break;
        }
    }
    let https = headers
        .get("x-forwarded-proto")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .map_or(peer.tls, |value| value.trim().eq_ignore_ascii_case("https"));
    Client { address, https }
}

/// An address with or without a port, in brackets or not.
fn parse_address(text: &str) -> Option<IpAddr> {
    let text_without_brackets = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    text_without_brackets
        .unwrap_or(text)
        .parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str]) -> String {
        let peer = Peer {
            address: format!("{peer}:1000").parse().unwrap(),
            tls: false,
        };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let proxy = |address: IpAddr| address.to_string().starts_with("192.0.2.");
        client(peer, &headers, proxy).address.to_string()
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_proxy() {
        assert_eq!(seen("198.51.100.7", &["203.0.113.1"]), "198.51.100.7");
        assert_eq!(seen("192.0.2.1", &["203.0.113.1"]), "203.0.113.1");
        assert_eq!(seen("192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_client() {
        assert_eq!(
            seen("192.0.2.1", &["10.0.0.1, 203.0.113.1, 192.0.2.9"]),
            "203.0.113.1"
        );
        assert_eq!(
            seen("192.0.2.1", &["10.0.0.1", "203.0.113.1:4711"]),
            "203.0.113.1"
        );
        assert_eq!(seen("192.0.2.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(
            seen("192.0.2.1", &["203.0.113.1, nonsense, 192.0.2.9"]),
            "192.0.2.9"
        );
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address_that_it_maps() {
        assert_eq!(seen("[::ffff:192.0.2.1]", &["203.0.113.1"]), "203.0.113.1");
    }
}
