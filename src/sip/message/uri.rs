//! SIP, SIPS, tel and other URIs (RFC 3261 19.1, RFC 3966).

use super::{octets, params, scan, Params, Uri};
use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Why a text is not a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// No scheme, or not a scheme's characters.
    #[error("the URI has no scheme")]
    Scheme,
    /// White space, a control character, an angle bracket or another character that must be escaped.
    #[error("the URI holds a character that must be escaped")]
    Character,
    /// `%` without two hexadecimal digits.
    #[error("the URI has an incomplete escape")]
    Escape,
    /// A password without a user, or a `tel` URI without a number.
    #[error("the URI has no valid user")]
    User,
    /// No host, or not a host name, an address or a bracketed IPv6 address.
    #[error("the URI has no valid host")]
    Host,
    /// A port that is not a number from 0 to 65535.
    #[error("the URI has no valid port")]
    Port,
    /// A parameter without a name.
    #[error("the URI has a parameter without a name")]
    Parameter,
    /// `?name=value` where it must not stand: in a Request-URI.
    #[error("the URI has headers, which must not stand here")]
    Headers,
}

impl Uri {
    /// `sip:user@host:port`; an empty user leaves `user@` out.
    pub fn sip(user: impl Into<String>, host: impl Into<String>, port: Option<u16>) -> Self {
        Uri {
            scheme: "sip".into(),
            user: user.into(),
            password: None,
            host: host.into(),
            port,
            params: Params::new(),
            query: None,
        }
    }

    /// Whether the scheme is `sip` or `sips`: whether there is a host to send to.
    pub fn is_sip(&self) -> bool {
        self.scheme == "sip" || self.scheme == "sips"
    }

    /// The value of a parameter; None where it is absent or has no value.
    pub fn param(&self, name: &str) -> Option<&str> {
        params::get(&self.params, name).flatten()
    }

    /// Whether a parameter stands there, with a value or without (`;lr`).
    pub fn has_param(&self, name: &str) -> bool {
        params::get(&self.params, name).is_some()
    }

    /// Sets a parameter's value where it stands, or appends it.
    pub fn set_param(&mut self, name: &str, value: Option<String>) {
        params::set(&mut self.params, name, value);
    }

    /// The host as an address, where it is one.
    pub fn host_ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether both name the same resource (RFC 3261 19.1.4): users with case, hosts without, parameters in
    /// any order; `user`, `ttl`, `method`, `maddr` and `transport` must stand in both or in none, other
    /// parameters only need to agree where both have them.
    pub fn matches(&self, other: &Uri) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        if self.scheme == "tel" {
            // RFC 3966 3: visual separators carry no meaning.
            return digits(&self.user).eq(digits(&other.user)) && self.params_agree(other);
        }
        self.user == other.user
            && self.password == other.password
            && same_host(&self.host, &other.host)
            && self.port == other.port
            && self.params_agree(other)
            && self.same_query(other)
    }

    fn params_agree(&self, other: &Uri) -> bool {
        const IN_BOTH: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
        let agrees = |a: &Uri, b: &Uri| {
            a.params
                .iter()
                .all(|(name, value)| match params::get(&b.params, name) {
                    Some(there) => same_without_case(value.as_deref(), there),
                    None => !IN_BOTH.iter().any(|n| n.eq_ignore_ascii_case(name)),
                })
        };
        agrees(self, other) && agrees(other, self)
    }

    /// Headers in a URI must all be in both, in any order.
    fn same_query(&self, other: &Uri) -> bool {
        fn sorted(query: Option<&str>) -> Vec<(String, Vec<u8>)> {
            let mut headers: Vec<_> = query
                .unwrap_or("")
                .split('&')
                .filter(|header| !header.is_empty())
                .map(|header| {
                    let (name, value) = header.split_once('=').unwrap_or((header, ""));
                    (name.to_ascii_lowercase(), unescape_octets(value))
                })
                .collect();
            headers.sort();
            headers
        }
        sorted(self.query.as_deref()) == sorted(other.query.as_deref())
    }
}

fn digits(number: &str) -> impl Iterator<Item = char> + '_ {
    number
        .chars()
        .filter(|c| !matches!(c, '-' | '.' | '(' | ')'))
        .map(|c| c.to_ascii_lowercase())
}

fn same_host(a: &str, b: &str) -> bool {
    match (a.parse::<IpAddr>(), b.parse::<IpAddr>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a.eq_ignore_ascii_case(b),
    }
}

