use super::{Function, Manual, Run};
use crate::dialplan::substitute::leading_integer;

/// INC
pub struct Inc;

static MANUAL: Manual = Manual {
    name: "INC",
    syntax: "INC(name)",
    synopsis: "Adds one to the whole number in a variable, and is the sum.",
    ..Manual::EMPTY
};

impl Function for Inc {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        add(run, arguments, 1)
    }
}

/// Adds to the number in a variable, which DEC does as well.
pub(super) fn add(run: &mut Run<'_>, name: &str, by: i64) -> Result<String, String> {
    let name = name.trim();
    let value = run.named(name);
    let number = leading_integer(&value).ok_or_else(|| format!("{name} does not hold a number"))?;
    let sum = number.saturating_add(by).to_string();
    run.assign(name, &sum)?;
    Ok(sum)
}
