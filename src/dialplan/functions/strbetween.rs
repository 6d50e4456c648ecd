use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use crate::limits;

/// STRBETWEEN
pub struct StrBetween;

static MANUAL: Manual = Manual {
    name: "STRBETWEEN",
    syntax: "STRBETWEEN(name,text)",
    synopsis: "The text in a variable with another between its characters.",
    ..Manual::EMPTY
};

impl Function for StrBetween {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let text = run.named(arguments.get(0));
        if text.len().saturating_mul(arguments.get(1).len() + 1) > limits::VARIABLE_BYTES {
            return Err("the result is too long".to_string());
        }
        let mut between = [0; 4];
        let mut out = String::new();
        for c in text.chars() {
            if !out.is_empty() {
                out.push_str(arguments.get(1));
            }
            out.push_str(c.encode_utf8(&mut between));
        }
        Ok(out)
    }
}
