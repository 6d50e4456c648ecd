use super::{no_effect, Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// WaitMusicOnHold
pub struct WaitMusicOnHold;

static MANUAL: Manual = Manual {
    name: "WaitMusicOnHold",
    syntax: "WaitMusicOnHold(seconds)",
    synopsis: "Waits for so many seconds.",
    text: "There is no music: the caller hears silence.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for WaitMusicOnHold {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        no_effect::report(check, MANUAL.name, MANUAL.text);
        check.seconds(0);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        if let Some(time) = super::seconds(arguments) {
            run.sleep(time).await?;
        }
        Ok(Flow::Next)
    }
}
