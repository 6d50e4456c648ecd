use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::time_range::TimeRange;
use crate::diagnostic::Diagnostic;
use async_trait::async_trait;

/// ExecIfTime
pub struct ExecIfTime;

static MANUAL: Manual = Manual {
    name: "ExecIfTime",
    syntax: "ExecIfTime(times,days of week,days of month,months[,time zone]?application[(arguments)])",
    synopsis: "Runs an application at certain times.",
    text: "The times are those of GotoIfTime.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ExecIfTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        match text.find('?') {
            Some(question) => {
                if let (false, Err(message)) =
                    (text[..question].contains('$'), TimeRange::parse(&text[..question]))
                {
                    check.report(0..question, Diagnostic::error("bad-time-range", message));
                }
                check.call(question + 1..text.len());
            }
            None => check.expected(0..text.len(), "a ? after the times"),
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (range, call) = arguments.split_once('?').unwrap_or((arguments, ""));
        let range = TimeRange::parse(range).map_err(Stop::Failed)?;
        let now = run.time_of_conditions();
        match range.contains(now, &run.plan.zone.0) {
            true => run.execute_call(call).await,
            false => Ok(Flow::Next),
        }
    }
}
