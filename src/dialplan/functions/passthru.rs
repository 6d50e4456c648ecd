use super::{Function, Manual, Run};

/// PASSTHRU
pub struct PassThru;

static MANUAL: Manual = Manual {
    name: "PASSTHRU",
    syntax: "PASSTHRU(text)",
    synopsis: "The text itself.",
    text: "For functions that take the name of a variable: `${CUT(PASSTHRU(a-b),-,2)}`.",
    ..Manual::EMPTY
};

impl Function for PassThru {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(arguments.to_string())
    }
}
