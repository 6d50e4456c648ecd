//! `${ }` and `$[ ]` in a text: finding them, and putting values in their place.
//!
//! Once through: a value that looks like a variable is not replaced again (the function EVAL does that).

use super::expr;
use crate::limits;
use smallvec::SmallVec;
use std::borrow::Cow;

/// Where values come from.
pub trait Values {
    /// The value of a variable; empty where it is not set.
    fn variable(&mut self, name: &str) -> Cow<'_, str>;

    /// The value of a function.
    fn function(&mut self, name: &str, arguments: &str) -> Found;

    /// An expression or a reference that could not be read, said in a sentence. The text goes on without it.
    fn complain(&mut self, message: String);
}

/// What becomes of a function that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its value.
    Value(String),
    /// Its value takes time: a [`Substitution`] stops here and is resumed with it.
    Waits,
    /// There is none of that name.
    Unknown,
}

/// Replaces what is to be replaced, where nothing takes time. The result is at most `limits::VARIABLE_BYTES` long.
pub fn substitute<'t>(text: &'t str, values: &mut dyn Values) -> Cow<'t, str> {
    if !text.contains('$') {
        return Cow::Borrowed(text);
    }
    let mut substitution = Substitution::new(text);
    loop {
        match substitution.advance(values) {
            Progress::Done(text) => return Cow::Owned(text),
            Progress::Waits { name, .. } => {
                values.complain(format!("{name} takes time and has no value here"));
                substitution.resume("");
            }
        }
    }
}

/// How far a substitution came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// To its end.
    Done(String),
    /// To a function whose value takes time: resume with it.
    Waits {
        /// The function.
        name: String,
        /// What stands between its parentheses, variables replaced.
        arguments: String,
    },
}

/// A text on its way: a value that stops where a function takes time, so that nobody else waits for it.
#[derive(Debug)]
pub struct Substitution<'t> {
    /// The text, and within it the reference that is being read, and so on inwards.
    levels: SmallVec<[Level<'t>; 2]>,
    /// Which part of the value that is waited for is wanted.
    waits_for: Option<Part>,
}

#[derive(Debug)]
struct Level<'t> {
    kind: Kind,
    /// What is still to be read.
    rest: &'t str,
    out: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Variable,
    Expression,
}

impl<'t> Substitution<'t> {
    /// Of a text, from its beginning.
    pub fn new(text: &'t str) -> Self {
        let mut levels = SmallVec::new();
        levels.push(Level {
            kind: Kind::Text,
            rest: text,
            out: String::with_capacity(text.len()),
        });
        Substitution {
            levels,
            waits_for: None,
        }
    }

    /// Goes on to the end, or to a function that takes time.
    ///
    /// # Panics
    /// After the end, and before `resume` where it waits.
    pub fn advance(&mut self, values: &mut dyn Values) -> Progress {
        assert!(
            self.waits_for.is_none(),
            "a substitution that waits is resumed first"
        );
        loop {
            let level = self
                .levels
                .last_mut()
                .expect("the text's own level is there until the end");
            let waits = match level.next_reference(values) {
                Some((kind, inside)) if !inside.contains('$') => self.put(kind, inside, values),
                Some(_) if self.levels.len() > limits::SUBSTITUTION_DEPTH => {
                    values.complain("variables are nested too deep".to_string());
                    None
                }
                Some((kind, inside)) => {
                    self.levels.push(Level {
                        kind,
                        rest: inside,
                        out: String::with_capacity(inside.len()),
                    });
                    None
                }
                None => {
                    let done = self.levels.pop().expect("the level that was read");
                    match done.kind {
                        Kind::Text => return Progress::Done(done.out),
                        kind => self.put(kind, &done.out, values),
                    }
                }
            };
            if let Some((name, arguments)) = waits {
                return Progress::Waits { name, arguments };
            }
        }
    }

    /// Gives the value that was waited for.
    pub fn resume(&mut self, value: &str) {
        if let (Some(part), Some(level)) = (self.waits_for.take(), self.levels.last_mut()) {
            level.out.push_str(part.of(value));
            cut(&mut level.out, limits::VARIABLE_BYTES);
        }
    }

    /// Puts the value of a reference, without its brackets, into the level that it stands in. What is to be waited for
    /// is returned instead.
    fn put(&mut self, kind: Kind, inside: &str, values: &mut dyn Values) -> Option<(String, String)> {
        let level = self.levels.last_mut().expect("a reference stands in a text");
        if kind == Kind::Expression {
            expression(inside, values, &mut level.out);
        } else {
            let reference = Reference::parse(inside);
            match reference.arguments {
                None => {
                    let value = values.variable(reference.name);
                    level.out.push_str(reference.part.of(&value));
                }
                Some(arguments) => match values.function(reference.name, arguments) {
                    Found::Value(value) => level.out.push_str(reference.part.of(&value)),
                    Found::Waits => {
                        self.waits_for = Some(reference.part);
                        return Some((reference.name.to_string(), arguments.to_string()));
                    }
                    Found::Unknown => {
                        values.complain(format!("there is no function called {}", reference.name))
                    }
                },
            }
        }
        if level.out.len() > limits::VARIABLE_BYTES {
            cut(&mut level.out, limits::VARIABLE_BYTES);
            level.rest = "";
            values.complain(format!("a text was cut at {} bytes", limits::VARIABLE_BYTES));
        }
        None
    }
}

