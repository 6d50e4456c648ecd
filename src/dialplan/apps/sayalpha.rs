use super::{Application, Manual, Outcome, Run};
use crate::dialplan::say;
use async_trait::async_trait;

/// SayAlpha
pub struct SayAlpha;

static MANUAL: Manual = Manual {
    name: "SayAlpha",
    syntax: "SayAlpha(text)",
    synopsis: "Spells a text.",
    text: "Letters, digits and punctuation; a character that has no sound is left out.",
    variables: &[("SAY_DTMF_INTERRUPT", "where it is true, a key interrupts and begins an extension")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayAlpha {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        super::speak(run, say::characters(arguments)).await
    }
}
