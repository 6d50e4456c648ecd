//! Octets to messages (RFC 3261 7 and 18.3).
//!
//! Lenient where the RFC asks for it (line ends before the message, folding, compact names, white space around
//! the colon, octets after the body), strict elsewhere: what is read in two ways by two elements is how a
//! message is smuggled past one of them.

use super::{
    check, octets, scan, Message, Method, ParseError, ParseErrorKind, Request, Response, Uri, UriError,
};
use super::{HeaderError, HeaderFault, Headers};
use crate::limits;
use std::borrow::Cow;

impl Message {
    /// Reads one message: a whole datagram, or what a `Framer` cut from a stream. Octets after the body that
    /// Content-Length announces are ignored (RFC 3261 18.3). A message that is returned has the headers that
    /// every message must have, each once and well-formed; see `check`.
    pub fn parse(bytes: &[u8]) -> Result<Message, ParseError> {
        let start = bytes
            .iter()
            .position(|b| !matches!(b, b'\r' | b'\n'))
            .unwrap_or(bytes.len());
        if start == bytes.len() {
            return Err(error(ParseErrorKind::Empty, 0));
        }
        let mut lines = Lines { bytes, next: start };
        let (line, ended) = lines.next_line();
        let line = octets::decode(line);
        let first = start_line(&line);
        if !ended {
            // Not even one line: nothing that could be answered.
            return Err(error(ParseErrorKind::Truncated, bytes.len()));
        }
        let mut headers = Headers::with_capacity(24, bytes.len().min(4_096));
        let head = read_headers(&mut lines, &mut headers);
        let result = finish(bytes, &lines, first, head, &headers);
        match result {
            Ok((Start::Request(method, uri), body)) => Ok(Message::Request(Request {
                method,
                uri,
                headers,
                body,
            })),
            Ok((Start::Response(status, reason), body)) => Ok(Message::Response(Response {
                status,
                reason,
                headers,
                body,
            })),
            Err(mut error) => {
                error.response = check::answer(&error, &line, &headers).map(Box::new);
                Err(error)
            }
        }
    }
}

/// The answer to a request of which only the head is there.
pub(super) fn answer_head(head: &[u8], kind: ParseErrorKind) -> Option<Response> {
    let mut lines = Lines { bytes: head, next: 0 };
    let line = octets::decode(lines.next_line().0);
    let mut headers = Headers::new();
    // A second fault in the same head changes nothing: it has its answer.
    let _ = read_headers(&mut lines, &mut headers);
    check::answer(&error(kind, 0), &line, &headers)
}

/// The first line, read.
enum Start {
    Request(Method, Uri),
    Response(u16, String),
}

type StartResult = Result<Start, ParseErrorKind>;

/// Joins what the three parts came to. The order decides which fault is named where there are several: what
/// makes the message unreadable first.
fn finish(
    bytes: &[u8],
    lines: &Lines<'_>,
    first: StartResult,
    head: Result<(), ParseError>,
    headers: &Headers,
) -> Result<(Start, Vec<u8>), ParseError> {
    if bytes.len() > limits::SIP_MESSAGE_BYTES {
        return Err(error(ParseErrorKind::TooLarge, limits::SIP_MESSAGE_BYTES));
    }
    let start = first.map_err(|kind| error(kind, 0))?;
    head?;
    let at = lines.next;
    match &start {
        Start::Request(method, _) => check::request(method, headers),
        Start::Response(..) => check::response(headers),
    }
    .map_err(|kind| error(kind, at))?;
    let after = bytes.get(at..).unwrap_or(&[]);
    let body = match content_length(headers).map_err(|kind| error(kind, at))? {
        Some(length) => after
            .get(..length)
            .ok_or(error(ParseErrorKind::BodyTooShort, bytes.len()))?,
        None => after,
    };
    Ok((start, body.to_vec()))
}

fn error(kind: ParseErrorKind, offset: usize) -> ParseError {
    ParseError {
        kind,
        offset,
        response: None,
    }
}

/// Content-Length; None where there is none. Two that agree are one (RFC 4475 3.3.9 rejects two that differ).
fn content_length(headers: &Headers) -> Result<Option<usize>, ParseErrorKind> {
    let mut length = None;
    for value in headers.all("Content-Length") {
        let fault = match scan::number::<usize>(value) {
            Some(number) if length.is_none_or(|l| l == number) => {
                length = Some(number);
                continue;
            }
            Some(_) => HeaderFault::Repeated,
            None => HeaderFault::Malformed,
        };
        return Err(ParseErrorKind::Header(HeaderError::new("Content-Length", fault)));
    }
    Ok(length)
}

/// Lines of the head. A line ends with CRLF; a CR or an LF by itself is part of a line, and there is an error.
pub(super) struct Lines<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) next: usize,
}

impl<'a> Lines<'a> {
    /// The next line, and whether it had an end.
    pub(super) fn next_line(&mut self) -> (&'a [u8], bool) {
        let rest = self.bytes.get(self.next..).unwrap_or(&[]);
        let mut from = 0;
        let end = loop {
            let Some(lf) = rest
                .get(from..)
                .and_then(|tail| tail.iter().position(|&b| b == b'\n'))
            else {
                break None;
            };
            let lf = from + lf;
            if lf > 0 && rest.get(lf - 1) == Some(&b'\r') {
                break Some(lf);
            }
            from = lf + 1;
        };
        match end {
            Some(lf) => {
                self.next += lf + 1;
                (rest.get(..lf - 1).unwrap_or(&[]), true)
            }
            None => {
                self.next = self.bytes.len();
                (rest, false)
            }
        }
    }

