use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::Stop;
use async_trait::async_trait;

/// SayCountedNoun
pub struct SayCountedNoun;

static MANUAL: Manual = Manual {
    name: "SayCountedNoun",
    syntax: "SayCountedNoun(number,sound)",
    synopsis: "Plays a noun as it is when so many are counted, without the number.",
    text: "In English `SayCountedNoun(1,call)` plays `call`, and with any other number `calls`; in French `appel` up to one and \
           `appels` from two on. Follows SayNumber. Does not answer the call.",
    variables: &[],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayCountedNoun {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        saying::check_number(check);
        if check.parts().len() < 2 {
            check.expected(0..check.arguments().len(), "a number and the name of a sound");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let (count, sound) = (saying::number(arguments.get(0)), arguments.get(1).trim());
        let Some(count) = count.filter(|_| !sound.is_empty()) else {
            return Err(Stop::Failed("SayCountedNoun needs a number and the name of a sound".to_string()));
        };
        let sounds = run.grammar().noun(count, sound);
        saying::speak(run, sounds.unwrap_or_default(), false).await
    }
}
