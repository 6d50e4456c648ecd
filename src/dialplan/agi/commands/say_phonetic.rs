use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SAY PHONETIC
pub struct SayPhonetic;

static USAGE: Usage = Usage {
    words: &["SAY", "PHONETIC"],
    syntax: "SAY PHONETIC text keys",
    text: "Spells a text in the words of the phonetic alphabet. The result is the code of the key that interrupted, or 0.",
    without_call: false,
};

#[async_trait]
impl Command for SayPhonetic {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [text, keys] = arguments else {
            return Err(Fault::Usage);
        };
        let sounds = session.run.grammar().phonetic(text);
        session.say(sounds, keys).await
    }
}