    /// Whether the next line continues this one (RFC 3261 7.3.1).
    pub(super) fn is_folded(&self) -> bool {
        matches!(self.bytes.get(self.next), Some(b' ' | b'\t'))
    }
}

/// Reads fields until the empty line. After an error the rest is read all the same, so that an answer has the
/// headers that it must copy.
fn read_headers(lines: &mut Lines<'_>, headers: &mut Headers) -> Result<(), ParseError> {
    let mut result = Ok(());
    let mut parts: Vec<Cow<'_, str>> = Vec::new();
    let mut separators = 0;
    let mut note = |fault: ParseError| {
        if result.is_ok() {
            result = Err(fault);
        }
    };
    loop {
        let at = lines.next;
        let (line, ended) = lines.next_line();
        if !ended {
            note(error(ParseErrorKind::Truncated, lines.bytes.len()));
            break;
        }
        if line.is_empty() {
            break;
        }
        if headers.len() == limits::SIP_HEADERS {
            note(error(ParseErrorKind::TooLarge, at));
            break;
        }
        separators += count_separators(line);
        if separators > limits::SIP_SEPARATORS {
            note(error(ParseErrorKind::TooLarge, at));
            break;
        }
        let mut sound = is_sound(line);
        let line = octets::decode(line);
        let (name, value) = match &line {
            Cow::Borrowed(line) => split_field(line).map(|(n, v)| (n, Cow::Borrowed(v))),
            Cow::Owned(line) => split_field(line).map(|(n, v)| (n, Cow::Owned(v.to_owned()))),
        }
        .unwrap_or(("", Cow::Borrowed("")));
        parts.clear();
        parts.push(value);
        while lines.is_folded() {
            let (more, ended) = lines.next_line();
            if !ended {
                break;
            }
            sound &= is_sound(more);
            separators += count_separators(more);
            parts.push(match octets::decode(more) {
                Cow::Borrowed(more) => Cow::Borrowed(scan::trim(more)),
                Cow::Owned(more) => Cow::Owned(scan::trim(&more).to_owned()),
            });
        }
        if !sound || !scan::is_token(name.as_bytes()) {
            note(error(ParseErrorKind::HeaderLine, at));
            continue;
        }
        headers.push_folded(name, parts.drain(..));
    }
    result
}

/// Commas and semicolons: each may stand before a value or a parameter, which costs far more to read than the octets
/// that it has.
fn count_separators(line: &[u8]) -> usize {
    line.iter().filter(|b| matches!(b, b',' | b';')).count()
}

/// `name`, white space allowed, `:`, `value`.
pub(super) fn split_field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim_end_matches(scan::is_lws), scan::trim(value)))
}

/// Whether the line has no control character but the tab and those that a backslash quotes (RFC 3261 25.1
/// `quoted-pair`). A CR or an LF cannot be quoted: here is where one by itself is refused.
fn is_sound(line: &[u8]) -> bool {
    let control = |b: u8| (b < b' ' && b != b'\t') || b == 0x7F;
    // Without a short cut, so that the compiler can look at many octets at once.
    if !line.iter().fold(false, |any, &b| any | control(b)) {
        return true;
    }
    let mut quoted = false;
    line.iter().all(|&b| {
        let allowed = !control(b) || (quoted && !matches!(b, b'\r' | b'\n'));
        quoted = b == b'\\' && !quoted;
        allowed
    })
}

/// Reads a request line or a status line: single spaces, nothing before or behind (RFC 3261 7.1, 7.2).
fn start_line(line: &str) -> StartResult {
    if count_separators(line.as_bytes()) > limits::SIP_SEPARATORS {
        return Err(ParseErrorKind::TooLarge);
    }
    if let Some((version, rest)) = line.split_once(' ') {
        if version.get(..4).is_some_and(|v| v.eq_ignore_ascii_case("SIP/")) {
            return status_line(version, rest);
        }
    }
    let mut words = line.split(' ');
    let (Some(method), Some(uri)) = (words.next(), words.next()) else {
        return Err(ParseErrorKind::StartLine);
    };
    let method: Method = method.parse().map_err(|_| ParseErrorKind::StartLine)?;
    match (words.next(), words.next()) {
        (Some(version), None) => check_version(version)?,
        _ => return Err(ParseErrorKind::StartLine),
    }
    let uri: Uri = uri.parse().map_err(ParseErrorKind::RequestUri)?;
    if uri.query.is_some() {
        // RFC 3261 19.1.1: headers cannot stand in a Request-URI.
        return Err(ParseErrorKind::RequestUri(UriError::Headers));
    }
    Ok(Start::Request(method, uri))
}

fn status_line(version: &str, rest: &str) -> StartResult {
    check_version(version)?;
    // A status line without the space before an empty phrase is not in the grammar, but met.
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    match scan::number::<u16>(status) {
        Some(number) if status.len() == 3 && (100..700).contains(&number) => {
            Ok(Start::Response(number, reason.to_owned()))
        }
        _ => Err(ParseErrorKind::StartLine),
    }
}

/// `SIP/2.0`, without case (RFC 3261 7.1). Another number is another version; anything else is not SIP.
fn check_version(version: &str) -> Result<(), ParseErrorKind> {
    let (protocol, number) = version.split_once('/').ok_or(ParseErrorKind::StartLine)?;
    let mut parts = number.splitn(2, '.');
    let digits =
        |part: Option<&str>| part.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    if !protocol.eq_ignore_ascii_case("SIP") || !digits(parts.next()) || !digits(parts.next()) {
        return Err(ParseErrorKind::StartLine);
    }
    if number != "2.0" {
        return Err(ParseErrorKind::Version);
    }
    Ok(())
}
