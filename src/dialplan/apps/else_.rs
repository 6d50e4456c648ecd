use super::blocks::{self, IF};
use super::{Application, Manual, Outcome, Run};
use async_trait::async_trait;

/// Else
pub struct Else;

static MANUAL: Manual = Manual {
    name: "Else",
    syntax: "Else()",
    synopsis: "The priorities below run where no condition of the If and its ElseIfs held.",
    text: "A branch above that runs down to here goes on after the EndIf.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Else {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        // Who has to go into the branch comes from the If, past this.
        blocks::leave(run, IF)
    }
}
