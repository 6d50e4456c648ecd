//! Patterns that no number reaches, since another takes them all.

use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;
use crate::dialplan::ast::{Context, Name};
use crate::dialplan::pattern::Element;
use std::collections::HashMap;

pub static LINT: Lint = Lint {
    name: "unreachable-extension",
    finds: "Every number that a pattern matches is taken by another pattern that goes before it.",
    why: "Its steps never run from the first on. `_X!` goes before `_X` and takes what that would; of patterns that \
          differ only after a `.` or `!`, the first takes all.",
    example: "[default]\nexten => _X!,1,Hangup()\nexten => _X,1,Playback(hello)\n same => n,Hangup()\n",
    instead: "[default]\nexten => _XX!,1,Hangup()\nexten => _X,1,Playback(hello)\n same => n,Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for context in survey.plan.contexts.values() {
        shadowed(context, diagnostics);
    }
}

/// Entries stand in the order in which they are tried. One takes all of a later one's numbers only where both are the
/// same up to a wildcard, or where the first adds a `!` to the other.
fn shadowed(context: &Context, diagnostics: &mut Vec<Diagnostic>) {
    let mut takes: HashMap<&[Element], &str> = HashMap::new();
    for extension in &context.extensions {
        let Name::Pattern(elements) = &extension.name else { continue };
        let wild = elements.iter().position(|e| matches!(e, Element::Rest | Element::Early));
        let matched = match wild {
            Some(index) => &elements[..=index],
            None => &elements[..],
        };
        let with_end = [matched, &[Element::Early]].concat();
        let taker = takes.get(matched).or_else(|| takes.get(&with_end[..])).copied();
        if let (Some(taker), true) = (taker, extension.steps.contains_key(&1)) {
            let text = &extension.text;
            let finding = LINT.finding(format!("{} is never reached: {taker} takes all its numbers", text.text));
            diagnostics.push(text.mark(finding.hint(format!("make {taker} narrower, or take one of them out"))));
        }
        if extension.caller.is_none() && extension.steps.contains_key(&1) {
            takes.entry(matched).or_insert(&extension.text.text);
        }
    }
}
