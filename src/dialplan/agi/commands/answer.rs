use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// ANSWER
pub struct Answered;

static USAGE: Usage = Usage {
    words: &["ANSWER"],
    syntax: "ANSWER",
    text: "Answers the call; no effect where that was done. The result is 0, or -1 where the caller is gone.",
    without_call: false,
};

#[async_trait]
impl Command for Answered {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, _: &[&str]) -> Result<Answer, Fault> {
        session.run.channel.answer().await?;
        Ok(Answer::result(0))
    }
}
