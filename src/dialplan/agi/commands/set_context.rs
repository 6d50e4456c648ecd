use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SET CONTEXT
pub struct SetContext;

static USAGE: Usage = Usage {
    words: &["SET", "CONTEXT"],
    syntax: "SET CONTEXT context",
    text: "The dialplan goes on in this context when the program has ended.",
    without_call: false,
};

#[async_trait]
impl Command for SetContext {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [context] = arguments else {
            return Err(Fault::Usage);
        };
        session.run.at.context = context.to_string();
        Ok(Answer::result(0))
    }
}
