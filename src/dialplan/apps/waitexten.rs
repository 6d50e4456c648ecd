use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use async_trait::async_trait;

/// WaitExten
pub struct WaitExten;

static MANUAL: Manual = Manual {
    name: "WaitExten",
    syntax: "WaitExten([seconds][,options])",
    synopsis: "Waits for the caller to enter an extension.",
    text: "Without a number, as long as `TIMEOUT(response)` says: ten seconds. When nothing was \
           entered, goes on with the next priority where there is one, else to `t`, else to `e`. \
           The option `m`, music, is accepted and has no effect.",
    options: &[("m", "Music meanwhile: accepted without effect."), ("d", "Dial tone meanwhile: accepted without effect.")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for WaitExten {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.seconds(0);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let first = arguments.split(',').next().unwrap_or("");
        let wait = super::seconds(first).unwrap_or(run.timeouts.response);
        if let Some(digit) = run.read_digit(wait).await? {
            return Ok(Flow::Digit(digit));
        }
        if run.exists(&run.at.context, &run.at.extension, run.at.priority + 1) {
            return Ok(Flow::Next);
        }
        match run.response_timeout() {
            None => Ok(Flow::Goto(run.at.clone())),
            Some(_) => Ok(Flow::Hangup(NORMAL_CLEARING)),
        }
    }
}
