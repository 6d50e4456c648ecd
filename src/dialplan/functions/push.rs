use super::ends::{add, End};
use super::{Function, Manual, Run};

/// PUSH
pub struct Push;

static MANUAL: Manual = Manual {
    name: "PUSH",
    syntax: "PUSH(name[,delimiter])",
    synopsis: "Adds a field at the end of the list in a variable.",
    text: "`Set(PUSH(list)=value)`. The delimiter is a comma where none is given.",
    ..Manual::EMPTY
};

impl Function for Push {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        add(run, arguments, End::Last, value)
    }
}
