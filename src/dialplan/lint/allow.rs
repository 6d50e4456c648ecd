//! `; allow(lint)` and `; allow-file(lint)`: comments by which an author says that something is meant so.

use super::unknown_allow::LINT;
use crate::diagnostic::{Diagnostic, Severity, Source};
use std::collections::HashMap;
use std::sync::Arc;

/// What the comments of one file allow.
#[derive(Debug)]
pub(in crate::dialplan) struct Allowed {
    source: Arc<Source>,
    /// In the whole file.
    file: Vec<String>,
    /// On a line, from 0, and the one below it.
    lines: HashMap<usize, Vec<String>>,
}

impl Allowed {
    /// Reads the comments of a file; what they say wrongly is reported. `None` where they allow nothing.
    pub fn read(source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) -> Option<Allowed> {
        // Most files allow nothing: one quick look.
        if !source.text.contains("allow") {
            return None;
        }
        let mut allowed = Allowed {
            source: source.clone(),
            file: Vec::new(),
            lines: HashMap::new(),
        };
        let mut start = 0;
        let mut at_top = true;
        for (number, line) in source.text.split_inclusive('\n').enumerate() {
            let comment = comment(line);
            let place = start + comment.unwrap_or(line.len());
            start += line.len();
            let text = comment.and_then(|at| line.get(at..)).unwrap_or_default();
            at_top &=
                line.trim().is_empty() || line.trim_start_matches('\u{feff}').trim_start().starts_with(';');
            let Some((word, names)) = directive(text) else {
                continue;
            };
            let mut report = |message: String, hint: &str| {
                let finding = LINT.finding(message).hint(hint.to_string());
                diagnostics.push(finding.at(source, place..place + text.trim_end().len()));
            };
            if word == "allow-file" && !at_top {
                report(
                    "allow-file counts only above the first line of a file".to_string(),
                    "write allow(…) at the line itself",
                );
            }
            for name in names {
                match super::find(&name) {
                    None => report(
                        format!("there is no lint called {name}"),
                        "docs/dialplan-lints.md lists every lint",
                    ),
                    Some(lint) if lint.severity == Severity::Error => report(
                        format!("{name} is an error and cannot be allowed"),
                        "a dialplan with an error is not used",
                    ),
                    Some(_) if word == "allow" => allowed.lines.entry(number).or_default().push(name),
                    Some(_) if at_top => allowed.file.push(name),
                    Some(_) => {}
                }
            }
        }
        (!allowed.file.is_empty() || !allowed.lines.is_empty()).then_some(allowed)
    }

    fn allows(&self, code: &str, line: usize) -> bool {
        let on = |line: usize| {
            self.lines
                .get(&line)
                .is_some_and(|names| names.iter().any(|n| n == code))
        };
        self.file.iter().any(|name| name == code) || on(line) || line.checked_sub(1).is_some_and(on)
    }
}

/// Where the comment of a line begins, after its `;`.
fn comment(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let at = (0..bytes.len()).find(|&i| bytes[i] == b';' && (i == 0 || bytes[i - 1] != b'\\'))?;
    Some(at + 1)
}

/// `allow(a, b)` or `allow-file(a)`, with which a comment begins.
fn directive(comment: &str) -> Option<(&'static str, Vec<String>)> {
    let text = comment.trim_start_matches(';').trim_start();
    for word in ["allow-file", "allow"] {
        if let Some((inside, _)) = text
            .strip_prefix(word)
            .and_then(|rest| rest.strip_prefix('('))
            .and_then(|rest| rest.split_once(')'))
        {
            let names = inside.split(',').map(|name| name.trim().to_string());
            return Some((word, names.collect()));
        }
    }
    None
}

/// Takes out the warnings that are allowed.
pub(in crate::dialplan) fn apply(allowed: &[Allowed], diagnostics: &mut Vec<Diagnostic>) {
    if allowed.is_empty() {
        return;
    }
    // Counting lines from the top for each finding would take long in a long file.
    let starts: Vec<Vec<usize>> = allowed
        .iter()
        .map(|allowed| {
            allowed
                .source
                .text
                .match_indices('\n')
                .map(|(at, _)| at)
                .collect()
        })
        .collect();
    diagnostics.retain(|diagnostic| {
        let Some(span) = diagnostic
            .span
            .as_ref()
            .filter(|_| diagnostic.severity == Severity::Warning)
        else {
            return true;
        };
        let file = allowed
            .iter()
            .position(|allowed| Arc::ptr_eq(&allowed.source, &span.source));
        let Some((allowed, starts)) = file.and_then(|file| Some((allowed.get(file)?, starts.get(file)?)))
        else {
            return true;
        };
        let line = starts.partition_point(|end| *end < span.range.start);
        !allowed.allows(diagnostic.code, line)
    });
}
