use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SET EXTENSION
pub struct SetExtension;

static USAGE: Usage = Usage {
    words: &["SET", "EXTENSION"],
    syntax: "SET EXTENSION extension",
    text: "The dialplan goes on in this extension when the program has ended.",
    without_call: false,
};

#[async_trait]
impl Command for SetExtension {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [extension] = arguments else {
            return Err(Fault::Usage);
        };
        session.run.at.extension = extension.to_string();
        Ok(Answer::result(0))
    }
}
