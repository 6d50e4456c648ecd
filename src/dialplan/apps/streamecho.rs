use super::{Application, Check, Manual, Outcome, Run};
use async_trait::async_trait;

/// StreamEcho
pub struct StreamEcho;

static MANUAL: Manual = Manual {
    name: "StreamEcho",
    syntax: "StreamEcho([streams])",
    synopsis: "Sends back to the caller what they say, until they press `#`.",
    text: "A call has one stream of audio here, so that this is Echo; the number of streams has no effect.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for StreamEcho {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments().trim();
        if !text.is_empty() && !text.contains('$') && text.parse::<u32>().is_err() {
            check.expected(0..check.arguments().len(), "a number of streams");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        super::echo::echo(run).await
    }
}
