//! The shell: sockets, clock, threads, DNS. The only place that does I/O, beside `media::io` and `memo::store`.
//!
//! `server` owns the control task, which owns the `Switch`. Everything else here is a way in or out of that task:
//! listening sockets bring bytes, media and vault threads bring events, and all of them take commands.

pub mod allocator;
pub mod clock;
pub mod control;
mod counts;
pub mod dns;
#[cfg(test)]
#[path = "../../tests/common/fake_http.rs"]
mod fake_http;
#[cfg(test)]
#[path = "../../tests/common/fake_smtp.rs"]
mod fake_smtp;
pub mod hardening;
mod local_address;
pub mod notify;
mod process;
pub mod reload;
pub mod server;
pub mod services;
pub mod sweeper;
mod tcp;
pub mod transcribe;
pub mod transfer;
mod udp;
mod vault_thread;

use crate::memo::vault::VaultEvent;
use crate::sip::endpoint::CallHandle;
use crate::sip::resolve::Target;
use crate::sip::Flow;
use crate::switch::{Asker, Ticket};

/// A datagram, or one message from a stream.
#[derive(Debug)]
pub struct Received {
    flow: Flow,
    bytes: Vec<u8>,
}

/// What reaches the control task beside SIP. The queue is not bounded by a number but by what can be under way: each
/// event answers a command of the switch or ends something that it began.
#[derive(Debug)]
pub enum Event {
    /// From a media worker.
    Media(crate::media::Event),
    /// From the vault.
    Vault(VaultEvent),
    /// A dialplan task is over.
    DialplanEnded {
        /// Whose.
        call: CallHandle,
        /// By a panic.
        panicked: bool,
    },
    /// Names were looked up.
    Resolved {
        /// For whom.
        asker: Asker,
        /// Addresses in the order to try.
        targets: Result<Vec<Target>, String>,
    },
    /// Counts of mailboxes changed.
    Counted,
    /// A way to a peer was found, or not.
    FlowOpened {
        /// Of that request.
        ticket: Ticket,
        /// The way, or why there is none.
        flow: Result<Flow, String>,
    },
    /// A TCP connection began.
    Connected {
        /// Its name.
        flow: Flow,
        /// The way to it.
        connection: tcp::Connection,
    },
    /// A TCP connection ended.
    Disconnected {
        /// Its number.
        flow_id: u64,
    },
    /// A TCP connection has carried nothing for a while.
    Idle {
        /// Its number.
        flow_id: u64,
    },
}
