use super::{Answer, Command, Fault, Session, Usage};
use super::{duration, integer, samples};
use crate::dialplan::channel::{Audio, Played};
use async_trait::async_trait;

/// STREAM FILE
pub struct StreamFile;

static USAGE: Usage = Usage {
    words: &["STREAM", "FILE"],
    syntax: "STREAM FILE sound keys [samples]",
    text: "Plays a sound, from so many samples (8,000 a second) on, until one of the keys. The result is the code of the key, or 0, and where in the sound it ended.",
    without_call: false,
};

#[async_trait]
impl Command for StreamFile {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (sound, keys, offset) = match arguments {
            [sound, keys] => (sound, keys, 0),
            [sound, keys, offset] => (sound, keys, u64::try_from(integer(offset)?).unwrap_or(0)),
            _ => return Err(Fault::Usage),
        };
        let start = duration(offset);
        let name = sound.to_string();
        let audio = if start.is_zero() { Audio::File(name) } else { Audio::From { name, start } };
        let digit = match session.run.play(&[audio], keys).await? {
            Played::Missing(_) => return Ok(Answer::endpos(0, offset)),
            Played::Digit(digit) => u32::from(digit),
            Played::Finished => 0,
        };
        let end = offset.saturating_add(samples(session.run.channel.heard()));
        Ok(Answer::endpos(digit, end))
    }
}
