//! What the applications share that open memos by telephone codes: asking for a code, what is said to a wrong one, and
//! playing with keys that wind.
//!
//! A code is collected into digits that are wiped; it is never in a variable, an argument or the log.

use super::{Run, KEYS};
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use crate::dialplan::memos::Refusal;
use crate::dialplan::substitute::Values as _;
use crate::limits;
use crate::secret::Digits;

pub mod playback;

/// Digits of a domain's number at most.
const DOMAIN_DIGITS: usize = 16;

/// What a caller keyed.
pub struct Keyed {
    /// The number of another domain, where `*` came behind it.
    pub domain: Option<Digits>,
    /// The code.
    pub code: Digits,
}

/// Asks for a code with that sound, which a key interrupts. It ends with `#`, with `most` digits, or where no further
/// digit comes in time. `*` begins it anew, or ends the number of another domain where that may come first.
pub async fn ask(run: &mut Run<'_>, sound: &str, most: usize, with_domain: bool) -> Result<Keyed, Gone> {
    let mut keyed = Keyed {
        domain: None,
        code: Digits::new(),
    };
    let mut next = match play(run, &[sound], KEYS).await? {
        Some(key) => Some(key),
        None => run.read_digit(run.timeouts.response).await?,
    };
    while let Some(key) = next.filter(|key| *key != '#') {
        match key {
            '*' => {
                let digits = std::mem::take(&mut keyed.code);
                let is_domain =
                    with_domain && keyed.domain.is_none() && (1..=DOMAIN_DIGITS).contains(&digits.len());
                keyed.domain = is_domain.then_some(digits);
            }
            key => {
                keyed.code.push(key);
            }
        }
        if keyed.code.len() >= most {
            break;
        }
        next = run.read_digit(run.timeouts.digit).await?;
    }
    Ok(keyed)
}

/// Whether this call has had all the attempts that it may have: then it is ended with a word.
pub async fn is_over(run: &mut Run<'_>) -> Result<Option<Flow>, Gone> {
    if run.wrong_codes < limits::TELEPHONE_WRONG_IN_A_CALL {
        return Ok(None);
    }
    play(run, &["vm-goodbye"], "").await?;
    Ok(Some(Flow::Hangup(NORMAL_CLEARING)))
}

/// Says what became of a code that opened nothing, and where the dialplan goes on; nowhere where the caller may try again.
pub async fn refuse(run: &mut Run<'_>, app: &str, refusal: Refusal) -> Result<Option<Flow>, Gone> {
    match refusal {
        Refusal::Wrong => {
            run.wrong_codes += 1;
            play(run, &["vm-incorrect"], "").await?;
            return is_over(run).await;
        }
        Refusal::TooOften => play(run, &["memo-code-later"], "").await?,
        Refusal::Off => play(run, &["memo-code-off"], "").await?,
        other => {
            say_why(run, app, other).await?;
            None
        }
    };
    Ok(Some(Flow::Next))
}

/// Says why a memo that is there cannot be heard.
pub async fn say_why(run: &mut Run<'_>, app: &str, refusal: Refusal) -> Result<(), Gone> {
    let sound = match refusal {
        Refusal::Expired => "memo-gone",
        Refusal::Unplayable(why) => {
            run.complain(format!("{app}: a memo cannot be played: {why}"));
            "memo-cannot-play"
        }
        Refusal::Failed(why) => {
            run.complain(format!("{app}: {why}"));
            "memo-code-failed"
        }
        Refusal::Wrong | Refusal::TooOften | Refusal::Off => "memo-code-failed",
    };
    play(run, &[sound], "").await.map(drop)
}

/// Plays sounds; the key of `keys` that interrupted them.
pub async fn play(run: &mut Run<'_>, sounds: &[&str], keys: &str) -> Result<Option<char>, Gone> {
    let sounds: Vec<Audio> = sounds
        .iter()
        .map(|name| Audio::File((*name).to_string()))
        .collect();
    match run.play(&sounds, keys).await? {
        Played::Digit(key) => Ok(Some(key)),
        Played::Finished | Played::Missing(_) => Ok(None),
    }
}
