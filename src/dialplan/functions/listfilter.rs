use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// LISTFILTER
pub struct ListFilter;

static MANUAL: Manual = Manual {
    name: "LISTFILTER",
    syntax: "LISTFILTER(name,delimiter,value)",
    synopsis: "The list in a variable, without the fields that equal a value.",
    ..Manual::EMPTY
};

impl Function for ListFilter {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        let delimiter = super::delimiter(arguments.get(1), ",");
        let value = arguments.get(2);
        let left: Vec<&str> = text
            .split(delimiter.as_str())
            .filter(|field| *field != value)
            .collect();
        Ok(left.join(&delimiter))
    }
}
