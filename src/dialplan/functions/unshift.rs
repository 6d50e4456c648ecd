use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// UNSHIFT
pub struct Unshift;

static MANUAL: Manual = Manual {
    name: "UNSHIFT",
    syntax: "UNSHIFT(name[,delimiter])",
    synopsis: "Adds a field at the beginning of the list in a variable.",
    text: "`Set(UNSHIFT(list)=value)`.",
    ..Manual::EMPTY
};

impl Function for Unshift {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let arguments = Arguments::parse(arguments);
        let (name, delimiter) = (arguments.get(0), super::delimiter(arguments.get(1), ","));
        let list = run.named(name);
        match list.is_empty() {
            true => run.assign(name, value),
            false => run.assign(name, &format!("{value}{delimiter}{list}")),
        }
    }
}
