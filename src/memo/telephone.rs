//! Telephone codes: what lets a caller open a memo, or a mailbox, with the keys of a telephone.
//!
//! A code is digits that are easy to key and hard to guess: 16 of them, 53 bits, or more. They go through Argon2id,
//! which gives two things that do not follow from one another: a key W under which the memo's key (or the owner's seed)
//! lies wrapped, and a proof P, of which the server keeps the hash. Who keys the code shows P; the server compares,
//! counts, and only then gives the wrapped key, which W opens. So the server learns neither the code nor the key from
//! what it stores, and somebody who guesses over the network is counted.
//!
//! What it gives up: a memo without a telephone code falls to nobody who has the whole store; one with a code falls to
//! who has the store and computes Argon2id for every code there is.
//!
//! [`code`] is the digits, [`lock`] what lies stored, [`attempts`] the counting. Values all of them: the time is handed
//! in, and the store's part is [`super::store`].

pub mod attempts;
pub mod code;
pub mod lock;

#[cfg(test)]
mod tests;
