//! Priorities that are missing below others.

use super::flow::{example, jumps};
use super::survey::Survey;
use super::Lint;
use crate::diagnostic::Diagnostic;
use crate::dialplan::ast::Extension;

pub static LINT: Lint = Lint {
    name: "missing-priority",
    finds: "An extension has no priority 1, or lacks one below others, and nothing goes to the steps behind it.",
    why: "A call begins at priority 1 and goes on to the next number; where that is missing it ends, and the steps \
          behind it never run.",
    example: "[default]\nexten => 100,1,Answer()\nexten => 100,3,Playback(hello)\n",
    instead: "[default]\nexten => 100,1,Answer()\n same => n,Playback(hello)\n",
    look: Some(look),
    ..Lint::EMPTY
};

fn look(survey: &Survey<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let jumps = jumps(survey);
    if jumps.any {
        return;
    }
    for (name, context) in &survey.plan.contexts {
        for extension in &context.extensions {
            diagnostics.extend(gap(survey, name, extension, &jumps.to));
        }
    }
}

/// The first step of an extension that nothing leads to, where a priority is missing above it.
fn gap(
    survey: &Survey<'_>,
    context: &str,
    extension: &Extension,
    jumps: &std::collections::HashSet<u32>,
) -> Option<Diagnostic> {
    let mut expected = 1;
    for (priority, step) in &extension.steps {
        if *priority != expected {
            let labelled = extension.labels.iter().any(|(_, at)| at == priority);
            if labelled || jumps.contains(priority) || extension.caller.is_some() {
                return None;
            }
            // Another entry that takes the number may have what is missing.
            let before = priority.checked_sub(1)?;
            let number = example(extension)?;
            if survey.plan.entry(context, &number, before).is_some() {
                return None;
            }
            let name = &extension.text.text;
            let finding = LINT.finding(format!("{name} has no priority {before}: this step is never reached"));
            let hint = match expected {
                1 => "an extension begins with priority 1".to_string(),
                expected => format!("write priority {expected}, or n, here"),
            };
            return Some(step.name.mark(finding.hint(hint)));
        }
        expected = priority.checked_add(1)?;
    }
    None
}
