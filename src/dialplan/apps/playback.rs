use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::Played;
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Playback
pub struct Playback;

static MANUAL: Manual = Manual {
    name: "Playback",
    syntax: "Playback(sound[&sound…][,options])",
    synopsis: "Plays sounds, one after another.",
    text: "Answers the call first, unless told otherwise. Keys that the caller presses do not interrupt; they are kept \
           for what comes next. A sound is named without its extension, from the folders that the configuration \
           names. One that does not exist is left out.",
    options: &[
        ("skip", "Does nothing where the call is not answered."),
        ("noanswer", "Plays as early media, without answering."),
    ],
    variables: &[("PLAYBACKSTATUS", "SUCCESS, or FAILED where a sound could not be played")],
};

#[async_trait]
impl Application for Playback {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.sound_list(0);
        check.option_letters(1, "sn");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(1);
        run.set("PLAYBACKSTATUS", "SUCCESS");
        if !run.channel.is_answered() {
            if options.has('s') {
                return Ok(Flow::Next);
            }
            if !options.has('n') {
                run.channel.answer().await?;
            }
        }
        let sounds = super::sounds(arguments.get(0));
        if sounds.is_empty() || matches!(run.play(&sounds, "").await?, Played::Missing(_)) {
            run.set("PLAYBACKSTATUS", "FAILED");
        }
        Ok(Flow::Next)
    }
}
