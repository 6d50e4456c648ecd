use super::{Function, Manual, Run};

/// ENV
pub struct Env;

static MANUAL: Manual = Manual {
    name: "ENV",
    syntax: "ENV(name)",
    synopsis: "A variable of the environment that Obelus was started in.",
    text: "Only those that `[dialplan] environment` names are seen; others are empty. They cannot be set: a program \
           that a dialplan runs gets none of them.",
    ..Manual::EMPTY
};

impl Function for Env {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(run.services.environment(arguments.trim()).unwrap_or_default())
    }
}
