use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Answer
pub struct Answer;

static MANUAL: Manual = Manual {
    name: "Answer",
    syntax: "Answer([delay])",
    synopsis: "Answers the call.",
    text: "Has no effect where the call was answered. With a delay, in milliseconds, waits so long after it.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Answer {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let waits = !run.channel.is_answered();
        run.channel.answer().await?;
        let delay = super::milliseconds(arguments.split(',').next().unwrap_or(""));
        if let Some(delay) = delay.filter(|delay| waits && !delay.is_zero()) {
            run.sleep(delay).await?;
        }
        Ok(Flow::Next)
    }

    fn check(&self, check: &mut Check<'_>) {
        let delay = check.arguments().split(',').next().unwrap_or("").trim();
        if !delay.is_empty() && !delay.contains('$') && delay.parse::<u64>().is_err() {
            check.expected(0..check.arguments().len(), "a number of milliseconds");
        }
    }
}