impl<'t> Level<'t> {
    /// Copies up to the next reference, and gives what is inside it. `None` at the end of the text.
    fn next_reference(&mut self, values: &mut dyn Values) -> Option<(Kind, &'t str)> {
        while let Some(dollar) = self.rest.find('$') {
            self.out.push_str(&self.rest[..dollar]);
            let after = &self.rest[dollar + 1..];
            let (kind, open, close) = match after.as_bytes().first() {
                Some(b'{') => (Kind::Variable, b'{', b'}'),
                Some(b'[') => (Kind::Expression, b'[', b']'),
                _ => {
                    self.out.push('$');
                    self.rest = after;
                    continue;
                }
            };
            let end = closing(after.as_bytes(), open, close);
            if end.is_none() {
                values.complain(format!("'{}' is missing in {after}", char::from(close)));
            }
            let inside = &after[1..end.unwrap_or(after.len())];
            self.rest = end.map_or("", |end| &after[end + 1..]);
            return Some((kind, inside));
        }
        self.out.push_str(std::mem::take(&mut self.rest));
        cut(&mut self.out, limits::VARIABLE_BYTES);
        None
    }
}

/// The place of the bracket that closes the one that `text` begins with.
pub fn closing(text: &[u8], open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    for (i, &c) in text.iter().enumerate() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(i);
            }
        }
    }
    None
}

/// Shortens a text to at most so many bytes, at a character's edge.
pub fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let mut end = bytes;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}

fn expression(text: &str, values: &mut dyn Values, out: &mut String) {
    struct Calls<'v>(&'v mut dyn Values);
    impl expr::Functions for Calls<'_> {
        fn call(&mut self, name: &str, arguments: &str) -> Option<String> {
            match self.0.function(name, arguments) {
                Found::Value(value) => Some(value),
                Found::Waits => {
                    let hint = format!("write ${{{name}(…)}}");
                    self.0
                        .complain(format!("{name} takes time and cannot be called in $[ ]: {hint}"));
                    Some(String::new())
                }
                Found::Unknown => None,
            }
        }
    }
    match expr::evaluate(text, &mut Calls(values)) {
        Ok(value) => out.push_str(&value),
        Err(message) => values.complain(format!("$[{text}]: {message}")),
    }
}

/// A reference without its braces: `NAME`, `FUNC(args)`, either with `:offset` or `:offset:length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'t> {
    /// Of the variable or function.
    pub name: &'t str,
    /// What stands between the parentheses of a function.
    pub arguments: Option<&'t str>,
    /// Which part of the value is meant.
    pub part: Part,
}

/// `:offset` or `:offset:length`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Where the part begins; negative from the end. Unset, the whole value.
    pub offset: Option<i64>,
    /// How long the part is; negative, how much is left out at the end.
    pub length: Option<i64>,
}

impl<'t> Reference<'t> {
    /// Takes a reference apart.
    pub fn parse(text: &'t str) -> Reference<'t> {
        let mut parentheses = 0usize;
        let mut is_function = false;
        let mut colon = None;
        for (at, c) in text.bytes().enumerate() {
            match c {
                b'(' => {
                    is_function = true;
                    parentheses += 1;
                }
                b')' => parentheses = parentheses.saturating_sub(1),
                b':' if parentheses == 0 => {
                    colon = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let (whole, part) = match colon {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let (name, arguments) = match (is_function, whole.split_once('(')) {
            (true, Some((name, rest))) => (name, Some(rest.rfind(')').map_or(rest, |end| &rest[..end]))),
            _ => (whole, None),
        };
        let mut numbers = part
            .into_iter()
            .flat_map(|p| p.splitn(2, ':'))
            .map(leading_integer);
        let offset = numbers.next().flatten();
        let length = offset.and_then(|_| numbers.next().flatten());
        Reference {
            name,
            arguments,
            part: Part { offset, length },
        }
    }
}

impl Part {
    /// The part of a value that is meant, counted in characters.
    pub fn of<'v>(&self, value: &'v str) -> &'v str {
        let Some(offset) = self.offset else { return value };
        let count = value.chars().count() as i64;
        let start = if offset < 0 {
            (count + offset).max(0)
        } else {
            offset.min(count)
        };
        let end = match self.length {
            None => count,
            Some(length) if length < 0 => (count + length).max(start),
            Some(length) => start.saturating_add(length).min(count),
        };
        let byte = |index: i64| {
            value
                .char_indices()
                .nth(index as usize)
                .map_or(value.len(), |(i, _)| i)
        };
        &value[byte(start)..byte(end)]
    }
}

/// The whole number that a text begins with.
pub fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits
        .bytes()
        .position(|c| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    let text = &text[..text.len() - digits.len() + end];
    Some(text.parse().unwrap_or(if text.starts_with('-') {
        i64::MIN / 2
    } else {
        i64::MAX / 2
    }))
}

/// Asterisk's truth: empty is false; a leading whole number decides; any other text is true.
pub fn is_true(condition: &str) -> bool {
    match leading_integer(condition) {
        Some(number) => number != 0,
        None => !condition.is_empty(),
    }
}
