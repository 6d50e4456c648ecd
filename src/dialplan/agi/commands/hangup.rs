use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::interp::NORMAL_CLEARING;
use async_trait::async_trait;

/// HANGUP
pub struct Hangup;

static USAGE: Usage = Usage {
    words: &["HANGUP"],
    syntax: "HANGUP [channel]",
    text: "Ends the call. The result is 1, or -1 for another channel than the own.",
    without_call: false,
};

#[async_trait]
impl Command for Hangup {
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
        session.hang_up(NORMAL_CLEARING).await;
        Ok(Answer::result(1))
    }
}
