use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// REPLACE
pub struct Replace;

static MANUAL: Manual = Manual {
    name: "REPLACE",
    syntax: "REPLACE(name,characters[,replacement])",
    synopsis: "The text in a variable with certain characters replaced by another, or left out.",
    ..Manual::EMPTY
};

impl Function for Replace {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        let wanted = super::decoded(arguments.get(1));
        let replacement = super::decoded(arguments.get(2)).chars().next();
        if wanted.is_empty() {
            return Err("the characters to replace are missing".to_string());
        }
        let one = |c| if wanted.contains(c) { replacement } else { Some(c) };
        Ok(text.chars().filter_map(one).collect())
    }
}
