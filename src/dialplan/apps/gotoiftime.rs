use super::branches::{self, Branches};
use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::time_range::TimeRange;
use crate::diagnostic::Diagnostic;
use async_trait::async_trait;

/// GotoIfTime
pub struct GotoIfTime;

static MANUAL: Manual = Manual {
    name: "GotoIfTime",
    syntax: "GotoIfTime(times,days of week,days of month,months[,time zone]?[place if true][:place if false])",
    synopsis: "Goes on elsewhere at certain times.",
    text: "Each part is `*`, or a list with `&` of single values and ranges: \
           `09:00-17:30,mon-fri,*,*`. A range goes round midnight, the week, the month and the \
           year; the last minute is part of it.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for GotoIfTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let Some((times, places)) = branches::check(check, false, "a place to go to") else {
            return;
        };
        for range in places {
            check.target(range.clone(), &check.arguments()[range]);
        }
        let text = &check.arguments()[times.clone()];
        if let (false, Err(message)) = (text.contains('$'), TimeRange::parse(text)) {
            check.report(times, Diagnostic::error("bad-time-range", message));
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let branches = Branches::plain(arguments);
        let range = TimeRange::parse(branches.condition).map_err(Stop::Failed)?;
        let now = run.time_of_conditions();
        match branches.taken(range.contains(now, &run.plan.zone.0)) {
            "" => Ok(Flow::Next),
            place => run.target(place).map(Flow::Goto).map_err(Stop::Failed),
        }
    }
}
