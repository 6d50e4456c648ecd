use super::{Answer, Command, Fault, Session, Usage};
use super::integer;
use async_trait::async_trait;

/// SAY DIGITS
pub struct SayDigits;

static USAGE: Usage = Usage {
    words: &["SAY", "DIGITS"],
    syntax: "SAY DIGITS number keys",
    text: "Says digits one by one. The result is the code of the key that interrupted, or 0.",
    without_call: false,
};

#[async_trait]
impl Command for SayDigits {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [number, keys] = arguments else {
            return Err(Fault::Usage);
        };
        integer(number)?;
        let sounds = session.run.grammar().digits(number);
        session.say(sounds, keys).await
    }
}
