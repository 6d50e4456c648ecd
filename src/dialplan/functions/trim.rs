use super::{Function, Manual, Run};

/// TRIM
pub struct Trim;

static MANUAL: Manual = Manual {
    name: "TRIM",
    syntax: "TRIM(text)",
    synopsis: "A text without white space at either end.",
    ..Manual::EMPTY
};

impl Function for Trim {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(arguments.trim().to_string())
    }
}
