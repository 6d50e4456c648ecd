//! What the caller hears, and what the keys do: the order of Asterisk's VoiceMailMain.

use super::visit::{Folder, Visit};
use crate::dialplan::apps::telephone::{self, playback};
use crate::dialplan::apps::KEYS;
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::Run;
use crate::dialplan::say::Moment;
use jiff::Timestamp;
use std::time::{Duration, SystemTime};

/// How long a key is waited for after the menu.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often the menu is told to a caller who presses nothing.
const OFFERS: u32 = 3;
/// The keys that end the playing of a memo and do what they do in the menu; the others wind.
const STOP: &str = "13456789";

/// Leads the caller until they end it, or press nothing for long.
pub async fn lead(run: &mut Run<'_>, visit: &mut Visit) -> Result<(), Gone> {
    let mut key = introduce(run, visit).await?;
    let mut silences = 0;
    loop {
        key = match key {
            Some('#') => return Ok(()),
            Some(key) => {
                silences = 0;
                act(run, visit, key).await?
            }
            None => match offer(run, visit).await? {
                Some(key) => Some(key),
                None if silences + 1 >= OFFERS => return Ok(()),
                None => {
                    silences += 1;
                    None
                }
            },
        };
    }
}

/// Does what a key says; the key that was pressed meanwhile.
async fn act(run: &mut Run<'_>, visit: &mut Visit, key: char) -> Result<Option<char>, Gone> {
    let last = visit.memos.len().checked_sub(1);
    match (key, visit.at, last) {
        ('2', _, _) => change_folder(run, visit).await,
        ('*', _, _) => telephone::play(run, &["vm-toplay"], KEYS).await,
        ('1' | '5' | '6' | '4' | '7' | '3', _, None) => {
            telephone::play(run, &["vm-youhave", "vm-no", "vm-messages"], KEYS).await
        }
        ('1', _, Some(_)) | ('5' | '6', None, Some(_)) => play(run, visit, 0).await,
        ('5', Some(at), _) => play(run, visit, at).await,
        ('4', Some(at), _) if at > 0 => play(run, visit, at - 1).await,
        ('6', Some(at), Some(last)) if at < last => play(run, visit, at + 1).await,
        ('4' | '6', _, _) => telephone::play(run, &["vm-nomore"], KEYS).await,
        ('7', Some(_), _) => {
            let sound = match visit.toggle_deleted() {
                true => "vm-deleted",
                false => "vm-undeleted",
            };
            telephone::play(run, &[sound], KEYS).await
        }
        ('3', Some(_), _) => advanced(run, visit).await,
        _ => telephone::play(run, &["vm-sorry"], KEYS).await,
    }
}

/// Says how many memos there are.
async fn introduce(run: &mut Run<'_>, visit: &Visit) -> Result<Option<char>, Gone> {
    let (new, old) = (visit.count(Folder::New), visit.count(Folder::Old));
    let mut sounds = vec!["vm-youhave".to_string()];
    for (count, folder) in [(new, Folder::New), (old, Folder::Old)] {
        if count == 0 {
            continue;
        }
        if sounds.len() > 1 {
            sounds.push("vm-and".to_string());
        }
        sounds.extend(number(run, count));
        sounds.push(folder.sound().to_string());
    }
    if new + old == 0 {
        sounds.push("vm-no".to_string());
    }
    // The word goes with the number before it.
    let before = if old > 0 { old } else { new };
    sounds.push(messages(before).to_string());
    say(run, sounds).await
}

/// Tells what the keys do, and waits for one.
async fn offer(run: &mut Run<'_>, visit: &Visit) -> Result<Option<char>, Gone> {
    let last = visit.memos.len().saturating_sub(1);
    let mut sounds = Vec::new();
    match visit.at {
        None => {
            if !visit.memos.is_empty() {
                sounds.extend(["vm-onefor", visit.folder.sound(), "vm-messages"]);
            }
            sounds.push("vm-opts");
        }
        Some(at) => {
            if at > 0 {
                sounds.push("vm-prev");
            }
            sounds.extend(["vm-advopts", "vm-repeat"]);
            if at < last {
                sounds.push("vm-next");
            }
            sounds.push(if visit.is_deleted() { "vm-undelete" } else { "vm-delete" });
            sounds.push("vm-helpexit");
        }
    }
    match telephone::play(run, &sounds, KEYS).await? {
        Some(key) => Ok(Some(key)),
        None => run.read_digit(PATIENCE).await,
    }
}

