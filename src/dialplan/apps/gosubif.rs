use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::split_at;
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
        let text = check.arguments();
        let Some(question) = super::outside(text, b'?') else {
            check.expected(0..text.len(), "a ? after the condition");
            return;
        };
        let (first, second) = super::branches(text, question);
        for range in [first, second] {
            let end = text[range.clone()].find('(').map_or(range.end, |open| range.start + open);
            if !text[range.start..end].trim().is_empty() {
                check.target(range.start..end, &text[range.start..end]);
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let parts = split_at(arguments, '?', 2);
        let places = split_at(parts.get(1).map_or("", String::as_str), ':', 2);
        let chosen = if is_true(parts.first().map_or("", |c| c.trim())) { 0 } else { 1 };
        match places.get(chosen).map_or("", |place| place.trim()) {
            "" => Ok(Flow::Next),
            place => run.enter(place).map(Flow::Goto),
        }
    }
}
