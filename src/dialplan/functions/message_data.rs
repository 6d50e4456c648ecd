use super::{Function, Manual, Run};

/// MESSAGE_DATA
pub struct MessageData;

static MANUAL: Manual = Manual {
    name: "MESSAGE_DATA",
    syntax: "MESSAGE_DATA(field)",
    synopsis: "A header field of what MessageSend sends.",
    text: "`Content-Type` is sent; other fields are remembered and not sent.",
    ..Manual::EMPTY
};

impl Function for MessageData {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let value = run.message_data.get(&arguments.trim().to_ascii_lowercase());
        Ok(value.unwrap_or_default().to_string())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let name = arguments.trim().to_ascii_lowercase();
        if value.chars().any(char::is_control) {
            return Err("a header field has no line ends and such".to_string());
        }
        if run.message_data.set(&name, value).is_err() {
            return Err(format!("{name} is too long, or there are too many"));
        }
        if name == "content-type" {
            run.message.content_type = value.to_string();
        }
        Ok(())
    }
}
