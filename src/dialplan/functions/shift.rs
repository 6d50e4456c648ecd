use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// SHIFT
pub struct Shift;

static MANUAL: Manual = Manual {
    name: "SHIFT",
    syntax: "SHIFT(name[,delimiter])",
    synopsis: "Takes the first field off the list in a variable.",
    ..Manual::EMPTY
};

impl Function for Shift {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let (name, delimiter) = (arguments.get(0), super::delimiter(arguments.get(1), ","));
        let list = run.named(name);
        let (taken, left) = list.split_once(delimiter.as_str()).unwrap_or((&list, ""));
        run.assign(name, left)?;
        Ok(taken.to_string())
    }
}
