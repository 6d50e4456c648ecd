use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Gosub
pub struct Gosub;

static MANUAL: Manual = Manual {
    name: "Gosub",
    syntax: "Gosub([[context,]extension,]priority[(argument1[,argument2…])])",
    synopsis: "Goes to a subroutine, from which Return comes back.",
    text: "The arguments are ARG1, ARG2… there, and ARGC their number; they and what LOCAL sets are \
           gone after Return. A place that does not exist is an error, and nothing has changed. At \
           most 100 subroutines are within one another.",
    variables: &[("ARG1, ARG2…, ARGC", "the arguments and their number")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Gosub {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        let end = text.find('(').unwrap_or(text.len());
        match text[..end].trim() {
            "" => check.expected(0..0, "[[context,]extension,]priority"),
            _ => check.target(0..end, &text[..end]),
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        run.enter(arguments).map(Flow::Goto)
    }
}
