use super::{no_effect, Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// MusicOnHold
pub struct MusicOnHold;

static MANUAL: Manual = Manual {
    name: "MusicOnHold",
    syntax: "MusicOnHold([class[,seconds]])",
    synopsis: "Waits until the caller hangs up, or for so many seconds.",
    text: "There is no music: the caller hears silence.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for MusicOnHold {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        no_effect::report(check, MANUAL.name, MANUAL.text);
        check.seconds(1);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        if let Some(time) = super::seconds(arguments.get(1)).filter(|time| !time.is_zero()) {
            run.sleep(time).await?;
            return Ok(Flow::Next);
        }
        loop {
            run.sleep(super::LONGEST).await?;
        }
    }
}
