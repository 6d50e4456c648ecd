use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::say::Case;
use async_trait::async_trait;

/// SAY ALPHA
pub struct SayAlpha;

static USAGE: Usage = Usage {
    words: &["SAY", "ALPHA"],
    syntax: "SAY ALPHA text keys",
    text: "Spells a text. The result is the code of the key that interrupted, or 0.",
    without_call: false,
};

#[async_trait]
impl Command for SayAlpha {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [text, keys] = arguments else {
            return Err(Fault::Usage);
        };
        let sounds = session.run.grammar().characters(text, Case::None);
        session.say(sounds, keys).await
    }
}
