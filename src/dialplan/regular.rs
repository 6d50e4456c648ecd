//! POSIX extended regular expressions, as `$[ ]`, REGEX and REPLACE know them, by way of the `regex` crate.
//!
//! The two notations differ in a few places, which are translated: in a bracket expression a backslash is itself, and
//! `&&`, `--`, `~~` and a second `[` mean nothing; outside, `\` before a letter is that letter unless GNU's libc gives
//! it a meaning. One difference stays: where several alternatives match, POSIX takes the longest, we take the first.

use crate::limits;
use regex::{Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::VecDeque;

thread_local! {
    /// What was compiled last: a loop asks the same again, and compiling takes longer than all else in a step.
    static COMPILED: RefCell<VecDeque<(String, bool, Option<Regex>)>> = const { RefCell::new(VecDeque::new()) };
}

/// Compiles a POSIX extended expression; `None` where it is malformed or too large.
pub fn compile(pattern: &str, ignore_case: bool) -> Option<Regex> {
    /// Expressions kept.
    const KEPT: usize = 32;
    COMPILED.with_borrow_mut(|compiled| {
        if let Some((.., regex)) = compiled
            .iter()
            .find(|(p, i, _)| p == pattern && *i == ignore_case)
        {
            return regex.clone();
        }
        let regex = RegexBuilder::new(&translate(pattern))
            .case_insensitive(ignore_case)
            .size_limit(limits::REGEX_BYTES)
            .dfa_size_limit(limits::REGEX_BYTES)
            .nest_limit(limits::EXPRESSION_DEPTH as u32)
            .build()
            .ok();
        if compiled.len() >= KEPT {
            compiled.pop_front();
        }
        compiled.push_back((pattern.to_string(), ignore_case, regex.clone()));
        regex
    })
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('w' | 'W' | 's' | 'S' | 'b' | 'B')) => out.extend(['\\', c]),
                Some('<') => out.push_str(r"\b{start}"),
                Some('>') => out.push_str(r"\b{end}"),
                Some('`') => out.push_str(r"\A"),
                Some('\'') => out.push_str(r"\z"),
                Some(c) => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
                None => out.push_str(r"\\"),
            },
            '[' => bracket(&mut chars, &mut out),
            // A question mark after a parenthesis would begin an extension that POSIX has not.
            '(' if chars.peek() == Some(&'?') => {
                chars.next();
                out.push_str(r"(\?");
            }
            // In POSIX a dot takes a line end too.
            '.' => out.push_str("(?s:.)"),
            c => out.push(c),
        }
    }
    out
}

fn bracket(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    out.push('[');
    if chars.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            ']' if !first => {
                out.push(']');
                return;
            }
            '[' if chars.peek() == Some(&':') => {
                out.push('[');
                for c in chars.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
            }
            '-' => match first || chars.peek() == Some(&']') {
                true => out.push_str(r"\-"),
                false => out.push('-'),
            },
            '[' | ']' | '\\' | '&' | '~' | '^' => out.extend(['\\', c]),
            c => out.push(c),
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posix_expressions_are_understood() {
        for (pattern, text, expected) in [
            (r"[\d]+", r"x\d", Some((1, 3))),
            (r"[]a]+", "]a", Some((0, 2))),
            (r"[^]]", "]b", Some((1, 2))),
            (r"[[:digit:]]{3}", "a123", Some((1, 4))),
            (r"[a&&b]", "&", Some((0, 1))),
            (r"[0-9-]+", "1-2", Some((0, 3))),
            (r"\(x\)", "(x)", Some((0, 3))),
            (r"\d", "d", Some((0, 1))),
            (r"a.c", "a\nc", Some((0, 3))),
            (r"^\+?[0-9]+$", "+155", Some((0, 4))),
            (r"(a|b)+c", "abc", Some((0, 3))),
            (r"x{2,}", "axx", Some((1, 3))),
            (r"^$", "a", None),
        ] {
            let found = compile(pattern, false)
                .unwrap()
                .find(text)
                .map(|m| (m.start(), m.end()));
            assert_eq!(found, expected, "{pattern}");
        }
        assert!(compile("(", false).is_none());
        assert!(compile("(((a{1000}){1000}){1000})", false).is_none());
    }
}
