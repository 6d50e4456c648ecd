//! What is wrong with octets that are not a message, and what to answer.

use super::{HeaderError, Response};

/// Octets that are not a SIP message, or one that must not be processed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind} (octet {offset})")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where it was noticed, in octets from the start; for a header, the end of the head.
    pub offset: usize,
    pub(super) response: Option<Box<Response>>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// Nothing but line ends: a keep-alive (RFC 5626 3.5.1), or nothing at all.
    #[error("nothing but line ends")]
    Empty,
    /// More octets or header lines than `limits` allow.
    #[error("the message is larger than allowed")]
    TooLarge,
    /// The head does not end with an empty line.
    #[error("the message ends within its head")]
    Truncated,
    /// The first line is neither a request line nor a status line.
    #[error("the first line is neither a request nor a status line")]
    StartLine,
    /// A request line whose URI is not one.
    #[error("the Request-URI is malformed: {0}")]
    RequestUri(super::UriError),
    /// SIP, but not 2.0.
    #[error("the SIP version is not 2.0")]
    Version,
    /// A line in the head that is not `name: value`, or that holds a control character.
    #[error("a header line is malformed")]
    HeaderLine,
    /// A header that must be there, or must be well-formed, is not.
    #[error("{0}")]
    Header(HeaderError),
    /// The method in CSeq is not the method of the request.
    #[error("CSeq names another method than the request line")]
    MethodMismatch,
    /// Content-Length says more than there is (RFC 3261 18.3).
    #[error("the body is shorter than Content-Length says")]
    BodyTooShort,
}

/// Whose fault it is, and of what sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not SIP's grammar.
    Malformed,
    /// Grammatical, but against a rule.
    Violation,
    /// Correct, but not for us.
    Unsupported,
    /// Beyond what we take in.
    Limit,
}

impl ParseError {
    /// The answer to the request, where enough of one was readable to send it: a request that is not an ACK,
    /// and a Via to send it by. It needs no transaction: the same request gets the same answer (RFC 3261 8.2.7).
    pub fn response(&self) -> Option<Response> {
        self.response.as_deref().cloned()
    }

    /// Of what sort the fault is.
    pub fn fault(&self) -> Fault {
        match self.kind {
            ParseErrorKind::Empty
            | ParseErrorKind::Truncated
            | ParseErrorKind::StartLine
            | ParseErrorKind::RequestUri(_)
            | ParseErrorKind::HeaderLine
            | ParseErrorKind::Header(_) => Fault::Malformed,
            ParseErrorKind::MethodMismatch | ParseErrorKind::BodyTooShort => Fault::Violation,
            ParseErrorKind::Version => Fault::Unsupported,
            ParseErrorKind::TooLarge => Fault::Limit,
        }
    }

    /// The status that answers it.
    pub fn status(&self) -> u16 {
        match self.kind {
            ParseErrorKind::Version => 505,
            ParseErrorKind::TooLarge => 513,
            _ => 400,
        }
    }
}
