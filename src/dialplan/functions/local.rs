use super::{Function, Manual, Run};

/// LOCAL
pub struct Local;

static MANUAL: Manual = Manual {
    name: "LOCAL",
    syntax: "LOCAL(name)",
    synopsis: "A variable of this subroutine.",
    text: "Set in a Gosub, it hides the variable of that name until Return. Read, it is the \
           variable.",
    ..Manual::EMPTY
};

impl Function for Local {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(run.variables.get(arguments).unwrap_or_default().to_string())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        run.set_local(arguments, value)
    }
}
