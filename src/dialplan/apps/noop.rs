use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// NoOp
pub struct NoOp;

static MANUAL: Manual = Manual {
    name: "NoOp",
    syntax: "NoOp([text])",
    synopsis: "Does nothing.",
    text: "The text is shown in the log at the level debug, with its variables replaced.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for NoOp {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, _: &mut Run<'_>, arguments: &str) -> Outcome {
        tracing::debug!("NoOp: {}", super::shown(arguments));
        Ok(Flow::Next)
    }
}
