use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// NOOP
pub struct Noop;

static USAGE: Usage = Usage {
    words: &["NOOP"],
    syntax: "NOOP [text]",
    text: "Does nothing.",
    without_call: true,
};

#[async_trait]
impl Command for Noop {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, _: &mut Session<'_, '_>, _: &[&str]) -> Result<Answer, Fault> {
        Ok(Answer::result(0))
    }
}
