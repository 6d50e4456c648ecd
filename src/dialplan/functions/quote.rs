use super::{Function, Manual, Run};

/// QUOTE
pub struct Quote;

static MANUAL: Manual = Manual {
    name: "QUOTE",
    syntax: "QUOTE(text)",
    synopsis: "A text in quotes, its own quotes and backslashes escaped.",
    ..Manual::EMPTY
};

impl Function for Quote {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let escaped = arguments.replace('\\', "\\\\").replace('"', "\\\"");
        Ok(format!("\"{escaped}\""))
    }
}
