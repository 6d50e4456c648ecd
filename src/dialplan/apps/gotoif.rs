use super::branches::{self, Branches};
use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::substitute::is_true;
use async_trait::async_trait;

/// GotoIf
pub struct GotoIf;

static MANUAL: Manual = Manual {
    name: "GotoIf",
    syntax: "GotoIf(condition?[place if true][:place if false])",
    synopsis: "Goes on elsewhere where a condition holds, or elsewhere again where not.",
    text: "A place is what Goto takes; where the one that is chosen is missing, the next priority \
           follows. A condition is false where it is empty or begins with the number 0, else true.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for GotoIf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if let Some((_, places)) = branches::check(check, false, "a place to go to") {
            for range in places {
                check.target(range.clone(), &check.arguments()[range]);
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let branches = Branches::plain(arguments);
        match branches.taken(is_true(branches.condition)) {
            "" => Ok(Flow::Next),
            place => run.target(place).map(Flow::Goto).map_err(Stop::Failed),
        }
    }
}
