//! `switch`: a context that asks another dialplan for what it has not got itself.
//!
//! Of Asterisk's kinds the one that needs no other machine is here: `Loopback/[extension]@[context][:priority][/pattern]`,
//! which looks the same number up elsewhere, changed: `lswitch => Loopback/${EXTEN:1}@outside/_9X.` takes a 9 off. The
//! call goes on there, as after a Goto.
//!
//! A `switch` has its variables replaced when the dialplan is loaded, an `lswitch` has only EXTEN, CONTEXT and PRIORITY
//! replaced at each search, and an `eswitch` all variables of the call.

use super::ast::{Name, Query};
use super::substitute::{substitute, Found, Values};
use super::text::Text;
use std::borrow::Cow;

/// Which variables a switch's text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `switch`: none any more.
    Loaded,
    /// `lswitch`: those of the search.
    Literal,
    /// `eswitch`: those of the call too.
    Evaluated,
}

/// One `switch`, `lswitch` or `eswitch` of a context.
#[derive(Debug)]
pub(super) struct Switch {
    pub kind: Kind,
    /// As written, globals replaced for `Loaded`.
    pub text: Text,
}

/// What a Loopback makes of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Elsewhere {
    pub context: String,
    pub extension: String,
    pub priority: u32,
}

/// Reads the variables of a call, for `eswitch`.
pub(super) trait Lookup {
    /// The value of a variable that is set.
    fn lookup(&self, name: &str) -> Option<Cow<'_, str>>;
}

/// Whether a switch of that text can be asked here.
pub(super) fn is_known(text: &str) -> bool {
    text.split('/')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("Loopback"))
}

impl Switch {
    /// Where to look instead; `None` where this switch has nothing for the number.
    pub fn elsewhere(&self, context: &str, query: Query<'_>, priority: u32) -> Option<Elsewhere> {
        let searched = Searched {
            context,
            query,
            priority,
            all: self.kind == Kind::Evaluated,
        };
        let text = match self.kind {
            Kind::Evaluated => substitute(&self.text.text, &mut { searched }),
            Kind::Loaded | Kind::Literal => Cow::Borrowed(self.text.text.as_str()),
        };
        let (kind, rest) = text.split_once('/')?;
        if !kind.trim().eq_ignore_ascii_case("Loopback") {
            return None;
        }
        // A switch of Asterisk's loses EXTEN at load; Loopback itself replaces what is left for it.
        let rest = substitute(rest, &mut { searched });
        let (target, pattern) = match rest.split_once('/') {
            Some((target, pattern)) => (target, Some(pattern.trim())),
            None => (&*rest, None),
        };
        if pattern.is_some_and(|pattern| !Name::parse(pattern).is_matched(query.extension)) {
            return None;
        }
        let (target, number) = match target.split_once(':') {
            Some((target, number)) => (target, Some(number.trim())),
            None => (target, None),
        };
        let (extension, named) = target.split_once('@').unwrap_or((target, ""));
        let or = |text: &str, default: &str| match text.trim() {
            "" => default.to_string(),
            text => text.to_string(),
        };
        Some(Elsewhere {
            context: or(named, context),
            extension: or(extension, query.extension),
            priority: match number {
                None | Some("") => priority,
                Some(number) => number.parse().ok()?,
            },
        })
    }
}

/// The variables of one search.
#[derive(Clone, Copy)]
struct Searched<'a> {
    context: &'a str,
    query: Query<'a>,
    priority: u32,
    /// Those of the call as well.
    all: bool,
}

impl Values for Searched<'_> {
    fn variable(&mut self, name: &str) -> Cow<'_, str> {
        match name {
            "EXTEN" => Cow::Borrowed(self.query.extension),
            "CONTEXT" => Cow::Borrowed(self.context),
            "PRIORITY" => Cow::Owned(self.priority.to_string()),
            name => match self.query.variables {
                Some(call) if self.all => call.lookup(name).unwrap_or_default(),
                _ => Cow::Borrowed(""),
            },
        }
    }

    // A search must be over at once and change nothing: functions have no value in it.
    fn function(&mut self, _name: &str, _arguments: &str) -> Found {
        Found::Value(String::new())
    }

    fn complain(&mut self, _message: String) {}
}
