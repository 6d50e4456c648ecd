use super::{Function, Manual, Run};

/// LEN
pub struct Len;

static MANUAL: Manual = Manual {
    name: "LEN",
    syntax: "LEN(text)",
    synopsis: "The number of characters in a text.",
    ..Manual::EMPTY
};

impl Function for Len {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(arguments.chars().count().to_string())
    }
}
