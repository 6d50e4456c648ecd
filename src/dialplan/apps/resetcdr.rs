use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Options;
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// ResetCDR
pub struct ResetCdr;

static MANUAL: Manual = Manual {
    name: "ResetCDR",
    syntax: "ResetCDR([options])",
    synopsis: "Begins the record of the call anew, as from now.",
    text: "What the function CDR tells: the call begins now, and is answered now if it is answered. The fields that the \
           author added are forgotten.",
    options: &[
        ("v", "Keeps the fields that the author added."),
        ("e", "Takes back NoCDR: without effect."),
    ],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ResetCdr {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.option_letters(0, "ve");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let now = run.channel.wall_clock();
        run.record.reset(now, Options::parse(arguments).has('v'));
        Ok(Flow::Next)
    }
}
