use super::{Answer, Command, Fault, Session, Usage};
use super::{integer, wait};
use async_trait::async_trait;

/// RECEIVE CHAR
pub struct ReceiveChar;

static USAGE: Usage = Usage {
    words: &["RECEIVE", "CHAR"],
    syntax: "RECEIVE CHAR timeout",
    text: "The first character of the next text that comes within the call, waited for so many milliseconds (0: as long as it takes). The result is its code, or 0 (timeout).",
    without_call: false,
};

#[async_trait]
impl Command for ReceiveChar {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [timeout] = arguments else {
            return Err(Fault::Usage);
        };
        let text = session.receive_text(wait(integer(timeout)?)).await?;
        Ok(match text.and_then(|text| text.chars().next()) {
            Some(c) => Answer::result(u32::from(c)),
            None => Answer::Result("0 (timeout)".to_string()),
        })
    }
}
