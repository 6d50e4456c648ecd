use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// FIELDQTY
pub struct FieldQty;

static MANUAL: Manual = Manual {
    name: "FIELDQTY",
    syntax: "FIELDQTY(name,delimiter)",
    synopsis: "How many fields the text in a variable has.",
    text: "An empty text has none; without a delimiter, any other is one.",
    ..Manual::EMPTY
};

impl Function for FieldQty {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        let delimiter = super::character(arguments.get(1));
        let count = match (text.is_empty(), delimiter.is_empty()) {
            (true, _) => 0,
            (_, true) => 1,
            _ => text.split(delimiter.as_str()).count(),
        };
        Ok(count.to_string())
    }
}
