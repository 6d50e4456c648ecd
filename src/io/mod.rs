//! The shell: sockets, clock, threads, DNS, processes. The only place that does I/O, beside `media::io` and `memo::store`.

pub mod control;
pub mod dns;
pub mod notify;
