use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::say::{hundredths, Case};
use crate::dialplan::substitute::leading_integer;

/// SAYFILES
pub struct SayFiles;

static MANUAL: Manual = Manual {
    name: "SAYFILES",
    syntax: "SAYFILES(value,type)",
    synopsis: "The sounds that say something, joined with `&`: for Playback, BackGround and Read.",
    text: "The type is `alpha`, `digits`, `money`, `number`, `ordinal` or `phonetic`; what the application SayAlpha, \
           SayDigits and so on would play, in the language of the call.",
    ..Manual::EMPTY
};

impl Function for SayFiles {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let value = arguments.get(0);
        let grammar = run.grammar();
        let number = || leading_integer(value.trim());
        let sounds = match arguments.get(1).trim().to_ascii_lowercase().as_str() {
            "alpha" => Some(grammar.characters(value, Case::None)),
            "digits" => Some(grammar.digits(value)),
            "phonetic" => Some(grammar.phonetic(value)),
            "money" => hundredths(value).and_then(|amount| grammar.money(amount)),
            "number" => number().and_then(|number| grammar.number(number, None)),
            "ordinal" => number().and_then(|number| grammar.ordinal(number, None)),
            "" => return Err("which type is missing: alpha, digits, money, number, ordinal, phonetic".to_string()),
            other => return Err(format!("there is no type {other}")),
        };
        match sounds {
            Some(sounds) => Ok(sounds.join("&")),
            None => Err(format!("{value} is not a number that can be said")),
        }
    }
}
