use super::{Function, Manual, Run};
use crate::dialplan::regular;

/// CHANNELS
pub struct Channels;

static MANUAL: Manual = Manual {
    name: "CHANNELS",
    syntax: "CHANNELS([expression])",
    synopsis: "The channels of all calls in progress, with a space between.",
    text: "With a regular expression, those whose name it matches.",
    ..Manual::EMPTY
};

impl Function for Channels {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let expression = match arguments.trim() {
            "" => None,
            text => Some(regular::compile(text, true).ok_or("the expression is malformed")?),
        };
        let mut channels = run.globals.calls().channels();
        channels.retain(|name| {
            expression
                .as_ref()
                .is_none_or(|expression| expression.is_match(name))
        });
        Ok(channels.join(" "))
    }
}
