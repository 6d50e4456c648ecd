//! The forms of single values: addresses, ranges, names, URLs.

use super::reader::Unfit;
use super::Cidr;
use crate::sip::Transport;
use std::net::{IpAddr, SocketAddr};

/// `udp:0.0.0.0:5060`
pub(super) fn listen(text: &str) -> Result<(Transport, SocketAddr), Unfit> {
    let expected = "a transport, an address and a port such as \"udp:0.0.0.0:5060\"";
    let (transport, address) = text.split_once(':').ok_or_else(|| Unfit::value(expected, text))?;
    let transport = match transport {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        "tls" | "ws" | "wss" => {
            return Err(
                Unfit::value("udp or tcp", transport).hint("SIP over TLS and WebSocket is not supported")
            )
        }
        _ => return Err(Unfit::value(expected, text)),
    };
    match address.parse() {
        Ok(address) => Ok((transport, address)),
        Err(_) => Err(Unfit::value(expected, text).hint(address_hint(address))),
    }
}

/// `127.0.0.1:5001`
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, Unfit> {
    text.parse().map_err(|_| {
        Unfit::value("an address and a port such as \"127.0.0.1:5001\"", text).hint(address_hint(text))
    })
}

/// What is probably wrong with `host:port`.
fn address_hint(text: &str) -> &'static str {
    if text.parse::<IpAddr>().is_ok() && !text.contains(':') {
        "the port is missing"
    } else if text.matches(':').count() > 1 && !text.starts_with('[') {
        "an IPv6 address stands in brackets: [::]:5060"
    } else if text
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_err())
    {
        "the port is a number from 0 to 65535"
    } else {
        "write the address itself: host names are not looked up here"
    }
}

/// An IP address.
pub(super) fn ip_address(text: &str) -> Result<IpAddr, Unfit> {
    text.parse()
        .map_err(|_| Unfit::value("an IP address such as \"192.0.2.10\"", text))
}

/// `192.0.2.0/24`, or one address.
pub(super) fn cidr(text: &str) -> Result<Cidr, Unfit> {
    let expected = "an address or a range such as \"192.0.2.0/24\"";
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| {
        let unfit = Unfit::value(expected, text);
        if text.contains(|c: char| c.is_ascii_alphabetic()) && !text.contains(':') {
            unfit.hint("write the addresses themselves: host names are not looked up here")
        } else {
            unfit
        }
    })?;
    let widest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => widest,
        Some(prefix) => prefix
            .parse::<u8>()
            .ok()
            .filter(|prefix| *prefix <= widest)
            .ok_or_else(|| Unfit::value(expected, text).hint(format!("the prefix is 0 to {widest}")))?,
    };
    Ok(Cidr { address, prefix })
}

/// `10000-19999`: the first even port and the last odd one within, so that pairs of RTP and RTCP fill the range.
pub(super) fn ports(text: &str) -> Result<(u16, u16), Unfit> {
    let expected = "a range of ports such as \"10000-19999\"";
    let unfit = || Unfit::value(expected, text);
    let (first, last) = text.split_once('-').ok_or_else(unfit)?;
    let first: u16 = first.trim().parse().map_err(|_| unfit())?;
    let last: u16 = last.trim().parse().map_err(|_| unfit())?;
    if first == 0 {
        return Err(unfit().hint("ports start at 1; those below 1024 need privileges"));
    }
    if first > last {
        return Err(unfit().hint(format!("write \"{last}-{first}\"")));
    }
    // A call takes an even port for RTP and the odd one above it for RTCP (RFC 3550 11); an odd first or an even last
    // port has no partner.
    let even = u32::from(first).next_multiple_of(2);
    let odd = if last % 2 == 1 {
        u32::from(last)
    } else {
        u32::from(last) - 1
    };
    if odd < even + 1 {
        return Err(unfit().hint("a call needs an even port and the odd one above it"));
    }
    // Both lie between `first` and `last` now, so neither conversion can lose anything.
    Ok((even as u16, odd as u16))
}

/// The name of a trunk, mailbox or context: what can stand in a log line, a dialplan and a channel's name as it is.
pub(super) fn name(text: &str) -> Result<String, Unfit> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        Ok(text.to_owned())
    } else {
        Err(Unfit::value(
            "1 to 64 letters, digits, dots, dashes and underscores",
            text,
        ))
    }
}

/// The name of a mailbox: as others, perhaps with one `@` between two such, as dialplans name them.
pub(super) fn mailbox_name(text: &str) -> Result<String, Unfit> {
    match text.split_once('@') {
        Some((mailbox, context)) if text.len() <= 64 => {
            name(mailbox)?;
            name(context)?;
            Ok(text.to_owned())
        }
        _ => name(text),
    }
}

