use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// StackPop
pub struct StackPop;

static MANUAL: Manual = Manual {
    name: "StackPop",
    syntax: "StackPop()",
    synopsis: "Forgets the last Gosub, without going back.",
    text: "Its arguments and local variables are gone, and Return goes to the one before.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for StackPop {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        if run.leave_frame().is_none() {
            run.complain("StackPop without Gosub".to_string());
        }
        Ok(Flow::Next)
    }
}
