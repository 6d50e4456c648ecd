use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Wait
pub struct Wait;

static MANUAL: Manual = Manual {
    name: "Wait",
    syntax: "Wait(seconds)",
    synopsis: "Waits.",
    text: "The seconds may have a fraction: `Wait(0.5)`. Keys that the caller presses meanwhile are kept for what comes \
           next.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Wait {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.seconds(0);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        if let Some(time) = super::seconds(arguments) {
            run.sleep(time).await?;
        }
        Ok(Flow::Next)
    }
}
