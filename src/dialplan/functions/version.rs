use super::{Function, Manual, Run};

/// VERSION
pub struct Version;

static MANUAL: Manual = Manual {
    name: "VERSION",
    syntax: "VERSION()",
    synopsis: "The version of Obelus: `Obelus 1.2.3`.",
    text: "What Asterisk tells of its build on request is not told.",
    ..Manual::EMPTY
};

impl Function for Version {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        match arguments.trim() {
            "" => Ok(concat!("Obelus ", env!("CARGO_PKG_VERSION")).to_string()),
            other => Err(format!("nothing called {other} is told of the version")),
        }
    }
}
