use super::{Function, Manual, Run};

/// GLOBAL
pub struct Global;

static MANUAL: Manual = Manual {
    name: "GLOBAL",
    syntax: "GLOBAL(name)",
    synopsis: "A global variable, also where the channel has one of that name.",
    text: "Set for all calls: `Set(GLOBAL(COUNT)=1)`.",
    ..Manual::EMPTY
};

impl Function for Global {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(run.globals.get(arguments).unwrap_or_default())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        run.globals
            .set(arguments, value)
            .map_err(|_| "the value is too long, or there are too many".to_string())
    }
}
