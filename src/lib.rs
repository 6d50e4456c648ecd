//! Obelus: a SIP/RTP softswitch that answers a telephone line, runs an Asterisk-style dialplan and seals every
//! recording so that only the holder of a link can listen.
//!
//! The map, from the bottom up; a module may use those above it in this list, never those below:
//!
//! - [`time`], [`rng`], [`secret`], [`limits`], [`diagnostic`]: what everything uses.
//! - [`codec`]: audio formats.
//! - [`sip`], [`sdp`], [`rtp`], [`dialplan`], [`memo`]: one subject each, knowing nothing of each other.
//! - [`config`]: `obelus.toml` as a validated value.
//! - [`media`]: legs on worker threads; uses `rtp` and `codec`.
//! - [`web`]: asking other servers over HTTP.
//! - [`federation`], [`trunk`]: peers: who may fetch, who calls us, whom we register with.
//! - [`ops`]: the log, and what is kept out of it.
//! - [`call`]: joins one SIP call, its media leg and its dialplan.
//! - [`switch`]: the control plane as one value.
//! - [`http`]: pages and federation over HTTP.
//! - [`io`]: sockets, clock, threads, DNS: the only place that does I/O, beside `media::io` and `memo::store`.
//! - [`phone`]: a telephone, for `obelus call` and the demonstration.
//! - [`cli`]: one file per subcommand.

pub mod call;
pub mod cli;
pub mod codec;
pub mod config;
pub mod diagnostic;
pub mod dialplan;
pub mod federation;
pub mod http;
pub mod io;
pub mod limits;
pub mod media;
pub mod memo;
pub mod ops;
pub mod phone;
pub mod rng;
pub mod rtp;
pub mod sdp;
pub mod secret;
pub mod sip;
pub mod switch;
pub mod time;
pub mod trunk;
pub mod web;
