//! A piece of a dialplan file with its place, so that whatever is found wrong with it later can be shown there.

use crate::diagnostic::{Diagnostic, Source};
use std::ops::Range;
use std::sync::Arc;

/// A piece of a line as the language sees it, comments and escapes removed.
#[derive(Clone, Debug)]
pub struct Text {
    /// What it says.
    pub text: String,
    source: Arc<Source>,
    range: Range<usize>,
    /// Whether `text` is the source's bytes as they stand there, so that a place inside can be told exactly.
    exact: bool,
}

impl Text {
    /// The piece of `source` at `range`, of which `text` is what remained.
    pub fn new(source: &Arc<Source>, range: Range<usize>, text: String) -> Self {
        let exact = source.text.get(range.clone()) == Some(text.as_str());
        Text {
            text,
            source: source.clone(),
            range,
            exact,
        }
    }

    /// The part at `range` (in bytes of `text`, on character boundaries).
    pub fn part(&self, range: Range<usize>) -> Text {
        Text {
            text: self.text.get(range.clone()).unwrap_or_default().to_string(),
            source: self.source.clone(),
            range: self.place(range),
            exact: self.exact,
        }
    }

    /// Without white space at either end.
    pub fn trimmed(&self) -> Text {
        let start = self.text.len() - self.text.trim_start().len();
        let end = start + self.text.trim().len();
        self.part(start..end)
    }

    /// The same place with another text: what substitution made of it.
    pub fn with_text(&self, text: String) -> Text {
        Text {
            exact: self.exact && text == self.text,
            text,
            ..self.clone()
        }
    }

    /// A diagnostic, at this piece.
    pub fn mark(&self, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.at(&self.source, self.range.clone())
    }

    /// A diagnostic, at the part at `range`.
    pub fn mark_part(&self, range: Range<usize>, diagnostic: Diagnostic) -> Diagnostic {
        diagnostic.at(&self.source, self.place(range))
    }

    /// The name of the file that it stands in, and its line there.
    pub fn file_and_line(&self) -> (&str, usize) {
        (&self.source.name, self.source.position(self.range.start).0)
    }

    fn place(&self, range: Range<usize>) -> Range<usize> {
        if self.exact {
            self.range.start + range.start..self.range.start + range.end
        } else {
            self.range.clone()
        }
    }
}