fn same_without_case(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (None, None) => true,
        _ => false,
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        let mut letters = scheme.bytes();
        if !letters.next().is_some_and(|b| b.is_ascii_alphabetic())
            || !letters.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        {
            return Err(UriError::Scheme);
        }
        if rest
            .bytes()
            .any(|b| b <= b' ' || b == 0x7F || matches!(b, b'<' | b'>' | b'"'))
        {
            return Err(UriError::Character);
        }
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "sip" | "sips" => parse_sip(scheme, rest),
            "tel" => parse_tel(scheme, rest),
            _ => parse_opaque(scheme, rest),
        }
    }
}

fn parse_sip(scheme: String, rest: &str) -> Result<Uri, UriError> {
    // The user may hold `;`, `?` and `/`, so the at sign is looked for first; one in what follows would have
    // to be escaped.
    let (user, password, rest) = match rest.split_once('@') {
        Some((userinfo, rest)) => {
            let (user, password) = match userinfo.split_once(':') {
                Some((user, password)) => (user, Some(unescape(password, is_password_byte)?)),
                None => (userinfo, None),
            };
            // An at sign with nothing before it is not in the grammar, but gateways send it where the caller
            // withheld the number; it is read as no user.
            if user.is_empty() && password.is_some() {
                return Err(UriError::User);
            }
            (unescape(user, is_user_byte)?, password, rest)
        }
        None => (String::new(), None, rest),
    };
    let end = rest.find([';', '?']).unwrap_or(rest.len());
    let (host_port, rest) = rest.split_at(end);
    let (host, port) = parse_host(host_port, false)?;
    let (parameters, query) = match rest.split_once('?') {
        Some((parameters, query)) => (parameters, Some(parse_query(query)?)),
        None => (rest, None),
    };
    Ok(Uri {
        scheme,
        user,
        password,
        host,
        port,
        params: parse_params(parameters)?,
        query,
    })
}

/// RFC 3966: `tel:number;params`. The number is kept as it stands, separators included.
fn parse_tel(scheme: String, rest: &str) -> Result<Uri, UriError> {
    let end = rest.find(';').unwrap_or(rest.len());
    let (number, parameters) = rest.split_at(end);
    let in_number =
        |b: u8| b.is_ascii_hexdigit() || matches!(b, b'+' | b'-' | b'.' | b'(' | b')' | b'*' | b'#');
    if number.is_empty() || !number.bytes().all(in_number) {
        return Err(UriError::User);
    }
    Ok(Uri {
        params: parse_params(parameters)?,
        user: number.to_owned(),
        scheme,
        ..Uri::sip("", "", None)
    })
}

/// A scheme that is not ours to understand: all that follows is kept as it stands, in `user`.
fn parse_opaque(scheme: String, rest: &str) -> Result<Uri, UriError> {
    if rest.is_empty() {
        return Err(UriError::Host);
    }
    Ok(Uri {
        user: rest.to_owned(),
        scheme,
        ..Uri::sip("", "", None)
    })
}

fn parse_params(text: &str) -> Result<Params, UriError> {
    let Some(text) = text.strip_prefix(';') else {
        return if text.is_empty() {
            Ok(Params::new())
        } else {
            Err(UriError::Parameter)
        };
    };
    text.split(';')
        // Empty parameters are not in the grammar, but common and harmless.
        .filter(|param| !param.is_empty())
        .map(|param| match param.split_once('=') {
            Some(("", _)) => Err(UriError::Parameter),
            Some((name, value)) => Ok((
                unescape(name, is_param_byte)?,
                Some(unescape(value, is_param_byte)?),
            )),
            None => Ok((unescape(param, is_param_byte)?, None)),
        })
        .collect()
}

fn parse_query(query: &str) -> Result<String, UriError> {
    unescape(query, |b| is_query_byte(b) || matches!(b, b'&' | b'='))?;
    Ok(query.to_owned())
}

/// Reads `host` or `host:port`. A Via lets white space stand around the colon.
///
/// Three colons in an IPv6 address come from an error in RFC 3261's grammar; RFC 5118 4.10 wants them
/// understood as two.
pub(super) fn parse_host(text: &str, white_space: bool) -> Result<(String, Option<u16>), UriError> {
    let trim = |text| if white_space { scan::trim(text) } else { text };
    let text = trim(text);
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']').ok_or(UriError::Host)?;
            let address = address.replacen(":::", "::", 1);
            if address.parse::<Ipv6Addr>().is_err() {
                return Err(UriError::Host);
            }
            match trim(rest).strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None if trim(rest).is_empty() => (address, None),
                None => return Err(UriError::Host),
            }
        }
        None => {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (trim(host), Some(port)),
                None => (text, None),
            };
            if !scan::is_host_name(host) {
                return Err(UriError::Host);
            }
            (host.to_owned(), port)
        }
    };
    let port = match port {
        Some(port) => Some(scan::number(trim(port)).ok_or(UriError::Port)?),
        None => None,
    };
    Ok((host, port))
}

