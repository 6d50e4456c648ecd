//! Where a call goes from step to step: what ends it, and what is gone to.

use super::survey::{Call, Survey};
use crate::dialplan::apps;
use crate::dialplan::ast::{Extension, Name, Step};
use crate::dialplan::pattern;
use std::collections::HashSet;

/// A number that an extension matches.
pub(super) fn example(extension: &Extension) -> Option<String> {
    match &extension.name {
        Name::Literal(name) => Some(name.clone()),
        Name::Pattern(elements) => pattern::example(elements),
    }
}

/// Whether the next priority never follows a step.
pub(super) fn ends(step: &Step) -> bool {
    let arguments = step.arguments.text.trim();
    if ["Hangup", "Goto", "Return", "MacroExit"]
        .iter()
        .any(|name| step.is(name))
    {
        return true;
    }
    if step.is("Busy") || step.is("Congestion") {
        return arguments.is_empty();
    }
    if step.is("GotoIf") || step.is("GotoIfTime") {
        let is_there = |range: std::ops::Range<usize>| {
            let branch = step.arguments.text.get(range);
            branch.is_some_and(|branch| !branch.trim().is_empty())
        };
        return apps::branches_of(&step.arguments.text, false)
            .is_some_and(|(yes, no)| is_there(yes) && is_there(no));
    }
    false
}

/// The priorities that something goes to by number, wherever.
pub(super) struct Jumps {
    pub to: HashSet<u32>,
    /// Some are only known in a call, or are relative.
    pub any: bool,
}

/// Those of the whole dialplan.
pub(super) fn jumps(survey: &Survey<'_>) -> Jumps {
    let mut jumps = Jumps {
        to: HashSet::new(),
        any: false,
    };
    for call in &survey.calls {
        for priority in priorities(call) {
            match priority.parse::<u32>() {
                Ok(number) => {
                    jumps.to.insert(number);
                }
                Err(_) => jumps.any |= priority.starts_with(['+', '-']) || priority.contains('$'),
            }
        }
    }
    jumps
}

fn priorities<'a>(call: &Call<'a>) -> Vec<&'a str> {
    let targets = call
        .targets()
        .into_iter()
        .filter_map(|range| call.text.get(range));
    targets
        .filter_map(|target| target.rsplit(',').next())
        .map(str::trim)
        .collect()
}
