use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// EndIf
pub struct EndIf;

static MANUAL: Manual = Manual {
    name: "EndIf",
    syntax: "EndIf()",
    synopsis: "Ends the block of an If.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for EndIf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, _: &mut Run<'_>, _: &str) -> Outcome {
        Ok(Flow::Next)
    }
}
