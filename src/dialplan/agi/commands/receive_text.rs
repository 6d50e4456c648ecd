use super::{Answer, Command, Fault, Session, Usage};
use super::{integer, wait};
use async_trait::async_trait;

/// RECEIVE TEXT
pub struct ReceiveText;

static USAGE: Usage = Usage {
    words: &["RECEIVE", "TEXT"],
    syntax: "RECEIVE TEXT timeout",
    text: "The next text that comes within the call, waited for so many milliseconds (0: as long as it takes). The result is 1 and the text in parentheses, or -1 where none came.",
    without_call: false,
};

#[async_trait]
impl Command for ReceiveText {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [timeout] = arguments else {
            return Err(Fault::Usage);
        };
        Ok(match session.receive_text(wait(integer(timeout)?)).await? {
            Some(text) => Answer::value(1, &text),
            None => Answer::result(-1),
        })
    }
}
