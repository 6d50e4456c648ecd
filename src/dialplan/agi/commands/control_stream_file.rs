use super::{integer, millis, Answer, Command, Fault, Session, Usage, LONGEST};
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::Run;
use async_trait::async_trait;
use std::time::Duration;

/// CONTROL STREAM FILE
pub struct ControlStreamFile;

static USAGE: Usage = Usage {
    words: &["CONTROL", "STREAM", "FILE"],
    syntax: "CONTROL STREAM FILE sound keys [skip [forward [back [pause [offset]]]]]",
    text: "Plays a sound that the caller can lead: by # forward and by * back (or other keys), by so many milliseconds \
           (3,000), and by a key that pauses, where one is named; one of the other keys ends it. The offset, in \
           milliseconds, is where it begins. The result is the code of the key, or 0, and where it ended, in \
           milliseconds. CPLAYBACKSTATUS is then SUCCESS, USERSTOPPED or ERROR, CPLAYBACKOFFSET the same place, and \
           CPLAYBACKSTOPKEY the key.",
    without_call: false,
};

#[async_trait]
impl Command for ControlStreamFile {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [sound, stop, rest @ ..] = arguments else {
            return Err(Fault::Usage);
        };
        let time = |index: usize, default: Duration| match rest.get(index) {
            Some(word) => Ok::<_, Fault>(millis(integer(word)?)),
            None => Ok(default),
        };
        let keys = |index: usize, default: &str| rest.get(index).map_or(default.to_string(), |keys| keys.to_string());
        let mut player = Player {
            sound: sound.to_string(),
            at: time(4, Duration::ZERO)?,
            skip: time(0, Duration::from_millis(3_000))?,
            forward: keys(1, "#"),
            back: keys(2, "*"),
            pause: keys(3, ""),
            stop: stop.to_string(),
        };
        let run = &mut *session.run;
        run.set("CPLAYBACKSTATUS", "ERROR");
        let ended = player.play(run).await?;
        let offset = player.at.as_millis();
        let (result, status, key) = match ended {
            Played::Finished => (0, "SUCCESS", String::new()),
            Played::Digit(key) => (i64::from(u32::from(key)), "USERSTOPPED", key.to_string()),
            Played::Missing(_) => (-1, "ERROR", String::new()),
        };
        run.set("CPLAYBACKSTATUS", status);
        run.set("CPLAYBACKOFFSET", offset.to_string());
        run.set("CPLAYBACKSTOPKEY", key);
        Ok(Answer::Result(format!("{result} endpos={offset}")))
    }
}

/// A sound that keys lead.
struct Player {
    sound: String,
    /// Where in it the caller is.
    at: Duration,
    skip: Duration,
    forward: String,
    back: String,
    pause: String,
    stop: String,
}

impl Player {
    /// To the end, or to a key that ends it.
    async fn play(&mut self, run: &mut Run<'_>) -> Result<Played, Gone> {
        let keys = format!("{}{}{}{}", self.stop, self.forward, self.back, self.pause);
        loop {
            let name = self.sound.clone();
            let audio = match self.at.is_zero() {
                true => Audio::File(name),
                false => Audio::From { name, start: self.at },
            };
            let played = run.play(&[audio], &keys).await?;
            if !matches!(played, Played::Missing(_)) {
                self.at += run.channel.heard();
            }
            let Played::Digit(mut key) = played else {
                return Ok(played);
            };
            if self.pause.contains(key) {
                key = self.paused(run).await?;
                if self.pause.contains(key) {
                    continue;
                }
            }
            if self.forward.contains(key) {
                self.at += self.skip;
            } else if self.back.contains(key) {
                self.at = self.at.saturating_sub(self.skip);
            } else {
                return Ok(Played::Digit(key));
            }
        }
    }

    /// Waits for a key that goes on or ends it.
    async fn paused(&self, run: &mut Run<'_>) -> Result<char, Gone> {
        loop {
            match run.read_digit(LONGEST).await? {
                Some(key) if self.pause.contains(key) || self.stop.contains(key) => return Ok(key),
                _ => {}
            }
        }
    }
}
