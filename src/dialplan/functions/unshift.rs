use super::ends::{add, End};
use super::{Function, Manual, Run};

/// UNSHIFT
pub struct Unshift;

static MANUAL: Manual = Manual {
    name: "UNSHIFT",
    syntax: "UNSHIFT(name[,delimiter])",
    synopsis: "Adds a field at the beginning of the list in a variable.",
    text: "`Set(UNSHIFT(list)=value)`. The delimiter is a comma where none is given.",
    ..Manual::EMPTY
};

impl Function for Unshift {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        add(run, arguments, End::First, value)
    }
}
