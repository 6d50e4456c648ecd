use super::{Answer, Command, Fault, Session, Usage};
use super::integer;
use async_trait::async_trait;

/// SAY NUMBER
pub struct SayNumber;

static USAGE: Usage = Usage {
    words: &["SAY", "NUMBER"],
    syntax: "SAY NUMBER number keys [gender]",
    text: "Says a whole number. The result is the code of the key that interrupted, or 0; -1 for a number that there are no words for.",
    without_call: false,
};

#[async_trait]
impl Command for SayNumber {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (number, keys, gender) = match arguments {
            [number, keys] => (number, keys, None),
            [number, keys, gender] => (number, keys, gender.chars().next()),
            _ => return Err(Fault::Usage),
        };
        let gender = gender.map(|letter| letter.to_ascii_lowercase());
        match session.run.grammar().number(integer(number)?, gender) {
            Some(sounds) => session.say(sounds, keys).await,
            None => Ok(Answer::result(-1)),
        }
    }
}
