use super::{Function, Manual, Run};

/// GROUP
pub struct Group;

static MANUAL: Manual = Manual {
    name: "GROUP",
    syntax: "GROUP([category])",
    synopsis: "The group that the call counts itself among.",
    text: "`Set(GROUP()=sales)` enters a group, `Set(GROUP(site)=paris)` one of a category: a call is in one group of \
           each category, and leaves it when it is set to nothing and when the call ends. GROUP_COUNT counts the calls \
           in a group. Read without a category, it is the group that the call entered first.",
    ..Manual::EMPTY
};

impl Function for Group {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(run
            .presence
            .group(arguments.trim())
            .map(|membership| membership.group)
            .unwrap_or_default())
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        run.presence.join(value.trim(), arguments.trim())
    }
}

/// Splits `group@category`.
pub(super) fn split(text: &str) -> (&str, &str) {
    let (group, category) = text.split_once('@').unwrap_or((text, ""));
    (group.trim(), category.trim())
}
