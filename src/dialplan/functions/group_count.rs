use super::{Function, Manual, Run};

/// GROUP_COUNT
pub struct GroupCount;

static MANUAL: Manual = Manual {
    name: "GROUP_COUNT",
    syntax: "GROUP_COUNT([group][@category])",
    synopsis: "How many calls are in a group.",
    text: "Without a group, in the one that this call is in. Without a category, in groups of that name of any. With \
           GROUP, it limits how many calls there are at once: `GotoIf($[${GROUP_COUNT(sales)} > 3]?busy)`.",
    ..Manual::EMPTY
};

impl Function for GroupCount {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (group, category) = super::group::split(arguments);
        let calls = run.globals.calls();
        let count = match group {
            "" => match run.presence.group(category) {
                Some(own) => calls.in_group(&own.group, &own.category),
                None => 0,
            },
            group => calls.in_group(group, category),
        };
        Ok(count.to_string())
    }
}
