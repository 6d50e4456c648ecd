//! Lines that begin with a priority.

use super::Lint;
use crate::diagnostic::Diagnostic;

pub static LINT: Lint = Lint {
    name: "missing-same",
    finds: "A line begins with a priority: `same =>` or `exten => NAME,` is missing before it.",
    why: "It is ignored, or read as an extension of that name.",
    example: "[default]\nexten => s,1,Answer()\nn,Hangup()\n",
    instead: "[default]\nexten => s,1,Answer()\n same => n,Hangup()\n",
    ..Lint::EMPTY
};

/// The finding for a whole line, where it is one: `n,Hangup()`, `=> n,Hangup()`, `2,Hangup()`.
pub(in crate::dialplan) fn at(line: &str) -> Option<Diagnostic> {
    let text = line.strip_prefix("=>").or_else(|| line.strip_prefix('=')).unwrap_or(line).trim_start();
    let (priority, call) = text.split_once(',')?;
    let priority = priority.split(['(', '+']).next().unwrap_or_default().trim();
    let is_priority = priority.eq_ignore_ascii_case("n") || !priority.is_empty() && priority.bytes().all(|c| c.is_ascii_digit());
    let call = call.trim_start();
    let is_call = call.starts_with(|c: char| c.is_ascii_alphabetic());
    (is_priority && is_call).then(|| {
        let finding = LINT.finding("this line begins with a priority and is ignored");
        finding.hint(format!("write same => {text}"))
    })
}

/// The finding for an extension that is called `n`, and of which the application stands where a priority should.
pub(in crate::dialplan) fn of_extension(extension: &str, priority: &str) -> Option<Diagnostic> {
    let is_call = priority.starts_with(|c: char| c.is_ascii_alphabetic()) && priority.contains('(');
    (extension.eq_ignore_ascii_case("n") && is_call).then(|| {
        let finding = LINT.finding("this reads as an extension called n, without a priority");
        finding.hint("write same => n,… or exten => NAME,n,…")
    })
}
