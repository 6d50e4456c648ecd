use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// Verbose
pub struct Verbose;

static MANUAL: Manual = Manual {
    name: "Verbose",
    syntax: "Verbose([level,]message)",
    synopsis: "Writes a line to the log.",
    text: "With a level of 3 or less, or without one, the line has the level info; otherwise debug. Numbers of \
           five digits and more are shown by their last four, unless `[log] full_numbers` is set.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Verbose {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, _: &mut Run<'_>, arguments: &str) -> Outcome {
        let (level, message) = match arguments.split_once(',') {
            Some((level, message)) => match level.trim().parse::<u32>() {
                Ok(level) => (level, message),
                Err(_) => (0, arguments),
            },
            None => (0, arguments),
        };
        match level {
            0..=3 => tracing::info!("{}", super::shown(message)),
            _ => tracing::debug!("{}", super::shown(message)),
        }
        Ok(Flow::Next)
    }
}
