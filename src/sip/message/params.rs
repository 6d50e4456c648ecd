//! Parameters after a header value: `;name=value` (RFC 3261 25.1 `generic-param`).

use super::scan;
use std::fmt;

/// Parameters in order: names as they came, values with quotes undone.
pub type Params = Vec<(String, Option<String>)>;

/// Reads `;a=b;c` to the end of the text; None where it is not that.
pub(super) fn parse(text: &str) -> Option<Params> {
    let mut params = Params::new();
    let mut rest = scan::trim(text);
    while !rest.is_empty() {
        rest = rest.strip_prefix(';')?;
        let end = scan::find_outside(rest, b';', false).unwrap_or(rest.len());
        let (param, after) = rest.split_at(end);
        rest = after;
        let param = scan::trim(param);
        if param.is_empty() {
            // `;;` and a `;` at the end are not in the grammar, but common and harmless.
            continue;
        }
        let (name, value) = match param.split_once('=') {
            Some((name, value)) => (scan::trim(name), Some(scan::trim(value))),
            None => (param, None),
        };
        if !scan::is_token(name.as_bytes()) {
            return None;
        }
        let value = match value {
            Some(value) if value.starts_with('"') => {
                let (text, after) = scan::quoted(value)?;
                if !after.is_empty() {
                    return None;
                }
                Some(text)
            }
            Some(value) if is_plain(value) => Some(value.to_owned()),
            Some(_) => return None,
            None => None,
        };
        params.push((name.to_owned(), value));
    }
    Some(params)
}

/// Whether the value needs no quotes: a token or a host, bracketed or not. The slash, the at sign and the
/// equals sign are let through, since peers send unquoted what should be quoted.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value.bytes().all(|b| {
            scan::is_token_byte(b) || matches!(b, b'[' | b']' | b':' | b'/' | b'@' | b'=' | b'$' | b'&')
        })
}

/// Writes the parameters, quoting values that are not tokens or hosts.
pub(super) fn write(f: &mut fmt::Formatter<'_>, params: &[(String, Option<String>)]) -> fmt::Result {
    for (name, value) in params {
        write!(f, ";{name}")?;
        if let Some(value) = value {
            f.write_str("=")?;
            let printable = value
                .bytes()
                .all(|b| scan::is_token_byte(b) || matches!(b, b'[' | b']' | b':'));
            if printable && !value.is_empty() {
                f.write_str(value)?;
            } else {
                scan::write_quoted(f, value)?;
            }
        }
    }
    Ok(())
}

/// The value of the first parameter of that name, names compared without case: `Some(None)` for a parameter
/// without a value.
pub(super) fn get<'a>(params: &'a [(String, Option<String>)], name: &str) -> Option<Option<&'a str>> {
    params
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_deref())
}

/// Sets a parameter's value where it stands, or appends it.
pub(super) fn set(params: &mut Params, name: &str, value: Option<String>) {
    match params.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        Some((_, old)) => *old = value,
        None => params.push((name.to_owned(), value)),
    }
}
