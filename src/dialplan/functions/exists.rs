use super::{Function, Manual, Run};

/// EXISTS
pub struct Exists;

static MANUAL: Manual = Manual {
    name: "EXISTS",
    syntax: "EXISTS(text)",
    synopsis: "1 where the text is not empty, else 0.",
    ..Manual::EMPTY
};

impl Function for Exists {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(u8::from(!arguments.is_empty()).to_string())
    }
}
