use super::{Application, Manual, Outcome, Run};
use crate::dialplan::functions::decoded;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// SendText
pub struct SendText;

static MANUAL: Manual = Manual {
    name: "SendText",
    syntax: "SendText([text])",
    synopsis: "Sends a text to the caller, within the call.",
    text: "A SIP MESSAGE, once the call is answered. `\\n` and the like in the text are read as line ends and such.",
    variables: &[
        (
            "SENDTEXTSTATUS",
            "SUCCESS; FAILURE where the caller's side did not take it",
        ),
        ("SENDTEXTTYPE", "BASIC where it was sent, else NONE"),
        ("SENDTEXT_BODY", "read: the text, in place of the argument"),
    ],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SendText {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let body = run.variable("SENDTEXT_BODY").into_owned();
        let text = match body.is_empty() {
            true => decoded(arguments),
            false => body,
        };
        run.set("SENDTEXTSTATUS", "FAILURE");
        run.set("SENDTEXTTYPE", "NONE");
        if run.channel.send_text(&text).await? {
            run.set("SENDTEXTSTATUS", "SUCCESS");
            run.set("SENDTEXTTYPE", "BASIC");
        }
        Ok(Flow::Next)
    }
}
