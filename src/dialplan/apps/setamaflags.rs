use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::record::Flags;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// SetAMAFlags
pub struct SetAmaFlags;

static MANUAL: Manual = Manual {
    name: "SetAMAFlags",
    syntax: "SetAMAFlags([flag])",
    synopsis: "Sets `CHANNEL(amaflags)`: `omit`, `billing` or `documentation`.",
    text: "It is gone from Asterisk: write `Set(CHANNEL(amaflags)=…)`.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SetAmaFlags {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        if !text.trim().is_empty() && !text.contains('$') && Flags::parse(text).is_err() {
            check.expected(0..text.len(), "omit, billing or documentation");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        match Flags::parse(arguments) {
            Ok(flags) => run.record.flags = flags,
            Err(message) => run.complain(format!("SetAMAFlags: {message}")),
        }
        Ok(Flow::Next)
    }
}