/// `memo.example.org`, `localhost:5001`
pub(super) fn domain(text: &str) -> Result<String, Unfit> {
    let unfit = || Unfit::value("a host name, with a port where it is not the usual one", text);
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split('/').next().unwrap_or_default();
        return Err(unfit().hint(format!("without the scheme: \"{host}\"")));
    }
    if is_host_port(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(unfit())
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`
fn is_host_port(text: &str) -> bool {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((host, port)) = rest.split_once(']') else {
            return false;
        };
        if host.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        match port {
            "" => return true,
            port => match port.strip_prefix(':') {
                Some(port) => ("v6", Some(port)),
                None => return false,
            },
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    let host = host.strip_suffix('.').unwrap_or(host);
    host.len() <= 253 && host.split('.').all(label) && port_fits
}

/// An http or https URL, without user or fragment.
pub(super) fn url(text: &str) -> Result<String, Unfit> {
    let expected = "a URL such as \"https://example.org/\"";
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| Unfit::value(expected, text))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain =
        |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
    if host.contains('@') {
        return Err(Unfit::because(
            "bad-value",
            "a URL with a user in it is not accepted",
        ));
    }
    if !is_host_port(host) || !rest.chars().all(plain) || rest.contains('#') {
        return Err(Unfit::value(expected, text));
    }
    Ok(text.to_owned())
}

/// The beginning of URLs, such as `https://api.example.org/v1/`.
pub(super) fn url_prefix(text: &str) -> Result<String, Unfit> {
    let url = url(text)?;
    if url.contains('?') {
        return Err(Unfit::value(
            "the beginning of a URL such as \"https://api.example.org/v1/\", without a query",
            text,
        ));
    }
    Ok(url)
}

/// `agi.example.org`, or `agi.example.org:4573`.
pub(super) fn host_port(text: &str) -> Result<String, Unfit> {
    match is_host_port(text) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(Unfit::value(
            "a host, or a host and port, such as \"agi.example.org:4573\"",
            text,
        )),
    }
}

/// A host without a port.
pub(super) fn host(text: &str) -> Result<String, Unfit> {
    match is_host_port(text) && (!text.contains(':') || text.ends_with(']')) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(Unfit::value("a host name, without a port", text)),
    }
}

/// Whether a host can only be this machine.
pub(super) fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a URL can only lead to this machine.
pub(super) fn is_loopback_url(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    is_loopback_host(host)
}

/// An e-mail address, plainly written.
pub(super) fn email(text: &str) -> Result<String, Unfit> {
    let fits = text.split_once('@').is_some_and(|(user, host)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        (1..=64).contains(&user.len()) && user.chars().all(plain) && is_host_port(host) && !host.contains(':')
    });
    match fits {
        true => Ok(text.to_owned()),
        false => Err(Unfit::value("an e-mail address such as \"me@example.org\"", text)),
    }
}

/// `sip:user@host`, perhaps with a port and `;transport=`.
pub(super) fn sip_uri(text: &str) -> Result<String, Unfit> {
    let unfit = || Unfit::value("a SIP URI such as \"sip:100@192.0.2.5\"", text);
    let rest = text.strip_prefix("sip:").ok_or_else(unfit)?;
    let (address, parameters) = rest.split_once(';').unwrap_or((rest, ""));
    let (user, host) = address.split_once('@').ok_or_else(unfit)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,?/%".contains(c);
    let transports = ["", "transport=udp", "transport=tcp"];
    let fits = !user.is_empty()
        && user.chars().all(plain)
        && is_host_port(host)
        && transports.contains(&parameters.to_ascii_lowercase().as_str());
    match fits {
        true => Ok(text.to_owned()),
        false => Err(unfit()),
    }
}

/// Where the pages are reachable: a URL without a query; a final slash is dropped.
pub(super) fn public_url(text: &str) -> Result<String, Unfit> {
    let url = url(text)?;
    if url.contains('?') {
        return Err(Unfit::value(
            "a URL such as \"https://memo.example.org\", without a query",
            text,
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// `host`, `host:port`, or `sip:host:port;transport=tcp`.
pub(super) fn registrar(text: &str) -> Result<String, Unfit> {
    let unfit = || {
        Unfit::value(
            "a host, a host and port, or a SIP URI such as \"sip:sip.example.org:5060\"",
            text,
        )
    };
    if text.starts_with("sips:") {
        return Err(unfit().hint("SIP over TLS is not supported"));
    }
    let rest = text.strip_prefix("sip:").unwrap_or(text);
    let (host, parameters) = rest.split_once(';').unwrap_or((rest, ""));
    if host.contains('@') {
        return Err(unfit().hint("the user goes into `username`"));
    }
    let transport = ["", "transport=udp", "transport=tcp"];
    if !transport.contains(&parameters.to_ascii_lowercase().as_str()) {
        return Err(unfit().hint("the only parameter is transport=udp or transport=tcp"));
    }
    if !is_host_port(host) {
        return Err(unfit());
    }
    Ok(text.to_owned())
}

/// Text without control characters or spaces.
pub(super) fn token(text: &str) -> Result<String, Unfit> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Unfit::value("text without spaces", text));
    }
    Ok(text.to_owned())
}
