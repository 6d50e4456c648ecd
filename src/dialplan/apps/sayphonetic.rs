use super::{saying, Application, Check, Manual, Outcome, Run};
use async_trait::async_trait;

/// SayPhonetic
pub struct SayPhonetic;

static MANUAL: Manual = Manual {
    name: "SayPhonetic",
    syntax: "SayPhonetic(text)",
    synopsis: "Spells a text in the words of the phonetic alphabet: alpha, bravo, charlie.",
    text: "Digits and some punctuation are said as they are. Does not answer the call: before an \
           answer it is heard as early media.",
    variables: saying::VARIABLES,
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayPhonetic {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        saying::check_text(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let sounds = run.grammar().phonetic(arguments);
        let keys = saying::interruptible(run);
        saying::speak(run, sounds, keys).await
    }
}
