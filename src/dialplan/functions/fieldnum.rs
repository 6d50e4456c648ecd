use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// FIELDNUM
pub struct FieldNum;

static MANUAL: Manual = Manual {
    name: "FIELDNUM",
    syntax: "FIELDNUM(name,delimiter,value)",
    synopsis: "Which field of the text in a variable a value is, from 1; else 0.",
    ..Manual::EMPTY
};

impl Function for FieldNum {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        let delimiter = super::character(arguments.get(1));
        let value = arguments.get(2);
        if delimiter.is_empty() || value.is_empty() {
            return Ok("0".to_string());
        }
        let found = text.split(delimiter.as_str()).position(|field| field == value);
        Ok(found.map_or(0, |index| index + 1).to_string())
    }
}
