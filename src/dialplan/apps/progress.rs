use super::{Application, Manual, Outcome, Run};
use crate::dialplan::channel::Indication;
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Progress
pub struct Progress;

static MANUAL: Manual = Manual {
    name: "Progress",
    syntax: "Progress()",
    synopsis: "Opens early media: the caller hears what is played before an answer.",
    text: "183 with a description of the media. Playback needs its option noanswer to play then.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Progress {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        run.channel.indicate(Indication::Progress).await?;
        Ok(Flow::Next)
    }
}
