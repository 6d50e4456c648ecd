use super::{Answer, Command, Fault, Session, Usage};
use super::{integer, millis, samples};
use crate::dialplan::channel::{Audio, Played};
use async_trait::async_trait;

/// GET OPTION
pub struct GetOption;

static USAGE: Usage = Usage {
    words: &["GET", "OPTION"],
    syntax: "GET OPTION sound keys [timeout]",
    text: "Plays a sound, and then waits for so many milliseconds, by default TIMEOUT(digit), for one of the keys. The result is the code of the key, or 0, and where in the sound it ended.",
    without_call: false,
};

#[async_trait]
impl Command for GetOption {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (sound, keys, timeout) = match arguments {
            [sound, keys] => (sound, keys, session.run.timeouts.digit),
            [sound, keys, timeout] => (sound, keys, millis(integer(timeout)?)),
            _ => return Err(Fault::Usage),
        };
        let run = &mut *session.run;
        let played = run.play(&[Audio::File(sound.to_string())], keys).await?;
        let digit = match played {
            Played::Missing(_) => return Ok(Answer::endpos(0, 0)),
            Played::Digit(digit) => Some(digit),
            Played::Finished if timeout.is_zero() => None,
            Played::Finished => run.read_digit(timeout).await?,
        };
        let samples = samples(run.channel.heard());
        let wanted = digit.filter(|digit| keys.contains(*digit));
        Ok(Answer::endpos(wanted.map_or(0, u32::from), samples))
    }
}
