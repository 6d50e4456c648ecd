use super::ends::{take, End};
use super::{Function, Manual, Run};

/// POP
pub struct Pop;

static MANUAL: Manual = Manual {
    name: "POP",
    syntax: "POP(name[,delimiter])",
    synopsis: "Takes the last field off the list in a variable.",
    ..Manual::EMPTY
};

impl Function for Pop {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        take(run, arguments, End::Last)
    }
}
