use super::{shown, Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::secret::Private;
use async_trait::async_trait;

/// DumpChan
pub struct DumpChan;

static MANUAL: Manual = Manual {
    name: "DumpChan",
    syntax: "DumpChan([level])",
    synopsis: "Writes to the log what is known of the channel, and its variables.",
    text: "At the level debug; the number given has no effect. Numbers of five digits and more are shown by their last \
           four, unless `[log] full_numbers` is set. Of the variables, the first hundred by name are shown, of each at \
           most 200 characters.",
    ..Manual::EMPTY
};

/// Variables that are shown.
const VARIABLES: usize = 100;
/// Characters of each that are shown.
const CHARACTERS: usize = 200;

#[async_trait]
impl Application for DumpChan {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        let facts = run.channel.facts();
        tracing::debug!(
            channel = %shown(&facts.channel),
            unique_id = %shown(&facts.unique_id),
            trunk = %shown(&facts.trunk),
            answered = run.channel.is_answered(),
            caller = %Private(&run.caller.number),
            name = %shown(&run.caller.name),
            context = %shown(&run.at.context),
            extension = %Private(&run.at.extension),
            priority = run.at.priority,
            "dialplan: channel"
        );
        for (name, value) in run.variables.all().into_iter().take(VARIABLES) {
            let value: String = value.chars().take(CHARACTERS).collect();
            tracing::debug!("dialplan: {}={}", shown(name), shown(&value));
        }
        Ok(Flow::Next)
    }
}
