use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::cut;
use crate::limits;
use async_trait::async_trait;

/// ReceiveText
pub struct ReceiveText;

static MANUAL: Manual = Manual {
    name: "ReceiveText",
    syntax: "ReceiveText([seconds])",
    synopsis: "Waits for a text from the caller, within the call.",
    text: "A SIP MESSAGE; one that came before counts. Without a number, or with 0, it waits for a day.",
    variables: &[
        ("RECEIVETEXTSTATUS", "SUCCESS; FAILURE where none came in time"),
        (
            "RECEIVETEXTMESSAGE",
            "the text; it comes from the caller, as a number does: FILTER it before it is used",
        ),
    ],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ReceiveText {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.seconds(0);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let wait = super::seconds(arguments).filter(|wait| !wait.is_zero());
        run.set("RECEIVETEXTSTATUS", "FAILURE");
        run.set("RECEIVETEXTMESSAGE", "");
        let begun = run.channel.wall_clock();
        let text = run.channel.receive_text(wait.unwrap_or(super::LONGEST)).await?;
        run.time_passed(begun);
        if let Some(mut text) = text {
            cut(&mut text, limits::VARIABLE_BYTES);
            run.set("RECEIVETEXTSTATUS", "SUCCESS");
            run.set("RECEIVETEXTMESSAGE", text);
        }
        Ok(Flow::Next)
    }
}
