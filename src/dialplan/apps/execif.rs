use super::branches::{self, Branches};
use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::is_true;
use async_trait::async_trait;

/// ExecIf
pub struct ExecIf;

static MANUAL: Manual = Manual {
    name: "ExecIf",
    syntax: "ExecIf(condition?application[(arguments)][:application[(arguments)]])",
    synopsis: "Runs an application where a condition holds, or another where not.",
    text: "A `?` or a `:` within parentheses, brackets or quotes does not separate; quotes and backslashes stay where they \
           are.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ExecIf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if let Some((_, calls)) = branches::check(check, true, "an application") {
            for range in calls {
                check.call(range);
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let branches = Branches::protected(arguments);
        match branches.taken(is_true(branches.condition)) {
            "" => Ok(Flow::Next),
            call => run.execute_call(call).await,
        }
    }
}
