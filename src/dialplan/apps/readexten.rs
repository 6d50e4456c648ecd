use super::{Application, Check, Manual, Outcome, Run, KEYS};
use crate::dialplan::arguments::{Arguments, Options};
use crate::dialplan::channel::Played;
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::substitute::Values;
use crate::dialplan::tones;
use crate::limits;
use async_trait::async_trait;
use std::time::Duration;

/// ReadExten
pub struct ReadExten;

static MANUAL: Manual = Manual {
    name: "ReadExten",
    syntax: "ReadExten(variable[,sound[,context[,options[,timeout]]]])",
    synopsis: "Reads an extension into a variable.",
    text: "Plays the sound, which a key interrupts, and collects digits until they can be no other extension of the \
           context, this one where none is given. The timeout is in seconds, for the first digit; without one it is \
           `TIMEOUT(response)`, and `TIMEOUT(digit)` for the others.",
    options: &[
        ("s", "Does nothing where the call is not answered."),
        ("i", "The sound is a tone, as PlayTones plays it."),
        ("n", "Reads without answering."),
        ("p", "`#` ends the input."),
    ],
    variables: &[
        (
            "READEXTENSTATUS",
            "OK; TIMEOUT, with the variable `t`; INVALID, with the variable `i`; SKIP; ERROR; HANGUP where the caller \
             hung up meanwhile",
        ),
        ("INVALID_EXTEN", "what was entered and is no extension"),
    ],
};

#[async_trait]
impl Application for ReadExten {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let parts = check.parts();
        if parts.first().is_none_or(|(_, name)| name.trim().is_empty()) {
            check.expected(0..0, "the name of a variable");
        }
        if !Options::parse(parts.get(3).map_or("", |(_, text)| text)).has('i') {
            check.sound_list(1);
        }
        check.option_letters(3, "sinp");
        check.seconds(4);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(3);
        let variable = arguments.get(0).trim().to_string();
        if variable.is_empty() {
            run.set("READEXTENSTATUS", "ERROR");
            run.complain("ReadExten needs the name of a variable".to_string());
            return Ok(Flow::Next);
        }
        if !run.channel.is_answered() {
            if options.has('s') {
                run.set(&variable, "");
                run.set("READEXTENSTATUS", "SKIP");
                return Ok(Flow::Next);
            }
            if !options.has('n') {
                run.channel.answer().await?;
            }
        }
        let context = match arguments.get(2).trim() {
            "" => run.at.context.clone(),
            context => context.to_string(),
        };
        let timeout = super::seconds(arguments.get(4)).filter(|time| !time.is_zero());
        run.set("READEXTENSTATUS", "HANGUP");
        let first = first(
            run,
            arguments.get(1),
            options.has('i'),
            timeout.unwrap_or(run.timeouts.response),
        )
        .await?;
        let (value, status) = match first {
            None => ("t".to_string(), "TIMEOUT"),
            Some(key) => {
                let entered = collect(run, &context, key, options.has('p')).await?;
                match run.exists(&context, &entered, 1) {
                    true => (entered, "OK"),
                    false => {
                        run.set("INVALID_EXTEN", entered);
                        ("i".to_string(), "INVALID")
                    }
                }
            }
        };
        run.set(&variable, value);
        run.set("READEXTENSTATUS", status);
        Ok(Flow::Next)
    }
}

/// The first key, pressed during the sound or after it. What is no tone by name and is a sound is played as one.
async fn first(run: &mut Run<'_>, name: &str, is_tone: bool, wait: Duration) -> Result<Option<char>, Stop> {
    let name = name.trim();
    let is_sound = tones::named("", name).is_none() && run.channel.has_sound(name);
    if is_tone && !name.is_empty() && !is_sound {
        super::playtones::play(run, name).await?;
        let key = run.read_digit(wait).await?;
        run.channel.play_tones(&[], false).await?;
        return Ok(key);
    }
    match run.play(&super::sounds(name), KEYS).await? {
        Played::Digit(key) => Ok(Some(key)),
        _ => Ok(run.read_digit(wait).await?),
    }
}

/// The extension that begins with that key.
async fn collect(run: &mut Run<'_>, context: &str, key: char, ends: bool) -> Result<String, Stop> {
    let mut entered = String::new();
    let mut next = Some(key);
    while let Some(key) = next {
        if ends && key == '#' {
            break;
        }
        entered.push(key);
        if entered.len() >= limits::DIGITS || !run.could_match_more(context, &entered) {
            // A # after what is whole already is no part of it.
            if key == '#' && !run.exists(context, &entered, 1) {
                entered.pop();
            }
            break;
        }
        next = run.read_digit(run.timeouts.digit).await?;
    }
    Ok(entered)
}
