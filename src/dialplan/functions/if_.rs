use super::{Function, Manual, Run};
use crate::dialplan::arguments::split_at;
use crate::dialplan::substitute::is_true;

/// IF
pub struct If;

static MANUAL: Manual = Manual {
    name: "IF",
    syntax: "IF(condition?[value if true][:value if false])",
    synopsis: "One of two values.",
    text: "White space around the values is taken off.",
    ..Manual::EMPTY
};

impl Function for If {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let parts = split_at(arguments, '?', 2);
        let rest = parts.get(1).ok_or("the ? is missing")?;
        if parts.first().is_none_or(|condition| condition.trim().is_empty()) {
            return Err("the condition is empty".to_string());
        }
        let values = split_at(rest, ':', 2);
        let chosen = if is_true(parts.first().map_or("", |c| c.trim())) {
            0
        } else {
            1
        };
        Ok(values.get(chosen).map_or("", |value| value.trim()).to_string())
    }
}
