use super::{Function, Manual, Run};
use crate::dialplan::arguments::split_at;
use crate::dialplan::time_range::TimeRange;

/// IFTIME
pub struct IfTime;

static MANUAL: Manual = Manual {
    name: "IFTIME",
    syntax: "IFTIME(times,days of week,days of month,months[,time zone]?[value if true][:value if false])",
    synopsis: "One of two values, by the time.",
    text: "The times are those of GotoIfTime.",
    ..Manual::EMPTY
};

impl Function for IfTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let (range, rest) = arguments.split_once('?').ok_or("the ? is missing")?;
        let range = TimeRange::parse(range)?;
        let now = run.time_of_conditions();
        let values = split_at(rest, ':', 2);
        let chosen = if range.contains(now, &run.plan.zone.0) {
            0
        } else {
            1
        };
        Ok(values.get(chosen).map_or("", |value| value.trim()).to_string())
    }
}
