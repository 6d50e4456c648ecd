use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::split_at;
use crate::dialplan::interp::Flow;
use crate::dialplan::say::Case;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// SayAlphaCase
pub struct SayAlphaCase;

static MANUAL: Manual = Manual {
    name: "SayAlphaCase",
    syntax: "SayAlphaCase(case,text)",
    synopsis: "Spells a text and tells which letters are small or capital.",
    text: "As SayAlpha, with the word before each letter whose case is told. The first argument is one letter and must be \
           there. Does not answer the call.",
    options: &[
        ("a", "Tells the case of all letters."),
        ("l", "Of small ones."),
        ("n", "Of none."),
        ("u", "Of capitals."),
    ],
    variables: saying::VARIABLES,
};

fn case(letter: &str) -> Option<Case> {
    Some(match letter.trim() {
        "a" => Case::All,
        "l" => Case::Lower,
        "n" => Case::None,
        "u" => Case::Upper,
        _ => return None,
    })
}

#[async_trait]
impl Application for SayAlphaCase {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let parts = check.parts();
        match parts.first() {
            Some((range, letter)) if !letter.contains('$') && case(letter).is_none() => {
                check.expected(range.clone(), "one of the letters a, l, n and u");
            }
            _ if parts.len() < 2 => check.expected(0..check.arguments().len(), "a letter and a text"),
            _ => {}
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let parts = split_at(arguments, ',', 2);
        let (Some(case), Some(text)) = (parts.first().and_then(|letter| case(letter)), parts.get(1)) else {
            run.complain("SayAlphaCase needs one of the letters a, l, n and u, and a text".to_string());
            return Ok(Flow::Next);
        };
        let sounds = run.grammar().characters(text, case);
        let keys = saying::interruptible(run);
        saying::speak(run, sounds, keys).await
    }
}
