//! `${ }` and `$[ ]` in a text: finding them, and putting values in their place.
//!
//! Once through: a value that looks like a variable is not replaced again (the function EVAL does that).

use super::expr;
use crate::limits;
use std::borrow::Cow;

/// Where values come from.
pub trait Values {
    /// The value of a variable; empty where it is not set.
    fn variable(&mut self, name: &str) -> Cow<'_, str>;

    /// The value of a function; `None` where there is none of that name.
    fn function(&mut self, name: &str, arguments: &str) -> Option<String>;

    /// An expression or a reference that could not be read, said in a sentence. The text goes on without it.
    fn complain(&mut self, message: String);
}

/// Replaces what is to be replaced. The result is at most `limits::VARIABLE_BYTES` long.
pub fn substitute<'t>(text: &'t str, values: &mut dyn Values) -> Cow<'t, str> {
    replace(text, values, 0)
}

fn replace<'t>(text: &'t str, values: &mut dyn Values, depth: usize) -> Cow<'t, str> {
    if !text.contains('$') {
        return Cow::Borrowed(text);
    }
    if depth >= limits::SUBSTITUTION_DEPTH {
        values.complain("variables are nested too deep".to_string());
        return Cow::Borrowed("");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        let (open, close) = match after.as_bytes().first() {
            Some(b'{') => (b'{', b'}'),
            Some(b'[') => (b'[', b']'),
            _ => {
                out.push('$');
                rest = after;
                continue;
            }
        };
        let end = closing(after.as_bytes(), open, close);
        if end.is_none() {
            values.complain(format!("'{}' is missing in {text}", char::from(close)));
        }
        let inside = &after[1..end.unwrap_or(after.len())];
        rest = end.map_or("", |end| &after[end + 1..]);
        let inside = replace(inside, values, depth + 1);
        if open == b'{' {
            variable(&inside, values, &mut out);
        } else {
            expression(&inside, values, &mut out);
        }
        if out.len() > limits::VARIABLE_BYTES {
            cut(&mut out, limits::VARIABLE_BYTES);
            values.complain(format!("a text was cut at {} bytes", limits::VARIABLE_BYTES));
            return Cow::Owned(out);
        }
    }
    out.push_str(rest);
    cut(&mut out, limits::VARIABLE_BYTES);
    Cow::Owned(out)
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
            self.0.function(name, arguments)
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
            offset,
            length,
        }
    }

    /// The part of a value that is meant, counted in characters.
    pub fn part<'v>(&self, value: &'v str) -> &'v str {
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

fn variable(text: &str, values: &mut dyn Values, out: &mut String) {
    let reference = Reference::parse(text);
    match reference.arguments {
        Some(arguments) => match values.function(reference.name, arguments) {
            Some(value) => out.push_str(reference.part(&value)),
            None => values.complain(format!("there is no function called {}", reference.name)),
        },
        None => {
            let value = values.variable(reference.name);
            out.push_str(reference.part(&value));
        }
    }
}

/// Asterisk's truth: empty is false; a leading whole number decides; any other text is true.
pub fn is_true(condition: &str) -> bool {
    match leading_integer(condition) {
        Some(number) => number != 0,
        None => !condition.is_empty(),
    }
}
