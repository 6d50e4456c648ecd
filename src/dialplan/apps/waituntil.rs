use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;
use std::time::{Duration, SystemTime};

/// WaitUntil
pub struct WaitUntil;

static MANUAL: Manual = Manual {
    name: "WaitUntil",
    syntax: "WaitUntil(epoch)",
    synopsis: "Waits until a time, in seconds since 1970.",
    text: "The time may have a fraction. Keys that the caller presses meanwhile are kept for what comes next.",
    variables: &[(
        "WAITUNTILSTATUS",
        "OK; PAST where the time was over already; FAILURE where it is no number; HANGUP where the caller hung up \
         meanwhile",
    )],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for WaitUntil {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        if !text.contains('$') && time(text).is_none() {
            check.expected(0..text.len(), "a number of seconds since 1970");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let Some(until) = time(arguments) else {
            run.complain(format!("WaitUntil: {arguments} is not a time"));
            run.set("WAITUNTILSTATUS", "FAILURE");
            return Ok(Flow::Next);
        };
        if left(run, until).is_none() {
            run.set("WAITUNTILSTATUS", "PAST");
            return Ok(Flow::Next);
        }
        run.set("WAITUNTILSTATUS", "HANGUP");
        while let Some(time) = left(run, until).filter(|time| !time.is_zero()) {
            run.sleep(time.min(super::LONGEST)).await?;
        }
        run.set("WAITUNTILSTATUS", "OK");
        Ok(Flow::Next)
    }
}

fn time(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}

/// How long it is until then; `None` where it is over.
fn left(run: &Run<'_>, until: Duration) -> Option<Duration> {
    let now = run.channel.wall_clock().duration_since(SystemTime::UNIX_EPOCH);
    until.checked_sub(now.unwrap_or_default())
}
