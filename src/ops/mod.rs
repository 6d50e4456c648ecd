//! What operators see: the log, and what is kept out of it.

#[cfg(test)]
pub(crate) mod captured;
pub mod logging;
pub mod redact;

pub use redact::{sip_ladder, Towards};
