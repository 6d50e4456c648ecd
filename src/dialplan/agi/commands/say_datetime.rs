use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SAY DATETIME
pub struct SayDatetime;

static USAGE: Usage = Usage {
    words: &["SAY", "DATETIME"],
    syntax: "SAY DATETIME seconds keys [format [zone]]",
    text: "Says a date and a time, so many seconds after the beginning of 1970, in a format as SayUnixTime has it; the zone is one of the tz database. The result is the code of the key that interrupted, or 0.",
    without_call: false,
};

#[async_trait]
impl Command for SayDatetime {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (time, keys, format, zone) = match arguments {
            [time, keys] => (time, keys, "", None),
            [time, keys, format] => (time, keys, *format, None),
            [time, keys, format, zone] => (time, keys, *format, Some(*zone)),
            _ => return Err(Fault::Usage),
        };
        session.say_moment(time, keys, format, zone).await
    }
}
