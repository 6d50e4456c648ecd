use super::{Function, Manual, Run};

/// DEC
pub struct Dec;

static MANUAL: Manual = Manual {
    name: "DEC",
    syntax: "DEC(name)",
    synopsis: "Takes one from the whole number in a variable, and is what is left.",
    ..Manual::EMPTY
};

impl Function for Dec {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        super::inc::add(run, arguments, -1)
    }
}
