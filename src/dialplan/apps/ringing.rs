use super::{Application, Manual, Outcome, Run};
use crate::dialplan::channel::Indication;
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Ringing
pub struct Ringing;

static MANUAL: Manual = Manual {
    name: "Ringing",
    syntax: "Ringing()",
    synopsis: "Tells the caller that it rings.",
    text: "Before an answer only: 180. It returns at once; Wait lets it ring.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Ringing {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        run.channel.indicate(Indication::Ringing).await?;
        Ok(Flow::Next)
    }
}
