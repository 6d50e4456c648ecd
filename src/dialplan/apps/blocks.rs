//! Where While and EndWhile, If and EndIf belong together: found among the priorities of the extension that runs.

use crate::diagnostic::Diagnostic;
use crate::dialplan::ast::Step;
use crate::dialplan::check::Check;
use crate::dialplan::interp::{Flow, Outcome, Place, Run, Stop};

/// The words that open and close a block.
#[derive(Clone, Copy)]
pub struct Words {
    open: &'static str,
    close: &'static str,
}

/// A loop.
pub const WHILE: Words = Words {
    open: "While",
    close: "EndWhile",
};
/// A choice.
pub const IF: Words = Words {
    open: "If",
    close: "EndIf",
};

/// So many priorities that do not exist may lie between two parts of a block.
const GAP: u32 = 100;

/// Looks below for what closes the block that is open here, or for one of `parts` of it. Gives its priority, and
/// whether it closes.
fn below(run: &Run<'_>, words: Words, parts: &[&str]) -> Result<(u32, bool), Stop> {
    let mut depth = 1usize;
    for (priority, step) in steps(run, |at, distance| at.checked_add(distance)) {
        if step.is(words.open) {
            depth += 1;
        } else if step.is(words.close) {
            depth -= 1;
            if depth == 0 {
                return Ok((priority, true));
            }
        } else if depth == 1 && parts.iter().any(|part| step.is(part)) {
            return Ok((priority, false));
        }
    }
    Err(Stop::Failed(format!("there is no {} below", words.close)))
}

/// Steps away from the one that runs, in one direction, up to the end of the extension.
fn steps<'r, 'c, F: Fn(u32, u32) -> Option<u32>>(
    run: &'r Run<'c>,
    priority: F,
) -> impl Iterator<Item = (u32, &'r Step)> + use<'r, 'c, F> {
    let mut distance = 0;
    std::iter::from_fn(move || {
        for _ in 0..=GAP {
            distance += 1;
            let priority = priority(run.at.priority, distance)?;
            if let Some(step) = run
                .plan
                .step(&run.at.context, run.query(&run.at.extension), priority)
            {
                return Some((priority, step));
            }
        }
        None
    })
}

/// On after what closes the block that is open here.
pub fn leave(run: &Run<'_>, words: Words) -> Outcome {
    let (priority, _) = below(run, words, &[])?;
    after(run, priority)
}

/// Back to the While that opened the loop.
pub fn again(run: &Run<'_>) -> Outcome {
    let mut depth = 1usize;
    for (priority, step) in steps(run, |at, distance| at.checked_sub(distance)) {
        if step.is(WHILE.close) {
            depth += 1;
        } else if step.is(WHILE.open) {
            depth -= 1;
            if depth == 0 {
                return to(run, priority);
            }
        }
    }
    Err(Stop::Failed(format!("there is no {} above", WHILE.open)))
}

/// On where the condition of an If or an ElseIf does not hold: to the next ElseIf, which has a condition of its own,
/// into the Else, or after the EndIf.
pub fn otherwise(run: &Run<'_>) -> Outcome {
    let (priority, closes) = below(run, IF, &["ElseIf", "Else"])?;
    let step = run
        .plan
        .step(&run.at.context, run.query(&run.at.extension), priority);
    match !closes && step.is_some_and(|step| step.is("ElseIf")) {
        true => to(run, priority),
        false => after(run, priority),
    }
}

fn after(run: &Run<'_>, priority: u32) -> Outcome {
    to(run, priority.saturating_add(1))
}

fn to(run: &Run<'_>, priority: u32) -> Outcome {
    Ok(Flow::Goto(Place {
        priority,
        ..run.at.clone()
    }))
}

/// What opens a block must be closed in the same extension.
pub fn check(check: &mut Check<'_>, words: Words) {
    let mut depth = 1usize;
    for step in check.below() {
        if step.is(words.open) {
            depth += 1;
        } else if step.is(words.close) {
            depth -= 1;
        }
        if depth == 0 {
            return;
        }
    }
    // Another extension that matches may hold it.
    if !check.is_pattern() {
        let message = format!("there is no {} below this {}", words.close, words.open);
        let finding = Diagnostic::warning("unclosed-block", message);
        check.report(
            0..check.arguments().len(),
            finding.hint("a block ends in the extension in which it begins"),
        );
    }
}
