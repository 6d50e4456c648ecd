//! `condition?this:that`, as GotoIf, GotoIfTime, GosubIf and ExecIf are written.
//!
//! Asterisk reads them in two ways. For GotoIf and GotoIfTime the first `?` and the first `:` after it count, whatever
//! stands around them; for GosubIf and ExecIf those outside `()`, `[]` and quotes.

use super::skip;
use crate::dialplan::arguments::split_raw_once;
use crate::dialplan::check::Check;
use std::ops::Range;

/// The three parts, those that are missing empty.
pub struct Branches<'t> {
    /// Before the `?`.
    pub condition: &'t str,
    /// Before the `:`.
    pub yes: &'t str,
    /// After it.
    pub no: &'t str,
}

impl<'t> Branches<'t> {
    /// At the first `?` and `:`.
    pub fn plain(text: &'t str) -> Self {
        let (condition, rest) = text.split_once('?').unwrap_or((text, ""));
        let (yes, no) = rest.split_once(':').unwrap_or((rest, ""));
        Branches { condition, yes, no }.trimmed()
    }

    /// At the first `?` and `:` that nothing protects.
    pub fn protected(text: &'t str) -> Self {
        let (condition, rest) = split_raw_once(text, '?').unwrap_or((text, ""));
        let (yes, no) = split_raw_once(rest, ':').unwrap_or((rest, ""));
        Branches { condition, yes, no }.trimmed()
    }

    fn trimmed(self) -> Self {
        Branches {
            condition: self.condition.trim(),
            yes: self.yes.trim(),
            no: self.no.trim(),
        }
    }

    /// The branch that is taken, empty where it is missing.
    pub fn taken(&self, condition: bool) -> &'t str {
        if condition {
            self.yes
        } else {
            self.no
        }
    }
}

/// Looks at `condition?this:that` as it is written: there must be a `?`, and `what` on one side of the `:` at least.
/// Gives the place of the condition, and those of the branches that are there.
pub fn check(
    check: &mut Check<'_>,
    protected: bool,
    what: &str,
) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let text = check.arguments();
    let Some(question) = outside(text, b'?') else {
        check.expected(0..text.len(), "a ? after the condition");
        return None;
    };
    let (first, second) = written(text, question, protected);
    let there: Vec<_> = [first, second]
        .into_iter()
        .filter(|range| !text[range.clone()].trim().is_empty())
        .collect();
    if there.is_empty() {
        check.expected(question..text.len(), &format!("{what} after the ?"));
    }
    Some((0..question, there))
}

/// The places of the two branches of `condition?this:that` as it is written; `None` where there is no `?`.
pub(in crate::dialplan) fn of(text: &str, protected: bool) -> Option<(Range<usize>, Range<usize>)> {
    Some(written(text, outside(text, b'?')?, protected))
}

/// The first place of a character outside `${ }` and `$[ ]`.
fn outside(text: &str, wanted: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(&found) = text.as_bytes().get(at) {
        at += match found {
            b'$' => skip(&text.as_bytes()[at..]).unwrap_or(1),
            c if c == wanted => return Some(at),
            _ => 1,
        };
    }
    None
}

/// The two branches after a question mark, separated by a `:` that is outside `${ }` and `$[ ]`, and where that
/// protects it, outside `()` and quotes.
fn written(text: &str, question: usize, protected: bool) -> (Range<usize>, Range<usize>) {
    let start = question + 1;
    let (mut at, mut depth, mut quoted) = (start, 0usize, false);
    while let Some(found) = text.as_bytes().get(at) {
        match found {
            b'"' if protected => quoted = !quoted,
            b'(' if protected && !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            b'$' => {
                // Past what substitution will replace.
                if let Some(next) = skip(&text.as_bytes()[at..]) {
                    at += next;
                    continue;
                }
            }
            b':' if depth == 0 && !quoted => return (start..at, at + 1..text.len()),
            _ => {}
        }
        at += 1;
    }
    (start..text.len(), text.len()..text.len())
}
