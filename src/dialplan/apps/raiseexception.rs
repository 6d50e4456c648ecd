use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use async_trait::async_trait;

/// RaiseException
pub struct RaiseException;

static MANUAL: Manual = Manual {
    name: "RaiseException",
    syntax: "RaiseException(reason)",
    synopsis: "Goes to the extension `e` of this context, with a reason for `EXCEPTION(reason)`.",
    text: "Without an `e`, the call ends.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for RaiseException {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        match run.raise(arguments) {
            true => Ok(Flow::Goto(run.at.clone())),
            false => Ok(Flow::Hangup(NORMAL_CLEARING)),
        }
    }
}
