use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SEND TEXT
pub struct SendText;

static USAGE: Usage = Usage {
    words: &["SEND", "TEXT"],
    syntax: "SEND TEXT text",
    text: "Sends a text within the call. The result is 0, whether or not the caller can show it.",
    without_call: false,
};

#[async_trait]
impl Command for SendText {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [text] = arguments else {
            return Err(Fault::Usage);
        };
        session.run.channel.send_text(text).await?;
        Ok(Answer::result(0))
    }
}