/// Writes a host; an IPv6 address in brackets.
pub(super) fn write_host(f: &mut fmt::Formatter<'_>, host: &str) -> fmt::Result {
    if host.contains(':') {
        f.write_char('[')?;
        write_escaped(f, host, |b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.'))?;
        f.write_char(']')
    } else {
        write_escaped(f, host, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')
        })
    }
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

/// RFC 3261 25.1 `user`. The hash sign is not in it, but dialled numbers with it are met everywhere.
fn is_user_byte(b: u8) -> bool {
    is_unreserved(b) || matches!(b, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/' | b'#')
}

fn is_password_byte(b: u8) -> bool {
    is_unreserved(b) || matches!(b, b'&' | b'=' | b'+' | b'$' | b',')
}

fn is_param_byte(b: u8) -> bool {
    is_unreserved(b) || matches!(b, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
}

fn is_query_byte(b: u8) -> bool {
    is_unreserved(b) || matches!(b, b'[' | b']' | b'/' | b'?' | b':' | b'+' | b'$')
}

/// Undoes the escapes; what is neither allowed as it stands nor an escape is an error. Letters beyond ASCII
/// should be escaped, but are met, and are kept.
fn unescape(text: &str, allowed: impl Fn(u8) -> bool) -> Result<String, UriError> {
    if text.bytes().all(&allowed) {
        return Ok(text.to_owned());
    }
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
        if b == b'%' {
            if !hex(bytes.next()) || !hex(bytes.next()) {
                return Err(UriError::Escape);
            }
        } else if !b.is_ascii() || allowed(b) {
            continue;
        } else {
            return Err(UriError::Character);
        }
    }
    Ok(octets::decode(&unescape_octets(text)).into_owned())
}

/// Undoes escapes; an incomplete one stays as it stands.
fn unescape_octets(text: &str) -> Vec<u8> {
    let digit = |b: Option<&u8>| b.and_then(|&b| char::from(b).to_digit(16));
    let mut raw = Vec::with_capacity(text.len());
    octets::encode(text, &mut raw);
    let mut out = Vec::with_capacity(raw.len());
    let mut i = 0;
    while let Some(&b) = raw.get(i) {
        match (b, digit(raw.get(i + 1)), digit(raw.get(i + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 3;
            }
            _ => {
                out.push(b);
                i += 1;
            }
        }
    }
    out
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str, allowed: impl Fn(u8) -> bool) -> fmt::Result {
    if text.bytes().all(&allowed) {
        return f.write_str(text);
    }
    let mut raw = Vec::with_capacity(text.len());
    octets::encode(text, &mut raw);
    for b in raw {
        if allowed(b) {
            f.write_char(char::from(b))?;
        } else {
            write!(f, "%{b:02X}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, &self.scheme, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')
        })?;
        f.write_char(':')?;
        if self.is_sip() {
            if !self.user.is_empty() {
                // `#` is read but must be escaped when sent.
                write_escaped(f, &self.user, |b| b != b'#' && is_user_byte(b))?;
                if let Some(password) = &self.password {
                    f.write_char(':')?;
                    write_escaped(f, password, is_password_byte)?;
                }
                f.write_char('@')?;
            }
            write_host(f, &self.host)?;
            if let Some(port) = self.port {
                write!(f, ":{port}")?;
            }
        } else {
            // What another scheme allows is not known here; what would break the message is not.
            write_escaped(f, &self.user, |b| {
                b > b' ' && b < 0x7F && !matches!(b, b'<' | b'>' | b'"')
            })?;
        }
        for (name, value) in &self.params {
            f.write_char(';')?;
            write_escaped(f, name, is_param_byte)?;
            if let Some(value) = value {
                f.write_char('=')?;
                write_escaped(f, value, is_param_byte)?;
            }
        }
        if let Some(query) = &self.query {
            f.write_char('?')?;
            write_escaped(f, query, |b| is_query_byte(b) || matches!(b, b'&' | b'=' | b'%'))?;
        }
        Ok(())
    }
}
