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
        let text = check.arguments();
        let Some(question) = super::outside(text, b'?') else {
            check.expected(0..text.len(), "a ? after the condition");
            return;
        };
        let (first, second) = super::branches(text, question);
        if text[first.clone()].trim().is_empty() && text[second.clone()].trim().is_empty() {
            check.expected(question..text.len(), "a place to go to after the ?");
        }
        for range in [first, second] {
            if !text[range.clone()].trim().is_empty() {
                check.target(range.clone(), &text[range]);
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (condition, rest) = arguments.split_once('?').unwrap_or((arguments, ""));
        let (yes, no) = rest.split_once(':').unwrap_or((rest, ""));
        let place = if is_true(condition.trim()) { yes } else { no };
        match place.trim() {
            "" => Ok(Flow::Next),
            place => run.target(place).map(Flow::Goto).map_err(Stop::Failed),
        }
    }
}
