use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::ListenRequest;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::leading_integer;
use async_trait::async_trait;
use std::time::Duration;

/// WaitForSilence
pub struct WaitForSilence;

static MANUAL: Manual = Manual {
    name: "WaitForSilence",
    syntax: "WaitForSilence([milliseconds[,times[,timeout]]])",
    synopsis: "Waits until the caller is silent for so long, so often.",
    text: "A second, once, where nothing is given; at most 1,000 times. The timeout is in seconds, for all of it; without \
           one it waits for a day. Answers the call first.",
    variables: &[("WAITSTATUS", "SILENCE; TIMEOUT; HANGUP where the caller hung up meanwhile")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for WaitForSilence {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        look(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        wait(run, arguments, true).await
    }
}

/// What WaitForSilence and WaitForNoise are given.
pub(super) fn look(check: &mut Check<'_>) {
    check.milliseconds(0);
    check.milliseconds(1);
    check.seconds(2);
}

/// What they do.
pub(super) async fn wait(run: &mut Run<'_>, arguments: &str, silence: bool) -> Outcome {
    /// Most times.
    const TIMES: i64 = 1_000;
    /// The shortest silence or noise: a frame of audio.
    const SHORTEST: Duration = Duration::from_millis(20);
    let arguments = Arguments::parse(arguments);
    let lasting = super::milliseconds(arguments.get(0))
        .unwrap_or(Duration::from_secs(1))
        .max(SHORTEST);
    let times = leading_integer(arguments.get(1)).unwrap_or(1).clamp(1, TIMES);
    let timeout = super::seconds(arguments.get(2)).filter(|timeout| !timeout.is_zero());
    run.channel.answer().await?;
    run.set("WAITSTATUS", "HANGUP");
    let mut left = timeout.unwrap_or(super::LONGEST);
    let mut heard = true;
    for _ in 0..times {
        let begun = run.channel.wall_clock();
        let request = ListenRequest {
            silence,
            lasting,
            timeout: left,
        };
        heard = run.channel.listen(request).await?;
        run.time_passed(begun);
        left = left.saturating_sub(run.channel.wall_clock().duration_since(begun).unwrap_or_default());
        if !heard {
            break;
        }
    }
    let status = match (heard, silence) {
        (false, _) => "TIMEOUT",
        (true, true) => "SILENCE",
        (true, false) => "NOISE",
    };
    run.set("WAITSTATUS", status);
    Ok(Flow::Next)
}
