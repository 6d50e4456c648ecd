use super::{Function, Manual, Run};
use crate::dialplan::arguments::split_at;
use crate::dialplan::regular;

/// REGEX
pub struct RegexFunction;

static MANUAL: Manual = Manual {
    name: "REGEX",
    syntax: "REGEX(\"expression\" text)",
    synopsis: "1 where a regular expression matches a text, else 0.",
    text: "POSIX extended, unanchored. A backslash in the expression must be written twice. Where \
           several alternatives match, the first counts.",
    ..Manual::EMPTY
};

impl Function for RegexFunction {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let parts = split_at(arguments, '"', 3);
        let expression = parts.get(1).ok_or("the expression must stand in quotes")?;
        let text = parts.get(2).map_or("", String::as_str);
        let text = text.strip_prefix(' ').unwrap_or(text);
        let regex = regular::compile(expression, false).ok_or("the expression is malformed")?;
        Ok(u8::from(regex.is_match(text)).to_string())
    }
}
