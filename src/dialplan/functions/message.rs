use super::{Function, Manual, Run};
use crate::dialplan::substitute::cut;
use crate::limits;

/// MESSAGE
pub struct Message;

static MANUAL: Manual = Manual {
    name: "MESSAGE",
    syntax: "MESSAGE(argument)",
    synopsis: "What MessageSend sends.",
    text: "`body`, `from` or `to`, read and set. `custom_data`, set to `clear_all_outbound`, forgets what MESSAGE_DATA \
           holds; `mark_all_outbound` has no effect. A text that comes in outside a call does not reach the dialplan, so \
           that these hold what was set.",
    ..Manual::EMPTY
};

impl Function for Message {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        match arguments.trim().to_ascii_lowercase().as_str() {
            "body" => Ok(run.message.body.clone()),
            "from" => Ok(run.message.from.clone()),
            "to" => Ok(run.message.to.clone()),
            other => Err(format!("a message has nothing called {other}")),
        }
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let mut value = value.to_string();
        cut(&mut value, limits::VARIABLE_BYTES);
        match (arguments.trim().to_ascii_lowercase().as_str(), value.as_str()) {
            ("body", _) => run.message.body = value,
            ("from", _) => run.message.from = value,
            ("to", _) => run.message.to = value,
            ("custom_data", "clear_all_outbound") => {
                run.message.content_type.clear();
                run.message_data = Default::default();
            }
            ("custom_data", "mark_all_outbound") => {}
            (other, _) => return Err(format!("{other} of a message cannot be set so")),
        }
        Ok(())
    }
}
