//! What a person is told of a registration.

use serde::Serialize;
use std::fmt;

/// The state in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Not begun.
    Idle,
    /// On the way to the first binding.
    Registering,
    /// A binding is alive.
    Registered,
    /// No binding, and waiting to try again.
    Failed,
    /// The credentials were refused; the wait is long, since providers ban who tries on.
    Rejected,
    /// The binding is being removed.
    Unregistering,
    /// Over.
    Ended,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Idle => "idle",
            Phase::Registering => "registering",
            Phase::Registered => "registered",
            Phase::Failed => "failed",
            Phase::Rejected => "rejected",
            Phase::Unregistering => "unregistering",
            Phase::Ended => "ended",
        })
    }
}

/// A registration as `obelus status` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The trunk's name.
    pub trunk: String,
    /// The registrar's URI as configured.
    pub registrar: String,
    /// The state in one word.
    pub phase: Phase,
    /// Seconds until the binding ends, where one is alive.
    pub expires_in_secs: Option<u64>,
    /// Seconds until the next request: a refresh, or another try.
    pub next_attempt_in_secs: Option<u64>,
    /// What went wrong last; nothing once it went well again.
    pub last_error: Option<String>,
}
