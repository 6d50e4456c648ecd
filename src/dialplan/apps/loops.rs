//! The places of While and EndWhile: among the priorities of the extension that runs.

use crate::dialplan::interp::{Flow, Outcome, Place, Run, Stop};

/// On after the EndWhile that closes the loop; `open` loops are open where the search begins.
pub fn after_end(run: &Run<'_>, open: usize) -> Outcome {
    let mut open = open;
    let mut priority = run.at.priority;
    loop {
        priority += 1;
        let Some(step) = run
            .plan
            .step(&run.at.context, run.query(&run.at.extension), priority)
        else {
            return Err(Stop::Failed("a While has no EndWhile below it".to_string()));
        };
        if step.is("While") {
            open += 1;
        } else if step.is("EndWhile") {
            open -= 1;
            if open == 0 {
                return to(run, priority + 1);
            }
        }
    }
}

/// Back to the While that opened the loop.
pub fn to_while(run: &Run<'_>) -> Outcome {
    let mut closed = 1;
    for priority in (1..run.at.priority).rev() {
        let Some(step) = run
            .plan
            .step(&run.at.context, run.query(&run.at.extension), priority)
        else {
            continue;
        };
        if step.is("EndWhile") {
            closed += 1;
        } else if step.is("While") {
            closed -= 1;
            if closed == 0 {
                return to(run, priority);
            }
        }
    }
    Err(Stop::Failed("there is no While above".to_string()))
}

fn to(run: &Run<'_>, priority: u32) -> Outcome {
    Ok(Flow::Goto(Place {
        priority,
        ..run.at.clone()
    }))
}
