use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// ASYNCAGI BREAK
pub struct AsyncagiBreak;

static USAGE: Usage = Usage {
    words: &["ASYNCAGI", "BREAK"],
    syntax: "ASYNCAGI BREAK",
    text: "Refused, with -1: nobody leads a call by a manager connection here.",
    without_call: true,
};

#[async_trait]
impl Command for AsyncagiBreak {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, _: &mut Session<'_, '_>, _: &[&str]) -> Result<Answer, Fault> {
        Ok(Answer::result(-1))
    }
}
