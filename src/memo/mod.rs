//! Memos: a recording sealed under a key of its own, stored as ciphertext, opened by whoever holds its link.
//!
//! A recording's way through this module: [`vault`] gathers its audio in memory, [`wav`] makes a file of it there,
//! [`seal`] encrypts it under a fresh [`key`], [`store`] makes the ciphertext durable, [`link`] is what opens it, and
//! [`open`] does. A mailbox with an [`owner`] gets the link sealed in an [`envelope`]. [`token`] holds what the server may keep in order to recognise a key: hashes, never the key. [`record`]
//! is all that is kept of a memo in clear.
//!
//! Absent on purpose: a store for anything but a [`seal::SealedMemo`], a printable or copyable key, a temporary file
//! of plain audio. The format itself is described in `docs/memo-format.md`.

pub mod clear;
pub mod envelope;
pub mod finisher;
pub mod hearing;
pub mod journal;
pub mod key;
pub mod link;
pub mod open;
pub mod owner;
pub mod qr;
pub mod record;
pub mod rehearsal;
pub mod seal;
pub mod store;
pub mod telephone;
mod text;
pub mod token;
pub mod vault;
pub mod wav;

#[cfg(test)]
mod tests;
