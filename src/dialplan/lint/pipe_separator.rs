//! `|` between arguments, as very old dialplans have it.

use super::survey::Survey;
use super::references::references;
use super::Lint;
use crate::diagnostic::Diagnostic;

pub static LINT: Lint = Lint {
    name: "pipe-separator",
    finds: "Arguments are separated by `|`.",
    why: "That was so before Asterisk 1.6. Today `|` is a character like another, and all of it is one argument.",
    example: "[default]\nexten => s,1,Read(PIN|hello|4)\n same => n,Hangup()\n",
    instead: "[default]\nexten => s,1,Read(PIN,hello,4)\n same => n,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

/// Applications whose arguments are free text, or are looked at by themselves.
const TEXT: &[&str] = &[
    "Set", "MSet", "NoOp", "Verbose", "Log", "SendText", "MessageSend", "System", "TrySystem", "UserEvent", "Exec",
    "TryExec", "ExecIf", "ExecIfTime", "AGI", "SayAlpha", "SayAlphaCase", "SayPhonetic", "Morsecode", "CELGenUserEvent",
];

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for call in survey.calls.iter().filter(|call| call.text.contains('|')) {
        let text = call.text;
        let old_verbose = call.name == "Verbose" && text.starts_with(|c: char| c.is_ascii_digit()) && text[1..].starts_with('|');
        if call.is(TEXT) && !old_verbose {
            continue;
        }
        let found = references(text);
        let free = |at: &usize| {
            let quotes = text.get(..*at).unwrap_or_default().matches('"').count();
            quotes % 2 == 0 && !found.iter().any(|found| found.whole().contains(at))
        };
        if let Some(at) = text.match_indices('|').map(|(at, _)| at).find(free) {
            let finding = LINT.finding("| does not separate arguments");
            let hint = format!("write {}({})", call.name, text.replace('|', ","));
            let finding = match found.is_empty() {
                true => finding.hint(hint),
                false => finding.hint("write a comma"),
            };
            diagnostics.push(call.mark(at..at + 1, finding));
        }
    }
    for context in survey.plan.contexts.values() {
        for include in &context.includes {
            if let Some(at) = include.context.text.find('|') {
                let finding = LINT.finding("| does not separate a context from its times").hint("write a comma");
                diagnostics.push(include.context.mark_part(at..at + 1, finding));
            }
        }
    }
}
