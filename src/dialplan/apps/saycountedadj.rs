use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::Stop;
use async_trait::async_trait;

/// SayCountedAdj
pub struct SayCountedAdj;

static MANUAL: Manual = Manual {
    name: "SayCountedAdj",
    syntax: "SayCountedAdj(number,sound[,gender])",
    synopsis: "Plays an adjective as it is when so many are counted, without the number.",
    text: "In the built-in languages the sound itself; another language's grammar may append endings by number and gender. \
           Does not answer the call.",
    variables: &[],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayCountedAdj {
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
            return Err(Stop::Failed("SayCountedAdj needs a number and the name of a sound".to_string()));
        };
        let sounds = run.grammar().adjective(count, sound, saying::gender(arguments.get(2)));
        saying::speak(run, sounds.unwrap_or_default(), false).await
    }
}
