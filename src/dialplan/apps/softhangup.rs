use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// SoftHangup
pub struct SoftHangup;

static MANUAL: Manual = Manual {
    name: "SoftHangup",
    syntax: "SoftHangup(channel[,options])",
    synopsis: "Ends the call, where the channel named is its own.",
    text: "A call cannot end another one: that is a warning in the log.",
    options: &[("a", "The channel is named without what follows its last hyphen.")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SoftHangup {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check.arguments().trim().is_empty() {
            check.expected(0..0, "a channel: ${CHANNEL}");
        }
        check.option_letters(1, "a");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let wanted = arguments.get(0).trim();
        let own = run.channel.facts().channel.as_str();
        let device = own.rsplit_once('-').map_or(own, |(device, _)| device);
        let all = arguments.options(1).has('a');
        if wanted.eq_ignore_ascii_case(own) || all && wanted.eq_ignore_ascii_case(device) {
            return Ok(Flow::Hangup(NORMAL_CLEARING));
        }
        run.complain(format!("SoftHangup: {wanted} is not this call's channel"));
        Ok(Flow::Next)
    }
}
