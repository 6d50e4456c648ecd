//! Playing a memo with the keys that voicemail users know: `*` winds back, `#` ahead, `0` pauses, `2` begins again.

use crate::codec::private::PrivateAudio;
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::Run;
use std::sync::Arc;
use std::time::Duration;

/// How far a key winds.
const SKIP: Duration = Duration::from_secs(3);
/// The longest pause.
const PAUSE: Duration = Duration::from_secs(600);
/// The keys of playing itself.
const WINDING: &str = "*#02";

/// Plays it to its end, or until one of the `stop` keys, which is returned.
pub async fn play(run: &mut Run<'_>, audio: &Arc<PrivateAudio>, stop: &str) -> Result<Option<char>, Gone> {
    let keys = format!("{WINDING}{stop}");
    let mut at = Duration::ZERO;
    loop {
        let piece = Audio::Memo {
            audio: audio.clone(),
            start: at,
        };
        let Played::Digit(mut key) = run.play(&[piece], &keys).await? else {
            return Ok(None);
        };
        at = at.saturating_add(run.channel.heard());
        if key == '0' {
            key = pause(run, &keys).await?;
        }
        match key {
            '#' => at = at.saturating_add(SKIP),
            '*' => at = at.saturating_sub(SKIP),
            '2' => at = Duration::ZERO,
            '0' => {}
            key => return Ok(Some(key)),
        }
        if at >= audio.duration() {
            return Ok(None);
        }
    }
}

/// Waits for a key that does something; `0`, which lets it go on where it was, also where none comes.
async fn pause(run: &mut Run<'_>, keys: &str) -> Result<char, Gone> {
    while let Some(key) = run.read_digit(PAUSE).await? {
        if keys.contains(key) {
            return Ok(key);
        }
    }
    Ok('0')
}
