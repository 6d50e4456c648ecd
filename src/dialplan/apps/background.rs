use super::{Application, Check, Manual, Outcome, Run};
use super::KEYS;
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::Played;
use crate::dialplan::interp::{Flow, Place};
use async_trait::async_trait;

/// BackGround
pub struct BackGround;

static MANUAL: Manual = Manual {
    name: "BackGround",
    syntax: "BackGround(sound[&sound…][,options[,language[,context]]])",
    synopsis: "Plays sounds while the caller may enter an extension.",
    text: "Answers the call first, unless told otherwise. A key ends the sounds, and the digits of \
           an extension of this context are collected: with a digit timeout of five seconds, until \
           they can match nothing else. Follow it with WaitExten to wait longer than the sounds \
           last. With a context, a single digit that is an extension there goes there. The sounds are \
           those of the language, that of the call where none is named.",
    options: &[("s", "Does nothing where the call is not answered."), ("n", "Plays as early media, without answering."), ("m", "Only keys that are extensions of one digit interrupt."), ("p", "No key interrupts.")],
    variables: &[("BACKGROUNDSTATUS", "SUCCESS, or FAILED where a sound could not be played")],
};

#[async_trait]
impl Application for BackGround {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.sound_list(0);
        check.option_letters(1, "snmp");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(1);
        run.set("BACKGROUNDSTATUS", "SUCCESS");
        if !run.channel.is_answered() {
            if options.has('s') {
                return Ok(Flow::Next);
            }
            if !options.has('n') {
                run.channel.answer().await?;
            }
        }
        let context = match arguments.get(3) {
            "" => run.at.context.clone(),
            context => context.to_string(),
        };
        let interrupt: String = if options.has('p') {
            String::new()
        } else if options.has('m') {
            KEYS.chars().filter(|key| run.exists(&context, key.encode_utf8(&mut [0; 4]), 1)).collect()
        } else {
            KEYS.to_string()
        };
        let sounds = super::sounds(arguments.get(0));
        // The language holds for these sounds only.
        let own = run.language.clone();
        if !arguments.get(2).is_empty() {
            run.language = arguments.get(2).to_string();
        }
        let played = run.play(&sounds, &interrupt).await;
        run.language = own;
        let digit = match played? {
            Played::Digit(digit) => digit,
            Played::Finished if !sounds.is_empty() => return Ok(Flow::Next),
            Played::Finished | Played::Missing(_) => {
                run.set("BACKGROUNDSTATUS", "FAILED");
                return Ok(Flow::Next);
            }
        };
        let extension = digit.to_string();
        if context != run.at.context
            && run.exists(&context, &extension, 1)
            && !run.could_match_more(&context, &extension)
        {
            return Ok(Flow::Goto(Place { context, extension, priority: 1 }));
        }
        Ok(Flow::Digit(digit))
    }
}
