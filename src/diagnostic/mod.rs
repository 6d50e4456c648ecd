//! What is wrong with a text that a person wrote (configuration, dialplan, sound table), where, and what to do.
//!
//! Parsers of such texts return what they understood and a list of these, never the first mistake alone.

use std::ops::Range;
use std::sync::Arc;

mod render;
mod similar;

pub use render::{render, to_json, Summary};
pub use similar::did_you_mean;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but probably not as meant.
    Warning,
    /// Refused: the file is not used.
    Error,
}

/// A text with the name it was read by (a path, or `<built-in>`).
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The name shown to the person: the path as they gave it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Names a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Source {
            name: name.into(),
            text: text.into(),
        })
    }

    /// Line and column, both from 1, of the byte at `offset`; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &self.text[..end];
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        (
            before.matches('\n').count() + 1,
            before[start..].chars().count() + 1,
        )
    }

    /// The text of the line (from 1), without its line end.
    pub fn line(&self, line: usize) -> &str {
        self.text.lines().nth(line.saturating_sub(1)).unwrap_or("")
    }
}

/// A range of bytes in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text that the range is in.
    pub source: Arc<Source>,
    /// The bytes.
    pub range: Range<usize>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// A stable name, in kebab-case (`unknown-key`), by which it is documented and allowed.
    pub code: &'static str,
    /// One sentence: what is wrong.
    pub message: String,
    /// Where; none for what concerns no place in a text (a missing file).
    pub span: Option<Span>,
    /// What to do about it, or what was expected.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error without a place or a hint.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            span: None,
            hint: None,
        }
    }

    /// A warning without a place or a hint.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, message)
        }
    }

    /// The same, at a place.
    pub fn at(mut self, source: &Arc<Source>, range: Range<usize>) -> Self {
        self.span = Some(Span {
            source: source.clone(),
            range,
        });
        self
    }

    /// The same, with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
