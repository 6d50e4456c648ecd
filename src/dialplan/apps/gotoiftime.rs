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
        let text = check.arguments();
        let Some(question) = super::outside(text, b'?') else {
            check.expected(0..text.len(), "a ? after the condition");
            return;
        };
        let (first, second) = super::branches(text, question);
        if text[first.clone()].trim().is_empty() && text[second.clone()].trim().is_empty() {
            check.expected(question..text.len(), "a place to go to after the ?");
        }
        for range in [first, second] {
            if !text[range.clone()].trim().is_empty() {
                check.target(range.clone(), &text[range]);
            }
        }
        let range = &text[..question];
        if !range.contains('$') {
            if let Err(message) = TimeRange::parse(range) {
                check.report(0..question, Diagnostic::error("bad-time-range", message));
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (range, rest) = arguments.split_once('?').unwrap_or((arguments, ""));
        let (yes, no) = rest.split_once(':').unwrap_or((rest, ""));
        let range = TimeRange::parse(range).map_err(Stop::Failed)?;
        let now = run.channel.wall_clock();
        let place = if range.contains(now, &run.plan.zone.0) { yes } else { no };
        match place.trim() {
            "" => Ok(Flow::Next),
            place => run.target(place).map(Flow::Goto).map_err(Stop::Failed),
        }
    }
}
