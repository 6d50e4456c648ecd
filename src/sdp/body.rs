//! Finds the session description in a SIP body: the body itself, or one part of several (RFC 5621, RFC 2046 5.1).

use std::fmt;

/// Parts in parts, at most: a trunk sends one level (`multipart/mixed` with ISUP beside SDP).
const DEPTH: usize = 3;

/// Why no description could be taken from a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// A kind of body that holds none: to be answered 415 with `Accept: application/sdp`.
    Unsupported,
    /// A multipart body without a boundary, or parts within parts within parts.
    Malformed,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BodyError::Unsupported => "the body holds no application/sdp",
            BodyError::Malformed => "the multipart body cannot be taken apart",
        })
    }
}

impl std::error::Error for BodyError {}

/// The session description in a body, by the message's Content-Type; `None` for an empty body, which asks us to
/// offer. A body without a type is taken for what RFC 3261 20.15 allows to be presumed nowhere but everybody sends: SDP.
///
/// # Errors
/// A body that is there and holds no description.
pub fn extract<'a>(content_type: Option<&str>, body: &'a [u8]) -> Result<Option<&'a [u8]>, BodyError> {
    if body.is_empty() {
        return Ok(None);
    }
    find(content_type.unwrap_or("application/sdp"), body, DEPTH)?
        .map_or(Err(BodyError::Unsupported), |sdp| Ok(Some(sdp)))
}

fn find<'a>(content_type: &str, body: &'a [u8], depth: usize) -> Result<Option<&'a [u8]>, BodyError> {
    let kind = content_type
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    if kind == "application/sdp" {
        return Ok(Some(body));
    }
    if !kind.starts_with("multipart/") {
        return Ok(None);
    }
    let boundary = boundary(content_type).ok_or(BodyError::Malformed)?;
    if depth == 0 {
        return Err(BodyError::Malformed);
    }
    for part in parts(body, &boundary) {
        let (headers, content) = split_headers(part);
        // A part without a type is text/plain (RFC 2046 5.1).
        let kind = content_type_of(headers).unwrap_or_else(|| "text/plain".into());
        if let Some(sdp) = find(&kind, content, depth - 1)? {
            return Ok(Some(sdp));
        }
    }
    Ok(None)
}

/// The `boundary` parameter, 1 to 70 characters (RFC 2046 5.1.1), quoted or not.
fn boundary(content_type: &str) -> Option<String> {
    let mut rest = content_type.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, next) = quoted.split_once('"')?;
                (value, next.split_once(';').map_or("", |(_, n)| n))
            }
            None => after.split_once(';').unwrap_or((after, "")),
        };
        if name.trim().eq_ignore_ascii_case("boundary") {
            let value = value.trim_end();
            return (1..=70).contains(&value.len()).then(|| value.to_owned());
        }
        rest = next;
    }
}

/// What stands between the delimiter lines; the line end before a delimiter belongs to the delimiter.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let line_end = body[at..]
            .iter()
            .position(|b| *b == b'\n')
            .map_or(body.len(), |i| at + i + 1);
        if let Some(rest) = body[at..line_end]
            .strip_prefix(b"--")
            .and_then(|l| l.strip_prefix(boundary.as_bytes()))
        {
            let rest = rest.trim_ascii_end();
            if rest.is_empty() || rest == b"--" {
                if let Some(start) = open {
                    let part = &body[start..at];
                    let part = part.strip_suffix(b"\n").unwrap_or(part);
                    parts.push(part.strip_suffix(b"\r").unwrap_or(part));
                }
                open = rest.is_empty().then_some(line_end);
            }
        }
        at = line_end;
    }
    // A closing delimiter that was forgotten loses nothing.
    if let Some(start) = open {
        parts.push(&body[start..]);
    }
    parts
}

/// The part's header lines and its content; a part that begins with an empty line has no headers.
fn split_headers(part: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(len) = part[at..].iter().position(|b| *b == b'\n') {
        let line = part[at..at + len].trim_ascii();
        let next = at + len + 1;
        if line.is_empty() {
            return (&part[..at], &part[next..]);
        }
        at = next;
    }
    (part, &[])
}

fn content_type_of(headers: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(headers);
    // Folded lines continue the one above.
    let text = text
        .replace("\r\n", "\n")
        .replace("\n ", " ")
        .replace("\n\t", " ");
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim();
        (name.eq_ignore_ascii_case("content-type") || name.eq_ignore_ascii_case("c"))
            .then(|| value.trim().to_owned())
    })
}
