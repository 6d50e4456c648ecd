use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// DIALPLAN_EXISTS
pub struct DialplanExists;

static MANUAL: Manual = Manual {
    name: "DIALPLAN_EXISTS",
    syntax: "DIALPLAN_EXISTS(context[,extension[,priority]])",
    synopsis: "1 where a place of the dialplan exists, else 0.",
    text: "The priority is a number or a label.",
    ..Manual::EMPTY
};

impl Function for DialplanExists {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let (context, extension) = (arguments.get(0), arguments.get(1));
        let exists = match (arguments.len(), arguments.get(2)) {
            (0 | 1, _) => run.plan.contexts.contains_key(context),
            (_, "") => run.exists(context, extension, 1),
            (_, priority) => match priority.parse() {
                Ok(priority) => run.exists(context, extension, priority),
                Err(_) => run.plan.label(context, run.query(extension), priority).is_some(),
            },
        };
        Ok(u8::from(exists).to_string())
    }
}
