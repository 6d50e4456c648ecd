use super::blocks::{self, IF};
use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::is_true;
use async_trait::async_trait;

/// If
pub struct If;

static MANUAL: Manual = Manual {
    name: "If",
    syntax: "If(condition)",
    synopsis: "Goes on with the priorities below where a condition holds, else with the next ElseIf, Else or EndIf.",
    text: "The EndIf is one of the same extension. Blocks may be within one another. `ExitIf` leaves the block from \
           anywhere within.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for If {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        blocks::check(check, IF);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        match is_true(arguments.trim()) {
            true => Ok(Flow::Next),
            false => blocks::otherwise(run),
        }
    }
}
