use super::ends::{take, End};
use super::{Function, Manual, Run};

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
        take(run, arguments, End::First)
    }
}
