//! A telephone: a user agent of our own that calls, speaks, presses keys, listens and hangs up.
//!
//! [`call`] is all that most need. Beneath it, [`machine::Phone`] is the call as a plain value, `beep` hears when to
//! speak, [`target`] reads whom to call, and `driver` owns the sockets, the media thread and the clock.

pub mod beep;
mod driver;
pub mod machine;
mod report;
pub mod target;
#[cfg(test)]
mod tests;

pub use driver::{call, call_until};
pub use report::{explain, CallEnd, CallReport};

use crate::codec::Codec;
use crate::media::LegStats;
use crate::time::Duration;
use std::net::SocketAddr;

/// When the recording is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// As soon as the call is answered.
    OnAnswer,
    /// After the beep of an answering machine; without one, after a pause in what is heard, or after half a minute.
    AfterBeep,
}

/// A call to make.
#[derive(Clone, Debug)]
pub struct PhoneConfig {
    /// Whom to call: `sip:DID@HOST:PORT`, with `;transport=tcp` for TCP.
    pub target: String,
    /// The user that From and Contact name.
    pub user: String,
    /// What to say: 8 kHz mono.
    pub wav: Option<Vec<i16>>,
    /// When to say it.
    pub start: Start,
    /// Keys to press after that, `0-9*#A-D`; empty for none.
    pub dtmf: String,
    /// Whether what is heard is kept for the report.
    pub record: bool,
    /// How long to stay on the line when all was said and pressed; `None`: until the far end hangs up.
    pub hangup_after: Option<Duration>,
    /// How long to let it ring.
    pub ring_for: Duration,
}

impl PhoneConfig {
    /// A call that says and does nothing, and stays until the far end hangs up.
    pub fn new(target: impl Into<String>) -> Self {
        PhoneConfig {
            target: target.into(),
            user: "obelus".into(),
            wav: None,
            start: Start::AfterBeep,
            dtmf: String::new(),
            record: false,
            hangup_after: None,
            ring_for: Duration::from_secs(60),
        }
    }
}

/// What a call is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The INVITE is on its way there.
    Calling(SocketAddr),
    /// It rings there (180 to 189).
    Ringing,
    /// Somebody answered.
    Answered(Codec),
    /// Waiting for the cue to speak.
    Listening,
    /// The cue came, and the recording is spoken.
    Speaking,
    /// Keys are pressed.
    Dialling,
    /// The far end agreed to no keys (RFC 4733), so none can be pressed.
    NoKeys,
    /// All is said; waiting for the far end, or for `hangup_after`.
    Staying,
    /// The far end changed the session: hold, resume, another address. Whether it listens to us now.
    Changed {
        /// Whether it put us on hold.
        held: bool,
    },
    /// The call is over; the report follows.
    HungUp,
    /// Figures of the moment, about four times a second while the call lasts.
    Figures {
        /// Since the answer.
        elapsed: Duration,
        /// What the leg did so far.
        stats: LegStats,
    },
}

/// Why a call could not even be tried, or broke here.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// Not a URI that can be called.
    #[error("{0:?} cannot be called: {1}")]
    Target(String, String),
    /// The host has no address.
    #[error("no address for {0:?}: {1}")]
    Resolve(String, String),
    /// Keys that no telephone has.
    #[error("{0:?} is not a key; 0-9, *, # and A-D are")]
    Key(char),
    /// Our own sockets.
    #[error("{0}")]
    Network(String),
    /// No pair of ports was free for media.
    #[error("no ports for media: {0}")]
    Media(String),
}

impl PhoneError {
    /// An error of the network in words for a person who calls.
    fn why(error: &std::io::Error) -> String {
        match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "nobody listens there".into(),
            std::io::ErrorKind::TimedOut => "it does not answer".into(),
            _ => error.to_string(),
        }
    }
}
