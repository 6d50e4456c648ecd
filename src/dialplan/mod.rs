//! The dialplan: Asterisk's `extensions.conf` language, loaded into an immutable value and run once per call.
//!
//! The way of a text: `reader` gives files, `lex` splits them into sections and settings (the file layer),
//! `parse` makes contexts and extensions of those, `pattern` says which extension a number matches, `interp` runs
//! steps, `variables` and `expr` give values to `${ }` and `$[ ]`. Each application is one file in `apps`, each
//! function one in `functions`, with its manual entry beside its code.
//!
//! Nothing here does I/O: files come through a [`Reader`], the call is a [`Channel`].

use crate::diagnostic::Diagnostic;
use jiff::tz::TimeZone;
use std::path::Path;

mod absent;
pub mod agi;
pub mod apps;
pub mod arguments;
mod ast;
pub mod calls;
pub mod channel;
pub mod check;
pub mod explain;
pub mod expr;
mod frames;
pub mod functions;
pub mod interp;
mod lex;
pub mod lint;
pub mod manual;
pub mod memos;
mod morse;
mod number;
mod parse;
mod party;
pub mod pattern;
pub mod reader;
mod record;
mod regular;
pub mod say;
pub mod services;
pub mod show;
mod substitute;
pub mod suite;
mod switch;
pub mod testing;
mod text;
pub mod time_range;
mod tones;
mod uri;
pub mod variables;

pub use ast::{Dialplan, Settings};
pub use interp::{run, RunEnd};
use pattern::Element;
pub use reader::Reader;
pub use variables::Globals;

/// The dialplan that runs where none is configured: `dialplans/main.conf`.
pub const MAIN_CONF: &str = include_str!("../../dialplans/main.conf");

/// What a load needs to know beside the text.
#[derive(Clone, Debug)]
pub struct Options {
    /// Applications and functions that are refused unless named here; `Record` permits plain recordings.
    pub allow: Vec<String>,
    /// The mailboxes that exist, so that a `Memo` for another is found at load; `None` checks nothing.
    pub mailboxes: Option<Vec<String>>,
    /// Those of them that take telephone codes; `None` checks nothing.
    pub telephone: Option<Vec<String>>,
    /// The sounds that exist, so that a missing one is found at load; `None` checks nothing.
    pub sounds: Option<Vec<String>>,
    /// Steps that a call may take without the caller hearing or doing anything; `limits::DIALPLAN_STEPS` by default.
    pub steps: u64,
    /// The contexts that calls enter, so that those are found which nothing reaches; `None` checks nothing.
    pub entries: Option<Vec<String>>,
    /// The zone of time ranges and of STRFTIME where they name none; by default the machine's.
    pub zone: TimeZone,
    /// The languages that calls can be held in, and the one that they begin with.
    pub languages: say::Languages,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            allow: Vec::new(),
            mailboxes: None,
            telephone: None,
            sounds: None,
            entries: None,
            steps: crate::limits::DIALPLAN_STEPS,
            zone: TimeZone::system(),
            languages: say::Languages::default(),
        }
    }
}

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

/// Loads a dialplan file and what it includes. A dialplan is returned unless a diagnostic is an error; all
/// diagnostics are returned, in file order.
pub fn load(file: &Path, reader: &dyn Reader, options: &Options) -> (Option<Dialplan>, Vec<Diagnostic>) {
    let (read, mut diagnostics) = lex::read(file, reader, options);
    let (mut plan, more) = parse::parse(&read.sections, options);
    plan.incomplete = read.incomplete;
    diagnostics.extend(more);
    check::check(&plan, options, &mut diagnostics);
    lint::look(&plan, options, &mut diagnostics);
    lint::apply(&read.allowed, &mut diagnostics);
    sort(&mut diagnostics);
    let refused = diagnostics
        .iter()
        .any(|d| d.severity == crate::diagnostic::Severity::Error);
    ((!refused).then_some(plan), diagnostics)
}

/// By file, in the order in which the files were first found fault with, then by place.
fn sort(diagnostics: &mut [Diagnostic]) {
    let mut files: Vec<String> = Vec::new();
    for diagnostic in diagnostics.iter() {
        if let Some(span) = &diagnostic.span {
            if !files.contains(&span.source.name) {
                files.push(span.source.name.clone());
            }
        }
    }
    diagnostics.sort_by_cached_key(|diagnostic| {
        let span = diagnostic.span.as_ref();
        (
            span.map(|s| (files.iter().position(|f| *f == s.source.name), s.range.start)),
            diagnostic.code,
        )
    });
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

#[cfg(test)]
mod tests;
