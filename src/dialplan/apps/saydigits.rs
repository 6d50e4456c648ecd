use super::{Application, Manual, Outcome, Run};
use crate::dialplan::say;
use async_trait::async_trait;

/// SayDigits
pub struct SayDigits;

static MANUAL: Manual = Manual {
    name: "SayDigits",
    syntax: "SayDigits(digits)",
    synopsis: "Says digits one by one.",
    text: "Also `*`, `#` and `-`; other characters are left out.",
    variables: &[("SAY_DTMF_INTERRUPT", "where it is true, a key interrupts and begins an extension")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayDigits {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        super::speak(run, say::digits(arguments.trim())).await
    }
}
