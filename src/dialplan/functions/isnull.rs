use super::{Function, Manual, Run};

/// ISNULL
pub struct IsNull;

static MANUAL: Manual = Manual {
    name: "ISNULL",
    syntax: "ISNULL(text)",
    synopsis: "1 where the text is empty, else 0.",
    ..Manual::EMPTY
};

impl Function for IsNull {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(u8::from(arguments.is_empty()).to_string())
    }
}
