use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::channel::Indication;
use crate::dialplan::interp::CONGESTION;
use async_trait::async_trait;

/// Congestion
pub struct Congestion;

static MANUAL: Manual = Manual {
    name: "Congestion",
    syntax: "Congestion([seconds])",
    synopsis: "Tells the caller: congestion, and ends the call.",
    text: "Before an answer the call is refused with 503. After one, the caller hears the tone \
           until they hang up, for as many seconds as are given, five minutes at most.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Congestion {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.seconds(0);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        super::refuse(run, Indication::Congestion, arguments, CONGESTION).await
    }
}
