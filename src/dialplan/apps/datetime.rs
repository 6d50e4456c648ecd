use super::sayunixtime::{check_moment, say_moment};
use super::{saying, Application, Check, Manual, Outcome, Run};
use async_trait::async_trait;

/// DateTime
pub struct DateTime;

static MANUAL: Manual = Manual {
    name: "DateTime",
    syntax: "DateTime([seconds][,[time zone][,[format][,options]]])",
    synopsis: "Says a date and a time: an old name of SayUnixTime.",
    text: "",
    options: &[("j", "A key interrupts and begins an extension.")],
    variables: saying::VARIABLES,
};

#[async_trait]
impl Application for DateTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check_moment(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        say_moment(run, arguments).await
    }
}
