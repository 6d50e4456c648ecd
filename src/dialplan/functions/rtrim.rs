use super::{Function, Manual, Run};

/// RTRIM
pub struct RTrim;

static MANUAL: Manual = Manual {
    name: "RTRIM",
    syntax: "RTRIM(text)",
    synopsis: "A text without white space at its end.",
    ..Manual::EMPTY
};

impl Function for RTrim {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(arguments.trim_end().to_string())
    }
}
