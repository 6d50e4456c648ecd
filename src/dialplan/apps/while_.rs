use super::{Application, Check, Manual, Outcome, Run};
use super::blocks::{self, WHILE};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::is_true;
use async_trait::async_trait;

/// While
pub struct While;

static MANUAL: Manual = Manual {
    name: "While",
    syntax: "While(condition)",
    synopsis: "Repeats the priorities up to EndWhile as long as a condition holds.",
    text: "The EndWhile is one of the same extension. Loops may be within one another.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for While {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        blocks::check(check, WHILE);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        match is_true(arguments.trim()) {
            true => Ok(Flow::Next),
            false => blocks::leave(run, WHILE),
        }
    }
}
