use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use async_trait::async_trait;

/// SayOrdinal
pub struct SayOrdinal;

static MANUAL: Manual = Manual {
    name: "SayOrdinal",
    syntax: "SayOrdinal(number[,gender])",
    synopsis: "Says a whole number as a place in an order: third, thirty-fifth.",
    text: "The gender is a letter, as with SayNumber: in French `f` says `première`. Does not answer the call: before an \
           answer it is heard as early media.",
    variables: saying::VARIABLES,
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayOrdinal {
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
        let sounds = number.and_then(|number| run.grammar().ordinal(number, gender));
        saying::speak_or_complain(run, &format!("SayOrdinal: {}", arguments.get(0)), sounds).await
    }
}
