use super::{no_effect, Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// SetMusicOnHold
pub struct SetMusicOnHold;

static MANUAL: Manual = Manual {
    name: "SetMusicOnHold",
    syntax: "SetMusicOnHold(class)",
    synopsis: "Sets `CHANNEL(musicclass)`.",
    text: "There is no music.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SetMusicOnHold {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        no_effect::report(check, MANUAL.name, MANUAL.text);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        if let Err(message) = run.assign("CHANNEL(musicclass)", arguments.trim()) {
            run.complain(format!("SetMusicOnHold: {message}"));
        }
        Ok(Flow::Next)
    }
}
