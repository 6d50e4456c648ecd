use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::leading_integer;
use async_trait::async_trait;
use std::time::Duration;

/// ControlPlayback
pub struct ControlPlayback;

static MANUAL: Manual = Manual {
    name: "ControlPlayback",
    syntax: "ControlPlayback(sound[,skipms[,forward[,back[,stop[,pause[,restart[,options]]]]]]])",
    synopsis: "Plays a sound that the caller can wind.",
    text: "Answers the call first. `#` winds forward and `*` back, by three seconds or as many milliseconds as are \
           given, unless other keys are named, or these are used for something else. The stop keys end it. The pause \
           key stops it and lets it go on; without a key it goes on by itself after ten minutes. The restart key \
           begins again. Other keys are kept for what comes next.",
    options: &[("o(ms)", "Begins so many milliseconds into the sound.")],
    variables: &[
        ("CPLAYBACKSTATUS", "SUCCESS; USERSTOPPED; ERROR where there is no such sound"),
        ("CPLAYBACKOFFSET", "where it was when it ended, in milliseconds; -1 at its end"),
        ("CPLAYBACKSTOPKEY", "the key that ended it"),
    ],
};

/// How far a key winds where nobody says how far.
const SKIP: Duration = Duration::from_secs(3);
/// The longest pause.
const PAUSE: Duration = Duration::from_secs(600);

#[async_trait]
impl Application for ControlPlayback {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check.arguments().trim().is_empty() {
            check.expected(0..0, "a sound");
        }
        check.sound_list(0);
        check.milliseconds(1);
        check.option_letters(7, "o");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let name = arguments.get(0).trim().to_string();
        let keys = Keys::parse(&arguments);
        let start = arguments.options(7).value('o').and_then(super::milliseconds);
        run.set("CPLAYBACKSTATUS", "ERROR");
        run.set("CPLAYBACKOFFSET", "-1");
        run.set("CPLAYBACKSTOPKEY", "");
        run.channel.answer().await?;
        let end = play(run, &name, &keys, start.unwrap_or_default()).await?;
        match end {
            End::Missing => {}
            End::Over => run.set("CPLAYBACKSTATUS", "SUCCESS"),
            End::Stopped { key, at } => {
                run.set("CPLAYBACKSTATUS", "USERSTOPPED");
                run.set("CPLAYBACKSTOPKEY", key.to_string());
                run.set("CPLAYBACKOFFSET", at.as_millis().to_string());
            }
        }
        Ok(Flow::Next)
    }
}

/// How it ended.
enum End {
    Over,
    Stopped { key: char, at: Duration },
    Missing,
}

/// What a key does.
#[derive(Clone, Copy)]
enum Does {
    Forward,
    Back,
    Stop,
    Pause,
    Restart,
}

/// The keys of it.
struct Keys {
    skip: Duration,
    /// The keys for each act, in the order in which they are asked.
    acts: [(Does, String); 5],
}

impl Keys {
    fn parse(arguments: &Arguments) -> Self {
        let named = |index: usize| -> String {
            let keys = arguments.get(index).trim();
            let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
            match keys.starts_with(is_key) {
                true => keys.to_string(),
                false => String::new(),
            }
        };
        let [mut forward, mut back, stop, pause, restart] = [2, 3, 4, 5, 6].map(named);
        let free = |key: char, other: &str| {
            ![other, &stop, &pause, &restart]
                .iter()
                .any(|keys| keys.contains(key))
        };
        if forward.is_empty() && free('#', &back) {
            forward.push('#');
        }
        if back.is_empty() && free('*', &forward) {
            back.push('*');
        }
        let skip = leading_integer(arguments.get(1)).filter(|ms| *ms > 0);
        Keys {
            skip: skip.map_or(SKIP, |ms| Duration::from_millis(ms.unsigned_abs())),
            acts: [
                (Does::Forward, forward),
                (Does::Back, back),
                (Does::Stop, stop),
                (Does::Pause, pause),
                (Does::Restart, restart),
            ],
        }
    }

    fn all(&self) -> String {
        self.acts.iter().map(|(_, keys)| keys.as_str()).collect()
    }

    fn does(&self, key: char) -> Option<Does> {
        self.acts
            .iter()
            .find(|(_, keys)| keys.contains(key))
            .map(|(does, _)| *does)
    }
}

async fn play(run: &mut Run<'_>, name: &str, keys: &Keys, start: Duration) -> Result<End, Gone> {
    let interrupt = keys.all();
    let mut at = start;
    loop {
        let audio = match at.is_zero() {
            true => Audio::File(name.to_string()),
            false => Audio::From {
                name: name.to_string(),
                start: at,
            },
        };
        let key = match run.play(&[audio], &interrupt).await? {
            Played::Finished => return Ok(End::Over),
            Played::Missing(_) => return Ok(End::Missing),
            Played::Digit(key) => key,
        };
        at = at.saturating_add(run.channel.heard());
        let mut act = keys.does(key).map(|does| (does, key));
        if let Some((Does::Pause, _)) = act {
            act = pause(run, keys).await?;
        }
        match act {
            Some((Does::Forward, _)) => at = at.saturating_add(keys.skip),
            Some((Does::Back, _)) => at = at.saturating_sub(keys.skip),
            Some((Does::Restart, _)) => at = Duration::ZERO,
            Some((Does::Stop, key)) => return Ok(End::Stopped { key, at }),
            Some((Does::Pause, _)) | None => {}
        }
    }
}

/// Waits for a key that does something: the pause key lets it go on where it was.
async fn pause(run: &mut Run<'_>, keys: &Keys) -> Result<Option<(Does, char)>, Gone> {
    while let Some(key) = run.read_digit(PAUSE).await? {
        if let Some(does) = keys.does(key) {
            return Ok(Some((does, key)));
        }
    }
    Ok(None)
}
