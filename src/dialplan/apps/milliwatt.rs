use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::{Audio, Tone};
use async_trait::async_trait;
use std::time::Duration;

/// Milliwatt
pub struct Milliwatt;

static MANUAL: Manual = Manual {
    name: "Milliwatt",
    syntax: "Milliwatt([options])",
    synopsis: "Plays a test tone of 1004 Hz until the caller hangs up.",
    text: "Answers the call. The tone has the level of the other tones, -13 dBm0, not 0 dBm0.",
    options: &[
        ("m", "Nine seconds of the tone, one of silence, and so on."),
        ("o", "1000 Hz, as it was in old times."),
    ],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Milliwatt {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.option_letters(0, "mo");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let options = Arguments::parse(arguments).options(0);
        let tone = |secs| {
            Audio::Tone(Tone {
                frequencies: [if options.has('o') { 1_000 } else { 1_004 }, 0],
                time: Duration::from_secs(secs),
            })
        };
        let audio = match options.has('m') {
            true => vec![tone(9), Audio::Silence(Duration::from_secs(1))],
            false => vec![tone(3_600)],
        };
        run.channel.answer().await?;
        loop {
            run.play(&audio, "").await?;
        }
    }
}