/// Tells a memo, and plays it.
async fn play(run: &mut Run<'_>, visit: &mut Visit, at: usize) -> Result<Option<char>, Gone> {
    visit.at = Some(at);
    let mut sounds = match at {
        0 => vec!["vm-first".to_string(), "vm-message".to_string()],
        at if at + 1 == visit.memos.len() => vec!["vm-last".to_string(), "vm-message".to_string()],
        at => {
            let mut sounds = vec!["vm-message".to_string()];
            sounds.extend(number(run, at + 1));
            sounds
        }
    };
    let opened = match visit.open().await {
        Ok(opened) => opened,
        Err(refusal) => {
            let key = say(run, sounds).await?;
            if key.is_none() {
                telephone::say_why(run, "MemoMain", refusal).await?;
            }
            return Ok(key);
        }
    };
    let (audio, caller) = (opened.audio.clone(), opened.caller.clone());
    sounds.extend(envelope(run, visit, &caller));
    match say(run, sounds).await? {
        // 1 skips what is said before the memo.
        None | Some('1') => {
            visit.set_heard().await;
            playback::play(run, &audio, STOP).await
        }
        key => Ok(key),
    }
}

/// The sounds of a memo's date and caller.
fn envelope(run: &Run<'_>, visit: &Visit, caller: &str) -> Vec<String> {
    let mut sounds = Vec::new();
    if let Some(facts) = visit.facts() {
        sounds.push("vm-received".to_string());
        sounds.extend(date(run, facts.recorded));
    }
    let digits: String = caller.chars().filter(char::is_ascii_digit).collect();
    match digits.is_empty() {
        true => sounds.push("vm-unknown-caller".to_string()),
        false => {
            sounds.push("vm-from-phonenumber".to_string());
            sounds.extend(run.grammar().digits(&digits));
        }
    }
    sounds
}

/// Today, yesterday, or less and less of the date the longer ago it is; then the time, as the language has both.
fn date(run: &Run<'_>, recorded: SystemTime) -> Vec<String> {
    let stamp = |time: SystemTime| Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    let now = stamp(run.channel.wall_clock());
    let moment = Moment::new(stamp(recorded), now, run.plan.zone.0.clone());
    let grammar = run.grammar();
    let (_, time) = grammar.formats();
    grammar.moment(&format!("Q 'digits/at' {time}"), &moment).0
}

/// The menu behind `3`: the date and the caller of the memo.
async fn advanced(run: &mut Run<'_>, visit: &mut Visit) -> Result<Option<char>, Gone> {
    let key = match telephone::play(run, &["vm-tohearenv", "vm-starmain"], KEYS).await? {
        Some(key) => Some(key),
        None => run.read_digit(PATIENCE).await?,
    };
    match key {
        Some('3') => match visit.open().await {
            Ok(opened) => {
                let caller = opened.caller.clone();
                let sounds = envelope(run, visit, &caller);
                say(run, sounds).await
            }
            Err(refusal) => {
                telephone::say_why(run, "MemoMain", refusal).await?;
                Ok(None)
            }
        },
        Some('*') | None => Ok(None),
        Some('#') => Ok(Some('#')),
        Some(_) => telephone::play(run, &["vm-sorry"], KEYS).await,
    }
}

/// Asks which folder, and goes there.
async fn change_folder(run: &mut Run<'_>, visit: &mut Visit) -> Result<Option<char>, Gone> {
    let mut sounds = vec!["vm-changeto".to_string()];
    for (n, folder) in [Folder::New, Folder::Old].into_iter().enumerate() {
        sounds.push("vm-press".to_string());
        sounds.extend(number(run, n));
        sounds.extend(["vm-for", folder.sound(), "vm-messages"].map(str::to_string));
    }
    sounds.push("vm-tocancel".to_string());
    let key = match say(run, sounds).await? {
        Some(key) => Some(key),
        None => run.read_digit(PATIENCE).await?,
    };
    let folder = match key {
        Some('0') => Folder::New,
        Some('1') => Folder::Old,
        Some('#') | None => return Ok(None),
        Some(_) => return telephone::play(run, &["vm-sorry"], KEYS).await,
    };
    visit.change(run, folder).await;
    let count = visit.memos.len();
    let mut sounds = match count {
        0 => vec!["vm-no".to_string()],
        count => number(run, count),
    };
    sounds.extend([folder.sound(), messages(count)].map(str::to_string));
    say(run, sounds).await
}

fn messages(count: usize) -> &'static str {
    match count {
        1 => "vm-message",
        _ => "vm-messages",
    }
}

fn number(run: &Run<'_>, number: usize) -> Vec<String> {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    run.grammar().number(number, None).unwrap_or_default()
}

async fn say(run: &mut Run<'_>, sounds: Vec<String>) -> Result<Option<char>, Gone> {
    let sounds: Vec<Audio> = sounds.into_iter().map(Audio::File).collect();
    match run.play(&sounds, KEYS).await? {
        Played::Digit(key) => Ok(Some(key)),
        Played::Finished | Played::Missing(_) => Ok(None),
    }
}
