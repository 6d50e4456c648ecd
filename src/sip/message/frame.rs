//! Messages cut from a stream by Content-Length (RFC 3261 18.3), and keep-alives between them (RFC 5626 3.5.1).

use super::parse::{answer_head, split_field, Lines};
use super::{name, octets, scan, ParseErrorKind, Response};
use super::{HeaderError, HeaderFault};
use crate::limits;

/// What a stream carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One message, head and body.
    Message(Vec<u8>),
    /// Two line ends: the peer asks for one back.
    Ping,
    /// One line end: the answer to our ping.
    Pong,
}

/// The stream cannot be read any further: where the next message would begin is not known. The connection is
/// to be closed, after the response where there is one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct FrameError {
    /// What is wrong.
    pub kind: FrameErrorKind,
    head: Vec<u8>,
}

/// What is wrong with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameErrorKind {
    /// A head, or head and body, beyond the limit.
    #[error("the message is larger than allowed")]
    TooLarge,
    /// No Content-Length: on a stream it must be there (RFC 3261 18.3).
    #[error("the message on a stream has no Content-Length")]
    NoContentLength,
    /// A Content-Length that is no number, or two that differ.
    #[error("Content-Length is malformed")]
    BadContentLength,
    /// The first octets cannot begin a message.
    #[error("the stream does not carry SIP")]
    NotSip,
}

impl FrameError {
    /// The answer to the request whose head was read, where it was one.
    pub fn response(&self) -> Option<Response> {
        let kind = match self.kind {
            FrameErrorKind::TooLarge => ParseErrorKind::TooLarge,
            FrameErrorKind::NoContentLength => {
                ParseErrorKind::Header(HeaderError::new("Content-Length", HeaderFault::Missing))
            }
            FrameErrorKind::BadContentLength => {
                ParseErrorKind::Header(HeaderError::new("Content-Length", HeaderFault::Malformed))
            }
            FrameErrorKind::NotSip => return None,
        };
        answer_head(&self.head, kind)
    }
}

/// Cuts a stream into frames. It holds one message at most, within `limits::SIP_MESSAGE_BYTES`, and what one
/// `push` brought beyond it.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Octets of the buffer that are used up.
    start: usize,
    /// Octets behind `start` that are known to hold no end of a head, so that a head that comes in many
    /// pieces is not searched from its beginning for each.
    searched: usize,
    /// Length of the whole message, once its head has been read.
    message: Option<usize>,
    /// The last octets were one line end, given out as a pong; a second makes it a ping.
    half_ping: bool,
    broken: Option<FrameError>,
}

impl Framer {
    /// An empty one, for a new connection.
    pub fn new() -> Self {
        Framer::default()
    }

    /// Takes in what was received. Take all frames out before the next push: that bounds the buffer.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether a message has begun and is not whole: then the time for its rest is running.
    pub fn is_partial(&self) -> bool {
        self.start < self.buffer.len()
    }

    /// The next frame; None where more octets are needed. An error stays.
    #[expect(clippy::should_implement_trait, reason = "a frame may follow after None")]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let next = match self.message {
            Some(length) => Ok(self.take_message(length)),
            None => self.read(),
        };
        next.map_err(|kind| {
            let end = self.buffer.len().min(self.start + limits::SIP_MESSAGE_BYTES);
            let head = self.buffer.get(self.start..end).unwrap_or(&[]);
            let head = match find_head_end(head, 0) {
                Some(end) => head.get(..end).unwrap_or(head).to_vec(),
                None => Vec::new(),
            };
            let error = FrameError { kind, head };
            self.broken = Some(error.clone());
            self.buffer = Vec::new();
            self.start = 0;
            error
        })
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or(&[])
    }

    fn read(&mut self) -> Result<Option<Frame>, FrameErrorKind> {
        let rest = self.rest();
        match rest {
            [] | [b'\r'] => return Ok(None),
            [b'\r', b'\n', ..] if self.half_ping => {
                self.start += 2;
                self.half_ping = false;
                return Ok(Some(Frame::Ping));
            }
            [b'\r', b'\n', b'\r', b'\n', ..] => {
                self.start += 4;
                return Ok(Some(Frame::Ping));
            }
            [b'\r', b'\n', b'\r'] => return Ok(None),
            [b'\r', b'\n', after @ ..] => {
                self.half_ping = after.is_empty();
                self.start += 2;
                return Ok(Some(Frame::Pong));
            }
            // Every start line begins with a token's character. Saying so at once closes the connection of one
            // who speaks TLS or noise, instead of collecting it.
            [first, ..] if !scan::is_token_byte(*first) => return Err(FrameErrorKind::NotSip),
            _ => {}
        }
        let Some(head) = find_head_end(rest, self.searched) else {
            if rest.len() > limits::SIP_MESSAGE_BYTES {
                return Err(FrameErrorKind::TooLarge);
            }
            // The end of a head may be cut within its four octets.
            self.searched = rest.len().saturating_sub(3);
            self.half_ping = false;
            return Ok(None);
        };
        let body = content_length(rest.get(..head).unwrap_or(rest))?;
        let length = head.saturating_add(body);
        if length > limits::SIP_MESSAGE_BYTES {
            return Err(FrameErrorKind::TooLarge);
        }
        self.message = Some(length);
        Ok(self.take_message(length))
    }

    fn take_message(&mut self, length: usize) -> Option<Frame> {
        let message = self.rest().get(..length)?.to_vec();
        self.start += length;
        self.half_ping = false;
        self.searched = 0;
        self.message = None;
        Some(Frame::Message(message))
    }
}

/// Where the head ends, its empty line included, searched from an offset.
fn find_head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let tail = bytes.get(from..)?;
    let at = tail.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(from + at + 4)
}

/// The Content-Length of a head.
fn content_length(head: &[u8]) -> Result<usize, FrameErrorKind> {
    let mut lines = Lines { bytes: head, next: 0 };
    // The start line is no field, though a URI in it has colons.
    lines.next_line();
    let mut length = None;
    loop {
        let (line, ended) = lines.next_line();
        if !ended || line.is_empty() {
            return length.ok_or(FrameErrorKind::NoContentLength);
        }
        let mut line = octets::decode(line).into_owned();
        while lines.is_folded() {
            line.push(' ');
            line.push_str(&octets::decode(lines.next_line().0));
        }
        let Some((field, value)) = split_field(&line) else {
            continue;
        };
        if name::canonical(field) == "Content-Length" {
            let number = scan::number::<usize>(value).ok_or(FrameErrorKind::BadContentLength)?;
            if length.is_some_and(|l| l != number) {
                return Err(FrameErrorKind::BadContentLength);
            }
            length = Some(number);
        }
    }
}
