use super::branches::{self, Branches};
use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::is_true;
use async_trait::async_trait;

/// GosubIf
pub struct GosubIf;

static MANUAL: Manual = Manual {
    name: "GosubIf",
    syntax: "GosubIf(condition?[place if true[(arguments)]][:place if false[(arguments)]])",
    synopsis: "Goes to a subroutine where a condition holds, or to another where not.",
    text: "The places are those of Gosub. A `:` within parentheses or brackets does not separate \
           them.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for GosubIf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let Some((_, places)) = branches::check(check, true, "a place to go to") else {
            return;
        };
        for range in places {
            let text = check.arguments();
            let end = text[range.clone()].find('(').map_or(range.end, |open| range.start + open);
            check.target(range.start..end, &text[range.start..end]);
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let branches = Branches::protected(arguments);
        match branches.taken(is_true(branches.condition)) {
            "" => Ok(Flow::Next),
            place => run.enter(place).map(Flow::Goto),
        }
    }
}
