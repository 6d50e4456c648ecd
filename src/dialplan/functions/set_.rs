use super::{Function, Manual, Run};

/// SET
pub struct SetFunction;

static MANUAL: Manual = Manual {
    name: "SET",
    syntax: "SET(name=value)",
    synopsis: "Sets a variable or a function, and is its value.",
    ..Manual::EMPTY
};

impl Function for SetFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (name, value) = arguments.split_once('=').ok_or("the = is missing")?;
        run.assign(name.trim(), value)?;
        Ok(value.to_string())
    }
}
