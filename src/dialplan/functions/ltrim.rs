use super::{Function, Manual, Run};

/// LTRIM
pub struct LTrim;

static MANUAL: Manual = Manual {
    name: "LTRIM",
    syntax: "LTRIM(text)",
    synopsis: "A text without white space at its beginning.",
    ..Manual::EMPTY
};

impl Function for LTrim {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(arguments.trim_start().to_string())
    }
}
