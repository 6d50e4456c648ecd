use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

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
        let arguments = Arguments::parse(arguments);
        let (name, delimiter) = (arguments.get(0), super::delimiter(arguments.get(1), ","));
        let list = run.named(name);
        let (left, taken) = list.rsplit_once(delimiter.as_str()).unwrap_or(("", &list));
        run.assign(name, left)?;
        Ok(taken.to_string())
    }
}
