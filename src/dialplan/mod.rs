//! TBD
pub mod channel;
