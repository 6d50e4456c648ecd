use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// StopPlayTones
pub struct StopPlayTones;

static MANUAL: Manual = Manual {
    name: "StopPlayTones",
    syntax: "StopPlayTones()",
    synopsis: "Ends a tone that PlayTones began.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for StopPlayTones {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        run.channel.play_tones(&[], false).await?;
        Ok(Flow::Next)
    }
}
