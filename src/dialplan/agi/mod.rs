//! AGI: a program, or a server over the network, that leads a call by lines of text, as in Asterisk.
//!
//! A line of the program is split by `line` and looked up in the table of `commands`, one file each; what goes back is
//! an [`answer::Answer`]. `environment` is what a program is told first. `session` joins these with the call: it also
//! sees to it that a caller who hangs up is noticed while the program thinks, and that a program that loops, dies or
//! floods harms its own call alone.
//!
//! The other end itself is a `services::AgiPeer`.

mod answer;
mod commands;
mod environment;
mod line;
mod manual;
mod scripted;
mod session;
mod target;

pub use manual::page;
pub use scripted::Program;
pub(super) use session::run;
pub(super) use target::{parse, Refused};

#[cfg(test)]
mod tests;
