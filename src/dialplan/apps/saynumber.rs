use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::say;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// SayNumber
pub struct SayNumber;

static MANUAL: Manual = Manual {
    name: "SayNumber",
    syntax: "SayNumber(number[,gender])",
    synopsis: "Says a whole number as a number.",
    text: "From -999999999999 to 999999999999. The gender has no effect in English.",
    variables: &[("SAY_DTMF_INTERRUPT", "where it is true, a key interrupts and begins an extension")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayNumber {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments().split(',').next().unwrap_or("").trim();
        if !text.contains('$') && text.parse::<i64>().is_err() {
            check.expected(0..text.len(), "a whole number");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let text = arguments.split(',').next().unwrap_or("").trim();
        match text.parse().ok().and_then(say::number) {
            Some(sounds) => super::speak(run, sounds).await,
            None => {
                run.complain(format!("SayNumber: {text} is not a number that can be said"));
                Ok(Flow::Next)
            }
        }
    }
}
