use super::{no_effect, shown, Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// UserEvent
pub struct UserEvent;

static MANUAL: Manual = Manual {
    name: "UserEvent",
    syntax: "UserEvent(name[,text…])",
    synopsis: "Writes an event of the author's own to the log.",
    text: "There is no manager interface that would hear it. Numbers of five digits and more are shown by their last \
           four, unless `[log] full_numbers` is set.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for UserEvent {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check.arguments().trim().is_empty() {
            check.expected(0..0, "the name of an event");
        }
        no_effect::report(
            check,
            "UserEvent",
            "It writes to the log, and there is no manager interface that would hear it",
        );
    }

    async fn execute(&self, _: &mut Run<'_>, arguments: &str) -> Outcome {
        let (name, text) = arguments.split_once(',').unwrap_or((arguments, ""));
        tracing::info!(event = %shown(name.trim()), "{}", shown(text.trim()));
        Ok(Flow::Next)
    }
}
