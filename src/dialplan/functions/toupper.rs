use super::{Function, Manual, Run};

/// TOUPPER
pub struct ToUpper;

static MANUAL: Manual = Manual {
    name: "TOUPPER",
    syntax: "TOUPPER(text)",
    synopsis: "A text in uppercase letters.",
    text: "Of every language; Asterisk's leaves letters outside ASCII as they are.",
    ..Manual::EMPTY
};

impl Function for ToUpper {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(arguments.to_uppercase())
    }
}
