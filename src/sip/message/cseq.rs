//! CSeq (RFC 3261 20.16).

use super::{scan, Method};
use std::fmt;
use std::str::FromStr;

/// A sequence number and the method that it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2^31 (RFC 3261 8.1.1.5).
    pub number: u32,
    /// The method of the request.
    pub method: Method,
}

/// Not `number method`, or the number is 2^31 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sequence number below 2^31 and a method")]
pub struct CSeqError;

impl FromStr for CSeq {
    type Err = CSeqError;

    fn from_str(text: &str) -> Result<Self, CSeqError> {
        let (number, method) = scan::trim(text).split_once(scan::is_lws).ok_or(CSeqError)?;
        let number = scan::number(number).filter(|&n| n < 1 << 31).ok_or(CSeqError)?;
        let method = scan::trim(method).parse().map_err(|_| CSeqError)?;
        Ok(CSeq { number, method })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}
