use super::{Application, Manual, Outcome, Run};
use super::blocks;
use async_trait::async_trait;

/// EndWhile
pub struct EndWhile;

static MANUAL: Manual = Manual {
    name: "EndWhile",
    syntax: "EndWhile()",
    synopsis: "Goes back to the While above.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for EndWhile {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        blocks::again(run)
    }
}
