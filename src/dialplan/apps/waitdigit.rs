use super::{Application, Check, Manual, Outcome, Run, KEYS};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;
use std::time::Duration;

/// WaitDigit
pub struct WaitDigit;

static MANUAL: Manual = Manual {
    name: "WaitDigit",
    syntax: "WaitDigit([seconds[,keys]])",
    synopsis: "Waits for a key.",
    text:
        "Without a number, as long as `TIMEOUT(response)` says: ten seconds. With keys, others are ignored.",
    variables: &[
        (
            "WAITDIGITSTATUS",
            "DTMF; TIMEOUT; CANCEL where the caller hung up meanwhile; ERROR where the seconds are no number",
        ),
        ("WAITDIGITRESULT", "the key, where the status is DTMF"),
    ],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for WaitDigit {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.seconds(0);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let wait = match arguments.get(0).trim() {
            "" => Some(Duration::ZERO),
            seconds => super::seconds(seconds),
        };
        let Some(wait) = wait else {
            run.set("WAITDIGITSTATUS", "ERROR");
            run.complain(format!(
                "WaitDigit: {} is not a number of seconds",
                arguments.get(0)
            ));
            return Ok(Flow::Next);
        };
        let accepted = match arguments.get(1).trim() {
            "" => KEYS,
            keys => keys,
        };
        let mut left = if wait.is_zero() {
            run.timeouts.response
        } else {
            wait
        };
        run.set("WAITDIGITSTATUS", "CANCEL");
        loop {
            let begun = run.channel.wall_clock();
            match run.read_digit(left).await? {
                Some(digit) if accepted.contains(digit) => {
                    run.set("WAITDIGITSTATUS", "DTMF");
                    run.set("WAITDIGITRESULT", digit.to_string());
                    return Ok(Flow::Next);
                }
                Some(_) => {
                    let passed = run.channel.wall_clock().duration_since(begun).unwrap_or_default();
                    left = left.saturating_sub(passed);
                }
                None => {
                    run.set("WAITDIGITSTATUS", "TIMEOUT");
                    return Ok(Flow::Next);
                }
            }
        }
    }
}
