use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// VALID_EXTEN
pub struct ValidExten;

static MANUAL: Manual = Manual {
    name: "VALID_EXTEN",
    syntax: "VALID_EXTEN([context],extension[,priority])",
    synopsis: "1 where an extension exists, else 0.",
    text: "Without a context, the one that runs.",
    ..Manual::EMPTY
};

impl Function for ValidExten {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let context = match arguments.get(0) {
            "" => run.at.context.as_str(),
            context => context,
        };
        let priority = match arguments.get(2) {
            "" => 1,
            text => text.parse().map_err(|_| format!("{text} is not a priority"))?,
        };
        Ok(u8::from(run.exists(context, arguments.get(1), priority)).to_string())
    }
}
