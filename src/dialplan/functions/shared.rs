use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// SHARED
pub struct Shared;

static MANUAL: Manual = Manual {
    name: "SHARED",
    syntax: "SHARED(name[,channel])",
    synopsis: "A variable that other calls can read and set.",
    text: "Each channel has its own; `${SHARED(x,${other})}` is another's, by the name that CHANNEL(name) gives there. \
           They go with the call.",
    ..Manual::EMPTY
};

impl Function for Shared {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        run.presence.shared(arguments.get(0), arguments.get(1).trim())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        let arguments = Arguments::parse(arguments);
        if arguments.get(0).is_empty() {
            return Err("the name is missing".to_string());
        }
        run.presence
            .share(arguments.get(0), arguments.get(1).trim(), value)
    }
}
