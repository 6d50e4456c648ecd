use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use async_trait::async_trait;

/// SayNumber
pub struct SayNumber;

static MANUAL: Manual = Manual {
    name: "SayNumber",
    syntax: "SayNumber(number[,gender])",
    synopsis: "Says a whole number as a number.",
    text: "From -999999999999 to 999999999999. The gender is a letter, `f` or `m`, and has an effect where the language has one: \
           in French `f` says `une` and `vingt et une`. Does not answer the call: before an \
           answer it is heard as early media.",
    variables: saying::VARIABLES,
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayNumber {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        saying::check_number(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let gender = saying::gender(arguments.get(1));
        let number = saying::number(arguments.get(0));
        let sounds = number.and_then(|number| run.grammar().number(number, gender));
        saying::speak_or_complain(run, &format!("SayNumber: {}", arguments.get(0)), sounds).await
    }
}
