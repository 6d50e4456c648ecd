//! Steps behind one that never goes on.

use super::flow::{ends, jumps};
use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;
use crate::dialplan::ast::{Extension, Name, Step};
use std::collections::{HashMap, HashSet};

pub static LINT: Lint = Lint {
    name: "unreachable-step",
    finds: "A step stands behind a Hangup, Goto or Return, without a label, and nothing goes to it.",
    why: "It never runs. A label is missing, or the line above should be a GotoIf.",
    example: "[default]\nexten => s,1,Goto(end)\n same => n,Playback(hello)\n same => n(end),Hangup()\n",
    instead: "[default]\nexten => s,1,GotoIf($[${EPOCH} > 0]?end)\n same => n,Playback(hello)\n same => n(end),Hangup()\n",
    look: Some(look),
    ..Lint::EMPTY
};

/// What stands behind a jump although it is not reached from there: the end of a block, or of a habit.
const EXPECTED: &[&str] = &[
    "Hangup", "Return", "MacroExit", "NoOp", "Else", "ElseIf", "EndIf", "ExitIf", "EndWhile", "ContinueWhile", "ExitWhile",
    "Goto",
];

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let jumps = jumps(survey);
    if jumps.any {
        return;
    }
    for context in survey.plan.contexts.values() {
        // An entry for certain callers may come from its own first steps to those of the plain one.
        let mut entries: HashMap<&Name, usize> = HashMap::new();
        for extension in &context.extensions {
            *entries.entry(&extension.name).or_default() += 1;
        }
        for extension in &context.extensions {
            let alone = entries.get(&extension.name) == Some(&1);
            if alone && matches!(extension.name, Name::Literal(_)) {
                diagnostics.extend(behind(extension, &jumps.to));
            }
        }
    }
}

fn behind(extension: &Extension, jumps: &HashSet<u32>) -> Option<Diagnostic> {
    let mut before: Option<(&u32, &Step)> = None;
    for (priority, step) in &extension.steps {
        let labelled = extension.labels.iter().any(|(_, at)| at == priority);
        if let Some((_, above)) = before.filter(|(last, above)| **last + 1 == *priority && ends(above)) {
            if !labelled && !jumps.contains(priority) && !EXPECTED.iter().any(|name| step.is(name)) {
                let finding = LINT.finding(format!("this step is never reached: the {} above it does not go on", above.name.text));
                return Some(step.name.mark(finding.hint("give it a label and go there, or take it out")));
            }
        }
        before = Some((priority, step));
    }
    None
}
