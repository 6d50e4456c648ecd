use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
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
           names. One that does not exist is left out. The options are words, `say` and `mix` are not among them.",
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
        let parts = check.parts();
        if let Some((range, text)) = parts.get(1).filter(|(_, text)| !text.contains('$')) {
            for word in text.split(['&', '|', ' ']).filter(|word| !word.is_empty()) {
                if !["skip", "noanswer"].iter().any(|known| known.eq_ignore_ascii_case(word)) {
                    let message = format!("{word} is not an option here and is ignored");
                    let finding = Diagnostic::warning("unknown-option", message);
                    check.report(range.clone(), finding.hint("options are the words skip and noanswer"));
                }
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        // Words, unlike the options of other applications.
        let options = arguments.get(1).to_ascii_lowercase();
        run.set("PLAYBACKSTATUS", "SUCCESS");
        if !run.channel.is_answered() {
            if options.contains("skip") {
                return Ok(Flow::Next);
            }
            if !options.contains("noanswer") {
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
