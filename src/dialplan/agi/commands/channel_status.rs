use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// CHANNEL STATUS
pub struct ChannelStatus;

static USAGE: Usage = Usage {
    words: &["CHANNEL", "STATUS"],
    syntax: "CHANNEL STATUS [channel]",
    text: "The state of the channel: 4 before the answer, 6 after it. -1 for any other channel than the own.",
    without_call: false,
};

#[async_trait]
impl Command for ChannelStatus {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        match arguments {
            [] => {}
            [name] if session.is_own_channel(name) => {}
            [_] => return Ok(Answer::result(-1)),
            _ => return Err(Fault::Usage),
        }
        Ok(Answer::result(if session.run.channel.is_answered() { 6 } else { 4 }))
    }
}
