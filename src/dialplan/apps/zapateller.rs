use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::{Audio, Tone};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;
use std::time::Duration;

/// Zapateller
pub struct Zapateller;

static MANUAL: Manual = Manual {
    name: "Zapateller",
    syntax: "Zapateller([option[,option]])",
    synopsis: "Plays the three tones that tell a dialling machine that the number is out of service.",
    text: "Before an answer it waits for half a second first.",
    options: &[
        ("answer", "Answers the call first."),
        ("nocallerid", "Plays them only to a caller without a number."),
    ],
    variables: &[(
        "ZAPATELLERSTATUS",
        "NOTHING; ANSWERED where the call was answered only; ZAPPED",
    )],
};

#[async_trait]
impl Application for Zapateller {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        for (range, option) in check.parts() {
            if !option.contains('$') && !["answer", "nocallerid", ""].contains(&option.trim()) {
                check.expected(range, "answer or nocallerid");
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let has = |option: &str| {
            arguments
                .iter()
                .any(|given| given.trim().eq_ignore_ascii_case(option))
        };
        run.set("ZAPATELLERSTATUS", "NOTHING");
        if !run.channel.is_answered() {
            if has("answer") {
                run.channel.answer().await?;
                run.set("ZAPATELLERSTATUS", "ANSWERED");
            }
            run.sleep(Duration::from_millis(500)).await?;
        }
        if has("nocallerid") && !run.caller.number.is_empty() {
            return Ok(Flow::Next);
        }
        let tone = |hertz| {
            Audio::Tone(Tone {
                frequencies: [hertz, 0],
                time: Duration::from_millis(330),
            })
        };
        let silence = Audio::Silence(Duration::from_secs(1));
        run.play(&[tone(950), tone(1_400), tone(1_800), silence], "")
            .await?;
        run.set("ZAPATELLERSTATUS", "ZAPPED");
        Ok(Flow::Next)
    }
}
