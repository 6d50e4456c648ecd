use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, Stop};
use async_trait::async_trait;

/// Goto
pub struct Goto;

static MANUAL: Manual = Manual {
    name: "Goto",
    syntax: "Goto([[context,]extension,]priority)",
    synopsis: "Goes on elsewhere.",
    text: "The priority is a number, a label, or `+N` and `-N` counted from here. An extension that does not exist leads \
           to `i` of its context; a label that does not exist is an error.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Goto {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        if text.trim().is_empty() {
            check.expected(0..0, "[[context,]extension,]priority");
        } else {
            check.target(0..text.len(), text);
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        run.target(arguments).map(Flow::Goto).map_err(Stop::Failed)
    }
}
