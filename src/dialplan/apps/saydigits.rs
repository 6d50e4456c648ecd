use super::{saying, Application, Check, Manual, Outcome, Run};
use async_trait::async_trait;

/// SayDigits
pub struct SayDigits;

static MANUAL: Manual = Manual {
    name: "SayDigits",
    syntax: "SayDigits(digits)",
    synopsis: "Says digits one by one.",
    text: "Also `*`, `#` and `-`; other characters are left out. Does not answer the call: before an \
           answer it is heard as early media.",
    variables: saying::VARIABLES,
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayDigits {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        saying::check_text(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let sounds = run.grammar().digits(arguments.trim());
        let keys = saying::interruptible(run);
        saying::speak(run, sounds, keys).await
    }
}
