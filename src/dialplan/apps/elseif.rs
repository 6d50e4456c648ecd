use super::blocks;
use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::is_true;
use async_trait::async_trait;

/// ElseIf
pub struct ElseIf;

static MANUAL: Manual = Manual {
    name: "ElseIf",
    syntax: "ElseIf(condition)",
    synopsis: "Goes on with the priorities below where no condition above held and this one does.",
    text: "As in Asterisk, a branch above that was taken and runs down to here is not over: the condition is asked, as \
           if none had held. End each branch before an ElseIf with `ExitIf()`; a load warns where that is missing.",
    ..Manual::EMPTY
};

/// What does not go on with the next priority.
const ENDS: &[&str] = &[
    "ExitIf",
    "ExitWhile",
    "ContinueWhile",
    "Goto",
    "Hangup",
    "Return",
    "MacroExit",
    "Busy",
    "Congestion",
];

#[async_trait]
impl Application for ElseIf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check
            .above()
            .is_some_and(|above| !ENDS.iter().any(|name| above.is(name)))
        {
            let finding = Diagnostic::warning(
                "falls-into-elseif",
                "the branch above goes on here, and this condition is asked",
            );
            check.report(
                0..check.arguments().len(),
                finding.hint("end the branch above with ExitIf()"),
            );
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        match is_true(arguments.trim()) {
            true => Ok(Flow::Next),
            false => blocks::otherwise(run),
        }
    }
}
