//! Sockets, clock, threads, DNS: the only place that does I/O, beside `media::io` and `memo::store`.

pub mod dns;
