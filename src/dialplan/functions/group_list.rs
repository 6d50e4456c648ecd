use super::{Function, Manual, Run};

/// GROUP_LIST
pub struct GroupList;

static MANUAL: Manual = Manual {
    name: "GROUP_LIST",
    syntax: "GROUP_LIST()",
    synopsis: "The groups that the call is in, with a space between: `sales paris@site`.",
    ..Manual::EMPTY
};

impl Function for GroupList {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, _: &str) -> Result<String, String> {
        let groups = run
            .presence
            .groups()
            .into_iter()
            .map(|membership| match membership.category.as_str() {
                "" => membership.group,
                category => format!("{}@{category}", membership.group),
            });
        Ok(groups.collect::<Vec<_>>().join(" "))
    }
}
