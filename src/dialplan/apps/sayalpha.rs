use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::say::Case;
use async_trait::async_trait;

/// SayAlpha
pub struct SayAlpha;

static MANUAL: Manual = Manual {
    name: "SayAlpha",
    syntax: "SayAlpha(text)",
    synopsis: "Spells a text.",
    text: "Letters, digits and punctuation; a character that has no sound is left out. Does not answer the call: before an \
           answer it is heard as early media.",
    variables: saying::VARIABLES,
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayAlpha {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        saying::check_text(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let sounds = run.grammar().characters(arguments, Case::None);
        let keys = saying::interruptible(run);
        saying::speak(run, sounds, keys).await
    }
}
