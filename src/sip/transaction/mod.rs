//! The four transactions (RFC 3261 17, amended by RFC 6026), each a plain value.

pub mod timers;
