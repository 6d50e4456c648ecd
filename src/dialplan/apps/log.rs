use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// Log
pub struct Log;

static MANUAL: Manual = Manual {
    name: "Log",
    syntax: "Log(level,message)",
    synopsis: "Writes a line to the log at a level.",
    text: "The level is ERROR, WARNING, NOTICE, VERBOSE, DEBUG or DTMF; NOTICE and VERBOSE are info \
           here, DTMF is debug. Numbers of five digits and more are shown by their last four, \
           unless `[log] full_numbers` is set.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Log {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if let Some((range, level)) = check.parts().into_iter().next() {
            let known = ["ERROR", "WARNING", "NOTICE", "VERBOSE", "DEBUG", "DTMF"];
            if !level.contains('$') && !known.iter().any(|k| k.eq_ignore_ascii_case(level.trim())) {
                check.expected(range, "ERROR, WARNING, NOTICE, VERBOSE or DEBUG, then a comma and the message");
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (level, message) = arguments.split_once(',').unwrap_or((arguments, ""));
        let message = super::shown(message);
        match level.trim().to_ascii_uppercase().as_str() {
            "ERROR" => tracing::error!("{message}"),
            "WARNING" => tracing::warn!("{message}"),
            "NOTICE" | "VERBOSE" => tracing::info!("{message}"),
            "DEBUG" | "DTMF" => tracing::debug!("{message}"),
            level => run.complain(format!("Log has no level {level}")),
        }
        Ok(Flow::Next)
    }
}
