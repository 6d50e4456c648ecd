use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Echo
pub struct Echo;

static MANUAL: Manual = Manual {
    name: "Echo",
    syntax: "Echo()",
    synopsis: "Sends back to the caller what they say, until they press `#`.",
    text: "Other keys are sent back as well. It does not answer the call: let Answer come first.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Echo {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        echo(run).await
    }
}

/// Until `#`.
pub(super) async fn echo(run: &mut Run<'_>) -> Outcome {
    run.channel.echo("#").await?;
    // The caller pressed a key: no loop turns as fast.
    run.heard_of();
    Ok(Flow::Next)
}
