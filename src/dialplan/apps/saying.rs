//! What the Say applications share.

use super::{Check, Flow, Outcome, Run, KEYS};
use crate::dialplan::channel::Played;
use crate::dialplan::say;
use crate::dialplan::substitute::{is_true, leading_integer, Values};

/// The variables that all of them read.
pub(super) static VARIABLES: &[(&str, &str)] = &[(
    "SAY_DTMF_INTERRUPT",
    "where it is true, a key interrupts and begins an extension",
)];

/// Whether a key interrupts what is said.
pub(super) fn interruptible(run: &Run<'_>) -> bool {
    run.value_of("SAY_DTMF_INTERRUPT")
        .is_some_and(|value| is_true(&value))
}

/// Plays what is said, in the language of the call.
pub(super) async fn speak(run: &mut Run<'_>, sounds: Vec<String>, interruptible: bool) -> Outcome {
    let keys = if interruptible { KEYS } else { "" };
    match run.play(&say::audio(sounds), keys).await? {
        Played::Digit(digit) => Ok(Flow::Digit(digit)),
        _ => Ok(Flow::Next),
    }
}

/// What is said, where the number can be said at all.
pub(super) async fn speak_or_complain(run: &mut Run<'_>, what: &str, sounds: Option<Vec<String>>) -> Outcome {
    match sounds {
        Some(sounds) => {
            let keys = interruptible(run);
            speak(run, sounds, keys).await
        }
        None => {
            run.complain(format!("{what} is not a number that can be said"));
            Ok(Flow::Next)
        }
    }
}

/// The number that an argument begins with, as Asterisk reads it.
pub(super) fn number(argument: &str) -> Option<i64> {
    leading_integer(argument.trim())
}

/// The gender that an argument names: `f`, `m`, `n`, `c`.
pub(super) fn gender(argument: &str) -> Option<char> {
    let letter = argument.trim().chars().next()?;
    letter.is_ascii_alphabetic().then(|| letter.to_ascii_lowercase())
}

/// Looks whether the first argument is a number, as far as that can be seen.
pub(super) fn check_number(check: &mut Check<'_>) {
    let (range, text) = check.parts().into_iter().next().unwrap_or((0..0, ""));
    if !text.contains('$') && number(text).is_none() {
        check.expected(range, "a whole number");
    }
}

/// Looks whether there is something to say.
pub(super) fn check_text(check: &mut Check<'_>) {
    if check.arguments().trim().is_empty() {
        check.expected(0..0, "something to say");
    }
}
