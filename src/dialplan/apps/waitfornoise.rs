use super::waitforsilence::{look, wait};
use super::{Application, Check, Manual, Outcome, Run};
use async_trait::async_trait;

/// WaitForNoise
pub struct WaitForNoise;

static MANUAL: Manual = Manual {
    name: "WaitForNoise",
    syntax: "WaitForNoise([milliseconds[,times[,timeout]]])",
    synopsis: "Waits until the caller is heard for so long, so often.",
    text: "As WaitForSilence does.",
    variables: &[(
        "WAITSTATUS",
        "NOISE; TIMEOUT; HANGUP where the caller hung up meanwhile",
    )],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for WaitForNoise {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        look(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        wait(run, arguments, false).await
    }
}
