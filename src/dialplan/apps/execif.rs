use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::split_at;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::is_true;
use async_trait::async_trait;

/// ExecIf
pub struct ExecIf;

static MANUAL: Manual = Manual {
    name: "ExecIf",
    syntax: "ExecIf(condition?application[(arguments)][:application[(arguments)]])",
    synopsis: "Runs an application where a condition holds, or another where not.",
    text: "A `:` within parentheses, brackets or quotes does not separate the two. Quotes and \
           backslashes in the first are taken off.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ExecIf {
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
            check.expected(question..text.len(), "an application after the ?");
        }
        for range in [first, second] {
            if !text[range.clone()].trim().is_empty() {
                check.call(range);
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let parts = split_at(arguments, '?', 2);
        let calls = split_at(parts.get(1).map_or("", String::as_str), ':', 2);
        let chosen = if is_true(parts.first().map_or("", |c| c.trim())) { 0 } else { 1 };
        match calls.get(chosen).map_or("", |call| call.trim()) {
            "" => Ok(Flow::Next),
            call => run.execute_call(call).await,
        }
    }
}
