use super::{Application, Manual, Outcome, Run};
use super::blocks;
use async_trait::async_trait;

/// ContinueWhile
pub struct ContinueWhile;

static MANUAL: Manual = Manual {
    name: "ContinueWhile",
    syntax: "ContinueWhile()",
    synopsis: "Goes back to the While above, whose condition decides.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ContinueWhile {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        blocks::again(run)
    }
}
