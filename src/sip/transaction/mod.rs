//! The four transactions (RFC 3261 17, amended by RFC 6026), each a plain value: an input and the time in,
//! outputs and the next deadline out.
//!
//! Each keeps the bytes that it may have to repeat, and nothing else of the message. Which message belongs to
//! which transaction (17.1.3, 17.2.3) is the endpoint's to know.

pub mod client;
pub mod client_invite;
pub mod server;
pub mod server_invite;
pub mod timers;

pub use client::Client;
pub use client_invite::ClientInvite;
pub use server::Server;
pub use server_invite::ServerInvite;

use smallvec::SmallVec;

/// What a transaction wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this.
    Transmit(Vec<u8>),
    /// Hand the message that came in to the transaction's user.
    Deliver,
    /// Tell the user that the other side did not answer in time, or that the transport broke.
    TimedOut,
    /// The transaction is over and may be forgotten. Always the last output.
    Ended,
}

/// What one input leads to, in order.
pub type Outputs = SmallVec<[Output; 2]>;

#[cfg(test)]
mod tests;
