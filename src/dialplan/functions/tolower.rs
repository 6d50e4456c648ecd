use super::{Function, Manual, Run};

/// TOLOWER
pub struct ToLower;

static MANUAL: Manual = Manual {
    name: "TOLOWER",
    syntax: "TOLOWER(text)",
    synopsis: "A text in lowercase letters.",
    text: "Of every language; Asterisk's leaves letters outside ASCII as they are.",
    ..Manual::EMPTY
};

impl Function for ToLower {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(arguments.to_lowercase())
    }
}
