//! RTP and RTCP (RFC 3550, RFC 3551) and telephone-event (RFC 4733), as bytes and as machines without I/O.

pub mod jitter;
pub mod packet;
pub mod reception;
pub mod rtcp;
pub mod telephone_event;
