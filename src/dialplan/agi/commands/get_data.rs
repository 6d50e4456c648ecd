use super::{Answer, Command, Fault, Session, Usage};
use super::{integer, millis};
use crate::dialplan::apps::KEYS;
use crate::dialplan::channel::{Audio, Played};
use crate::limits;
use async_trait::async_trait;

/// GET DATA
pub struct GetData;

static USAGE: Usage = Usage {
    words: &["GET", "DATA"],
    syntax: "GET DATA sound [timeout [digits]]",
    text: "Plays a sound and collects digits until #, until there are so many (255 at most), or until none comes for so many milliseconds; without a timeout, for as long as TIMEOUT(response) and TIMEOUT(digit) say. The result is the digits, followed by (timeout) where the time ended them.",
    without_call: false,
};

#[async_trait]
impl Command for GetData {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (sound, timeout, most) = match arguments {
            [sound] => (sound, 0, limits::DIGITS),
            [sound, timeout] => (sound, integer(timeout)?, limits::DIGITS),
            [sound, timeout, most, ..] => (sound, integer(timeout)?, digits(integer(most)?)),
            [] => return Err(Fault::Usage),
        };
        let run = &mut *session.run;
        let timeout = Some(millis(timeout)).filter(|time| !time.is_zero());
        let mut entered = String::new();
        let mut next = match sound.is_empty() {
            true => Played::Finished,
            false => run.play(&[Audio::File(sound.to_string())], KEYS).await?,
        };
        loop {
            let digit = match next {
                Played::Digit(digit) => Some(digit),
                Played::Missing(_) => return Ok(Answer::result(-1)),
                Played::Finished => {
                    let usual = if entered.is_empty() { run.timeouts.response } else { run.timeouts.digit };
                    run.read_digit(timeout.unwrap_or(usual)).await?
                }
            };
            next = Played::Finished;
            match digit {
                None => return Ok(Answer::Result(format!("{entered} (timeout)"))),
                Some('#') => return Ok(Answer::result(entered)),
                Some(digit) => entered.push(digit),
            }
            if entered.len() >= most {
                return Ok(Answer::result(entered));
            }
        }
    }
}

/// How many digits are collected: none asked for are as many as there may be.
fn digits(most: i64) -> usize {
    usize::try_from(most).ok().filter(|most| (1..limits::DIGITS).contains(most)).unwrap_or(limits::DIGITS)
}
