use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use async_trait::async_trait;

/// MacroExit
pub struct MacroExit;

static MANUAL: Manual = Manual {
    name: "MacroExit",
    syntax: "MacroExit()",
    synopsis: "Comes back from a Macro.",
    text: "Write Return in its place.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for MacroExit {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        match run.leave_frame() {
            Some(place) => Ok(Flow::Goto(place)),
            None => Ok(Flow::Hangup(NORMAL_CLEARING)),
        }
    }
}
