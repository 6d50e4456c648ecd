use super::blocks::{self, IF};
use super::{Application, Manual, Outcome, Run};
use async_trait::async_trait;

/// ExitIf
pub struct ExitIf;

static MANUAL: Manual = Manual {
    name: "ExitIf",
    syntax: "ExitIf()",
    synopsis: "Goes on after the EndIf below.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ExitIf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        blocks::leave(run, IF)
    }
}
