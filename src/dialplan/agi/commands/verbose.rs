use super::{Answer, Command, Fault, Session, Usage};
use super::integer;
use crate::dialplan::apps::shown;
use async_trait::async_trait;

/// VERBOSE
pub struct Verbose;

static USAGE: Usage = Usage {
    words: &["VERBOSE"],
    syntax: "VERBOSE message [level]",
    text: "Writes a line to the log: with a level of 3 or less, or without one, as info, else as debug.",
    without_call: true,
};

#[async_trait]
impl Command for Verbose {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, _: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (message, level) = match arguments {
            [message] => (message, 0),
            [message, level, ..] => (message, integer(level).unwrap_or(0)),
            [] => return Err(Fault::Usage),
        };
        match level {
            ..=3 => tracing::info!("{}", shown(message)),
            _ => tracing::debug!("{}", shown(message)),
        }
        Ok(Answer::result(1))
    }
}
