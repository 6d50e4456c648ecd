use super::{Function, Manual, Run};
use crate::dialplan::regular;

/// GROUP_MATCH_COUNT
pub struct GroupMatchCount;

static MANUAL: Manual = Manual {
    name: "GROUP_MATCH_COUNT",
    syntax: "GROUP_MATCH_COUNT(expression[@category])",
    synopsis: "How many calls are in groups whose name a regular expression matches.",
    text: "The category is an expression as well; without one, groups of any count.",
    ..Manual::EMPTY
};

impl Function for GroupMatchCount {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (group, category) = super::group::split(arguments);
        if group.is_empty() {
            return Err("the expression is missing".to_string());
        }
        let compile = |text| regular::compile(text, false).ok_or_else(|| format!("{text} is malformed"));
        let group = compile(group)?;
        let category = match category {
            "" => None,
            category => Some(compile(category)?),
        };
        Ok(run
            .globals
            .calls()
            .in_groups_like(&group, category.as_ref())
            .to_string())
    }
}
