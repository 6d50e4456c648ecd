use super::{Function, Manual, Run};

/// MASTER_CHANNEL
pub struct MasterChannel;

static MANUAL: Manual = Manual {
    name: "MASTER_CHANNEL",
    syntax: "MASTER_CHANNEL(name)",
    synopsis: "A variable of the channel that began the call.",
    text: "That is the call's only channel: it is the variable, or the function, of that name.",
    ..Manual::EMPTY
};

impl Function for MasterChannel {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(run.named(arguments))
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        run.assign(arguments.trim(), value)
    }
}
