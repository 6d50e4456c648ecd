//! One line of an author's tests, read word by word, so that every mistake is shown at its place.

use crate::diagnostic::{Diagnostic, Source};
use std::sync::Arc;
use std::time::Duration;

/// The code of every mistake in a file of tests.
pub(super) const CODE: &str = "not-understood";

/// A mistake, boxed: it is rare and large.
pub(super) type Mistake = Box<Diagnostic>;

/// What is left of a line.
#[derive(Clone)]
pub(super) struct Line<'s> {
    source: &'s Arc<Source>,
    /// Where `rest` stands in the source.
    at: usize,
    rest: &'s str,
}

impl<'s> Line<'s> {
    /// The line of `source` that is `text` and begins at `at`.
    pub fn new(source: &'s Arc<Source>, at: usize, text: &'s str) -> Self {
        let mut line = Line {
            source,
            at,
            rest: text.trim_end(),
        };
        line.skip(0);
        line
    }

    fn skip(&mut self, bytes: usize) {
        let rest = self.rest.get(bytes..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += self.rest.len() - trimmed.len();
        self.rest = trimmed;
    }

    /// Something else is expected than what comes next.
    pub fn expected(&self, what: &str) -> Mistake {
        let word = self.next_word().len().max(1).min(self.rest.len());
        let found = match self.next_word() {
            "" if self.rest.is_empty() => "the line ends here".to_string(),
            "" => "here is a comma".to_string(),
            word => format!("\"{word}\" is not understood here"),
        };
        let finding = Diagnostic::error(CODE, format!("{found}: expected {what}"));
        Box::new(finding.at(self.source, self.at..self.at + word))
    }

    /// The same in words of one's own, about what comes next.
    pub fn wrong(&self, message: String) -> Mistake {
        let finding = Diagnostic::error(CODE, message);
        Box::new(finding.at(self.source, self.at..self.at + self.rest.len()))
    }

    fn next_word(&self) -> &'s str {
        let end = self.rest.find(|c: char| c.is_whitespace() || c == ',');
        &self.rest[..end.unwrap_or(self.rest.len())]
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes these words, where they come next, whatever their case.
    pub fn takes(&mut self, words: &str) -> bool {
        let mut ahead = self.clone();
        for word in words.split(' ') {
            let next = ahead.next_word();
            if !next.eq_ignore_ascii_case(word) {
                return false;
            }
            ahead.skip(next.len());
        }
        *self = ahead;
        true
    }

    /// Takes a comma, where one comes next.
    pub fn takes_comma(&mut self) -> bool {
        let found = self.rest.starts_with(',');
        if found {
            self.skip(1);
        }
        found
    }

    /// Takes these words, which must come next.
    pub fn needs(&mut self, words: &str) -> Result<(), Mistake> {
        match self.takes(words) {
            true => Ok(()),
            false => Err(self.expected(&format!("\"{words}\""))),
        }
    }

    /// The next word, or what stands between quotation marks.
    pub fn word(&mut self, what: &str) -> Result<&'s str, Mistake> {
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                return Err(self.wrong("the closing quotation mark is missing".to_string()));
            };
            self.skip(end + 2);
            return Ok(&quoted[..end]);
        }
        match self.next_word() {
            "" => Err(self.expected(what)),
            word => {
                self.skip(word.len());
                Ok(word)
            }
        }
    }

    /// A length of time: `2`, `2.5 seconds`, `1 minute`.
    pub fn time(&mut self) -> Result<Duration, Mistake> {
        let before = self.clone();
        let number = self.word("a number of seconds")?;
        let number: Option<f64> = number.parse().ok();
        let factor = match ["minutes", "minute"].iter().any(|unit| self.takes(unit)) {
            true => 60.0,
            false => {
                let _ = ["seconds", "second", "s"].iter().any(|unit| self.takes(unit));
                1.0
            }
        };
        /// A day: no test is longer.
        const LONGEST: f64 = 86_400.0;
        let time = number.map(|number| number * factor);
        match time.filter(|time| (0.0..=LONGEST).contains(time)) {
            Some(time) => Ok(Duration::from_secs_f64(time)),
            None => Err(before.expected("a number of seconds")),
        }
    }

    /// `name = value`: the value is the rest of the line, without quotation marks around it.
    pub fn assignment(&mut self, what: &str) -> Result<(&'s str, &'s str), Mistake> {
        self.split('=', &format!("{what} = value"))
    }

    /// `question = answer` where the question may hold an `=`: the sign stands between spaces.
    pub fn split_last(&mut self, what: &str) -> Result<(&'s str, &'s str), Mistake> {
        match self.rest.rsplit_once(" = ") {
            Some((name, value)) => {
                self.skip(self.rest.len());
                Ok((name.trim(), unquoted(value.trim())))
            }
            None => Err(self.expected(what)),
        }
    }

    /// What stands before and after a sign, both trimmed.
    pub fn split(&mut self, sign: char, what: &str) -> Result<(&'s str, &'s str), Mistake> {
        match self.rest.split_once(sign) {
            Some((name, value)) if !name.trim().is_empty() => {
                self.skip(self.rest.len());
                Ok((name.trim(), unquoted(value.trim())))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// All that is left.
    pub fn all(&mut self, what: &str) -> Result<&'s str, Mistake> {
        if self.rest.is_empty() {
            return Err(self.expected(what));
        }
        let all = self.rest;
        self.skip(all.len());
        Ok(all)
    }

    /// Nothing may be left.
    pub fn ends(&self) -> Result<(), Mistake> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(self.expected("the end of the line")),
        }
    }
}

fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text)
}
