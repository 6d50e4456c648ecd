use super::{Application, Manual, Outcome, Run};
use super::blocks::{self, WHILE};
use async_trait::async_trait;

/// ExitWhile
pub struct ExitWhile;

static MANUAL: Manual = Manual {
    name: "ExitWhile",
    syntax: "ExitWhile()",
    synopsis: "Goes on after the EndWhile below.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ExitWhile {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        blocks::leave(run, WHILE)
    }
}
