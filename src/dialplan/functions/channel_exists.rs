use super::{Function, Manual, Run};

/// CHANNEL_EXISTS
pub struct ChannelExists;

static MANUAL: Manual = Manual {
    name: "CHANNEL_EXISTS",
    syntax: "CHANNEL_EXISTS(channel)",
    synopsis: "1 where a call in progress has a channel of that name, else 0.",
    ..Manual::EMPTY
};

impl Function for ChannelExists {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let wanted = arguments.trim();
        let channels = run.globals.calls().channels();
        Ok(u8::from(channels.iter().any(|name| name.eq_ignore_ascii_case(wanted))).to_string())
    }
}
