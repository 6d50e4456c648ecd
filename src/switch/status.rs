//! What a switch tells an operator about itself.

use super::Switch;
use crate::time::Instant;
use crate::trunk::registration::Status as RegistrationStatus;
use serde::Serialize;

/// Since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Calls admitted.
    pub begun: u64,
    /// Calls answered.
    pub answered: u64,
    /// Calls that are over, of those admitted.
    pub ended: u64,
    /// INVITEs refused: full, no trunk, no such number.
    pub refused: u64,
    /// Memos stored.
    pub memos: u64,
}

/// A switch at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Seconds since the start.
    pub uptime_secs: u64,
    /// Calls alive.
    pub calls: usize,
    /// SIP dialogs alive.
    pub dialogs: usize,
    /// SIP transactions alive, those included that only absorb retransmissions.
    pub transactions: usize,
    /// RTP port pairs in use.
    pub ports_in_use: usize,
    /// Since the start.
    pub totals: Totals,
    /// Each trunk that registers.
    pub registrations: Vec<RegistrationStatus>,
}

pub(super) fn of(switch: &Switch, now: Instant) -> Status {
    let counts = switch.endpoint.counts();
    Status {
        uptime_secs: now.since(Instant::ZERO).as_secs(),
        calls: switch.calls.len(),
        dialogs: counts.dialogs,
        transactions: counts.transactions,
        ports_in_use: switch.ports.in_use(),
        totals: switch.totals,
        registrations: switch.registrations.status(now),
    }
}
