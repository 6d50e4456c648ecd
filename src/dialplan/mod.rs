//! The dialplan: Asterisk's `extensions.conf` language, loaded into an immutable value and run once per call.
//!
//! The way of a text: `reader` gives files, `lex` splits them into sections and settings (the file layer),
//! `parse` makes contexts and extensions of those, `pattern` says which extension a number matches, `interp` runs
//! steps, `variables` and `expr` give values to `${ }` and `$[ ]`. Each application is one file in `apps`, each
//! function one in `functions`, with its manual entry beside its code.
//!
//! Nothing here does I/O: files come through a [`Reader`], the call is a [`Channel`].

use crate::diagnostic::Diagnostic;
use crate::rng::Rng;
use channel::Channel;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

pub mod channel;
pub mod reader;

pub use reader::Reader;

/// The dialplan that runs where none is configured: `dialplans/main.conf`.
pub const MAIN_CONF: &str = include_str!("../../dialplans/main.conf");

/// What a load needs to know beside the text.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Applications and functions that are refused unless named here; `Record` permits plain recordings.
    pub allow: Vec<String>,
    /// The mailboxes that exist, so that a `Memo` for another is found at load; `None` checks nothing.
    pub mailboxes: Option<Vec<String>>,
    /// The sounds that exist, so that a missing one is found at load; `None` checks nothing.
    pub sounds: Option<Vec<String>>,
}

/// A loaded dialplan. Immutable: a call keeps the one that it began with.
#[derive(Debug, Default)]
pub struct Dialplan {}

/// Whether a number has a place in a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// An extension matches.
    Yes,
    /// None matches, but one would with more digits.
    Partial,
    /// None matches.
    No,
}

impl Dialplan {
    /// Whether a call for `did` may enter `context`; an empty DID means `s`. The time decides conditional includes.
    pub fn accepts(&self, _context: &str, _did: &str, _callerid: &str, _now: SystemTime) -> Match {
        Match::No
    }
}

/// Loads a dialplan file and what it includes. A dialplan is returned unless a diagnostic is an error; all
/// diagnostics are returned, in file order.
pub fn load(file: &Path, reader: &dyn Reader, _options: &Options) -> (Option<Dialplan>, Vec<Diagnostic>) {
    match reader.read(file) {
        Ok(_) => (Some(Dialplan::default()), Vec::new()),
        Err(e) => (
            None,
            vec![Diagnostic::error(
                "unreadable-file",
                format!("cannot read {}: {e}", file.display()),
            )],
        ),
    }
}

/// Loads the built-in `main.conf`.
///
/// # Panics
/// Never: a test loads it.
pub fn built_in() -> Dialplan {
    let reader = reader::Memory::new([("main.conf", MAIN_CONF)]);
    load(Path::new("main.conf"), &reader, &Options::default())
        .0
        .expect("the built-in dialplan has no errors")
}

/// Global variables, shared by all calls. They outlive a reload.
#[derive(Clone, Debug, Default)]
pub struct Globals(Arc<Mutex<HashMap<String, String>>>);

impl Globals {
    /// Without any variable; what a dialplan's `[globals]` sets is taken in with `adopt`.
    pub fn new() -> Self {
        Globals::default()
    }

    /// Sets what the dialplan's `[globals]` sets; call it after each successful load.
    pub fn adopt(&self, _dialplan: &Dialplan) {}

    /// The value of a variable, where it is set.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.lock().ok()?.get(name).cloned()
    }
}

/// How a call's dialplan ended. The call is hung up in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The dialplan ended it: `Hangup`, or the steps ran out. With the Q.850 cause.
    Hangup {
        /// Q.850.
        cause: u8,
    },
    /// The caller hung up.
    CallerGone,
    /// It could not go on: an endless loop, an application that failed. The text is for the log.
    Fault(String),
}

/// Runs a call's dialplan from the place that the channel's facts name, until the call is over and its `h` extension
/// has run. The generator feeds `RAND` and the like.
pub async fn run(
    _dialplan: Arc<Dialplan>,
    channel: &mut dyn Channel,
    _globals: Globals,
    _rng: Rng,
) -> RunEnd {
    channel.hangup(16).await;
    RunEnd::Hangup { cause: 16 }
}
