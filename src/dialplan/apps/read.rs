use super::{Application, Check, Manual, Outcome, Run};
use super::KEYS;
use crate::dialplan::arguments::{Arguments, Options};
use crate::dialplan::channel::{Audio, Played};
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::substitute::Values;
use crate::limits;
use std::time::Duration;
use async_trait::async_trait;

/// Read
pub struct Read;

static MANUAL: Manual = Manual {
    name: "Read",
    syntax: "Read(variable[,sound[&sound…][,maxdigits[,options[,attempts[,timeout]]]]])",
    synopsis: "Reads digits from the caller into a variable.",
    text: "Plays the sounds, which a key interrupts, and collects digits until `#`, until there are \
           as many as asked for (255 where no number is given), or until none comes in time: ten \
           seconds for the first and five for the others, or the timeout given. Nothing entered is \
           asked for again, as often as attempts says.",
    options: &[("s", "Does nothing where the call is not answered."), ("n", "Reads without answering."), ("e", "A key that ends the input, alone, is what was entered."), ("i", "The sound is a tone, as PlayTones plays it."), ("t(keys)", "The keys that end the input, in place of `#`.")],
    variables: &[("READSTATUS", "OK; TIMEOUT; SKIPPED; HANGUP; ERROR")],
};

#[async_trait]
impl Application for Read {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check.parts().first().is_none_or(|(_, name)| name.trim().is_empty()) {
            check.expected(0..0, "the name of a variable");
        }
        if !Options::parse(check.parts().get(3).map_or("", |(_, text)| text)).has('i') {
            check.sound_list(1);
        }
        check.option_letters(3, "seint");
        check.seconds(5);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(3);
        let variable = arguments.get(0).trim().to_string();
        run.set("READSTATUS", "ERROR");
        if variable.is_empty() {
            run.complain("Read needs the name of a variable".to_string());
            return Ok(Flow::Next);
        }
        if !run.channel.is_answered() {
            if options.has('s') {
                run.set("READSTATUS", "SKIPPED");
                run.set(&variable, "");
                return Ok(Flow::Next);
            }
            if !options.has('n') {
                run.channel.answer().await?;
            }
        }
        let wanted = Wanted {
            prompt: match options.has('i') {
                true => Prompt::Tone(arguments.get(1).trim().to_string()),
                false => Prompt::Sounds(super::sounds(arguments.get(1))),
            },
            keeps_terminator: options.has('e'),
            digits: match arguments.get(2).trim().parse() {
                Ok(digits @ 1..=limits::DIGITS) => digits,
                _ => limits::DIGITS,
            },
            terminators: options.value('t').unwrap_or("#").to_string(),
            timeout: super::seconds(arguments.get(5)).filter(|t| !t.is_zero()),
        };
        let attempts = arguments.get(4).trim().parse().unwrap_or(1).clamp(1, 100);
        // Where the caller hangs up meanwhile, h sees this.
        run.set("READSTATUS", "HANGUP");
        for _ in 0..attempts {
            let (digits, complete) = read(run, &wanted).await?;
            let done = !digits.is_empty();
            run.set(&variable, digits);
            run.set("READSTATUS", if complete { "OK" } else { "TIMEOUT" });
            if done {
                break;
            }
        }
        Ok(Flow::Next)
    }
}

/// What is asked of the caller.
struct Wanted {
    prompt: Prompt,
    digits: usize,
    terminators: String,
    keeps_terminator: bool,
    timeout: Option<Duration>,
}

/// What the caller hears first.
enum Prompt {
    Sounds(Vec<Audio>),
    Tone(String),
}

/// The first key, pressed during the prompt or after it.
async fn first(run: &mut Run<'_>, wanted: &Wanted) -> Result<Option<char>, Stop> {
    let wait = wanted.timeout.unwrap_or(run.timeouts.response);
    match &wanted.prompt {
        Prompt::Sounds(sounds) => match run.play(sounds, KEYS).await? {
            Played::Digit(digit) => Ok(Some(digit)),
            _ => Ok(run.read_digit(wait).await?),
        },
        Prompt::Tone(name) => {
            super::playtones::play(run, name).await?;
            let digit = run.read_digit(wait).await?;
            run.channel.play_tones(&[], false).await?;
            Ok(digit)
        }
    }
}

/// The digits, and whether the input is complete: by a terminator, or by their number.
async fn read(run: &mut Run<'_>, wanted: &Wanted) -> Result<(String, bool), Stop> {
    let mut digits = String::new();
    let mut next = first(run, wanted).await?;
    while let Some(digit) = next {
        if wanted.terminators.contains(digit) {
            if digits.is_empty() && wanted.keeps_terminator {
                digits.push(digit);
            }
            return Ok((digits, true));
        }
        digits.push(digit);
        if digits.len() >= wanted.digits {
            return Ok((digits, true));
        }
        next = run.read_digit(wanted.timeout.unwrap_or(run.timeouts.digit)).await?;
    }
    Ok((digits, false))
}
