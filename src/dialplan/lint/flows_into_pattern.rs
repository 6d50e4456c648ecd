//! Extensions that go on in a looser one where their own steps end.

use super::flow::{ends, example};
use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;
use crate::dialplan::ast::Extension;
use std::cmp::Ordering;

pub static LINT: Lint = Lint {
    name: "flows-into-pattern",
    finds: "An extension's steps end, and a looser one that matches the same number has the next priority.",
    why: "Each priority is looked up anew, so the call goes on there: with steps that were written for other numbers.",
    example: "[default]\nexten => 100,1,Playback(hello)\nexten => _1XX,1,Answer()\n same => n,Memo(main)\n",
    instead: "[default]\nexten => 100,1,Playback(hello)\n same => n,Hangup()\nexten => _1XX,1,Answer()\n same => n,Memo(main)\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (name, context) in &survey.plan.contexts {
        for extension in &context.extensions {
            diagnostics.extend(flow(survey, name, extension));
        }
    }
}

fn flow(survey: &Survey<'_>, context: &str, extension: &Extension) -> Option<Diagnostic> {
    if extension.caller.is_some() {
        return None;
    }
    let mut last = None;
    for (expected, (priority, step)) in (1..).zip(&extension.steps) {
        if *priority != expected {
            break;
        }
        last = Some((*priority, step));
    }
    let (priority, step) = last.filter(|(_, step)| !ends(step))?;
    let next = priority.checked_add(1)?;
    let other = survey.plan.entry(context, &example(extension)?, next)?;
    // A narrower one is no surprise: whoever wrote it thought of this number.
    if std::ptr::eq(other, extension) || other.name.compare(&extension.name) == Ordering::Less {
        return None;
    }
    let (name, looser) = (&extension.text.text, &other.text.text);
    let finding = LINT.finding(format!(
        "{name} ends here, and the call goes on with priority {next} of {looser}"
    ));
    Some(step.name.mark(finding.hint(format!("end {name} with Hangup()"))))
}
