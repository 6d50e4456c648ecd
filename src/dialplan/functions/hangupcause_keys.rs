use super::{Function, Manual, Run};

/// HANGUPCAUSE_KEYS
pub struct HangupCauseKeys;

static MANUAL: Manual = Manual {
    name: "HANGUPCAUSE_KEYS",
    syntax: "HANGUPCAUSE_KEYS()",
    synopsis: "The channels of whose end HANGUPCAUSE knows.",
    text: "Once the call is over, its own channel; before that none.",
    ..Manual::EMPTY
};

impl Function for HangupCauseKeys {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, _: &str) -> Result<String, String> {
        Ok(match run.channel.hangup_cause() {
            0 => String::new(),
            _ => run.channel.facts().channel.clone(),
        })
    }
}
