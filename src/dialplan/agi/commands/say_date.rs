use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SAY DATE
pub struct SayDate;

static USAGE: Usage = Usage {
    words: &["SAY", "DATE"],
    syntax: "SAY DATE seconds keys",
    text: "Says the date, so many seconds after the beginning of 1970. The result is the code of the key that interrupted, or 0.",
    without_call: false,
};

#[async_trait]
impl Command for SayDate {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [time, keys] = arguments else {
            return Err(Fault::Usage);
        };
        let format = session.run.grammar().formats().0.to_string();
        session.say_moment(time, keys, &format, None).await
    }
}
