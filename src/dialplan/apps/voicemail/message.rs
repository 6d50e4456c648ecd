//! The recording: taken, perhaps reviewed, and kept for each mailbox.

use super::exit;
use crate::dialplan::apps::memo;
use crate::dialplan::arguments::Options;
use crate::dialplan::channel::{Audio, Gone, MailboxFacts, Played, RecordRequest, Recorded, RecordedEnd};
use crate::dialplan::interp::{Place, Run};
use crate::dialplan::substitute::Values as _;
use crate::limits;
use std::time::Duration;

/// What came of it.
pub enum Left {
    /// A recording that was to be a memo; the variables say what became of it.
    Memo,
    /// The caller did not want it kept.
    Nothing,
    /// A key led there.
    Elsewhere(Place),
}

/// What the review offers: to keep, to hear, to record anew; and to forget.
const REVIEW: &[&str] = &["vm-review", "vm-tocancelmsg"];
/// The keys that answer it.
const REVIEW_KEYS: &str = "1230*";
/// How often the review is offered to a caller who presses nothing.
const OFFERS: u32 = 3;
/// How long a key is waited for after it was asked for.
const PATIENCE: Duration = Duration::from_secs(6);
/// The same for a question on the way to the operator.
const OPERATOR_PATIENCE: Duration = Duration::from_secs(3);

/// Records after the beep, and keeps what was said.
pub async fn take(run: &mut Run<'_>, mailboxes: &[MailboxFacts], options: &Options) -> Result<Left, Gone> {
    let Some(first) = mailboxes.first() else {
        return Ok(Left::Nothing);
    };
    loop {
        let recorded = record(run, mailboxes, first, options).await?;
        match recorded.end {
            RecordedEnd::Hangup => {
                keep(run, recorded, mailboxes).await;
                return Err(Gone);
            }
            RecordedEnd::Digit('0') => {
                if let Some(operator) = exit(run, "o") {
                    return to_operator(run, recorded, mailboxes, operator).await;
                }
            }
            _ => {}
        }
        if recorded.duration < first.min && recorded.end != RecordedEnd::Failed {
            keep(run, recorded, mailboxes).await;
            say(run, "vm-tooshort").await?;
            if first.review {
                continue;
            }
            return Ok(Left::Memo);
        }
        // A recording that failed is kept as far as it goes; the caller cannot choose between it and another.
        if !first.review || recorded.end == RecordedEnd::Failed {
            if !keep(run, recorded, mailboxes).await {
                say(run, "memo-failed").await?;
            }
            return Ok(Left::Memo);
        }
        match review(run, &recorded).await {
            // Who hangs up instead of answering has left a message.
            Err(Gone) => {
                keep(run, recorded, mailboxes).await;
                return Err(Gone);
            }
            Ok(Choice::Keep) => {
                let kept = keep(run, recorded, mailboxes).await;
                say(run, if kept { "vm-msgsaved" } else { "memo-failed" }).await?;
                return Ok(Left::Memo);
            }
            Ok(Choice::Anew) => run.channel.discard(recorded).await,
            Ok(Choice::Forget) => {
                run.channel.discard(recorded).await;
                say(run, "vm-deleted").await?;
                return Ok(Left::Nothing);
            }
            Ok(Choice::Operator(place)) => return to_operator(run, recorded, mailboxes, place).await,
        }
    }
}

async fn record(
    run: &mut Run<'_>,
    mailboxes: &[MailboxFacts],
    mailbox: &MailboxFacts,
    options: &Options,
) -> Result<Recorded, Gone> {
    match options.value('t') {
        Some("") => {}
        Some(sound) => say(run, sound).await?,
        None if mailbox.beep => say(run, "beep").await?,
        None => {}
    }
    let mut terminators = "#".to_string();
    if exit(run, "o").is_some() {
        terminators.push('0');
    }
    let request = RecordRequest {
        limit: mailbox.max.min(Duration::from_secs(limits::RECORDING_SECS)),
        silence: mailbox.silence,
        terminators,
        mailboxes: mailboxes.iter().map(|mailbox| mailbox.name.clone()).collect(),
    };
    run.record(request).await
}

/// What a caller wants done with a recording.
enum Choice {
    Keep,
    Anew,
    Forget,
    Operator(Place),
}

/// Asks; a caller who presses nothing keeps it.
async fn review(run: &mut Run<'_>, recorded: &Recorded) -> Result<Choice, Gone> {
    let operator = exit(run, "o");
    let mut offers = 0;
    while offers < OFFERS {
        offers += 1;
        let mut key = ask(run, REVIEW, REVIEW_KEYS, PATIENCE).await?;
        while key == Some('2') {
            key = listen(run, recorded).await?;
            // Whoever listens is there.
            offers = 0;
        }
        match (key, &operator) {
            (Some('1'), _) => return Ok(Choice::Keep),
            (Some('3'), _) => return Ok(Choice::Anew),
            (Some('*'), _) => return Ok(Choice::Forget),
            (Some('0'), Some(place)) => return Ok(Choice::Operator(place.clone())),
            (Some(_), _) => say(run, "vm-sorry").await?,
            (None, _) => {}
        }
    }
    Ok(Choice::Keep)
}

/// Plays the recording to the caller, to its end or until one of the review's keys. The audio is wiped when it was heard.
async fn listen(run: &mut Run<'_>, recorded: &Recorded) -> Result<Option<char>, Gone> {
    let Some(audio) = run.channel.rehearse(recorded).await? else {
        say(run, "memo-cannot-play").await?;
        return Ok(None);
    };
    let start = Duration::ZERO;
    let played = run.play(&[Audio::Memo { audio, start }], REVIEW_KEYS).await?;
    Ok(match played {
        Played::Digit(key) => Some(key),
        Played::Finished | Played::Missing(_) => None,
    })
}

/// The caller wants the operator: what was said is kept where a key says so.
async fn to_operator(
    run: &mut Run<'_>,
    recorded: Recorded,
    mailboxes: &[MailboxFacts],
    operator: Place,
) -> Result<Left, Gone> {
    match ask(run, &["vm-saveoper"], "1", OPERATOR_PATIENCE).await {
        Ok(Some('1')) => {
            let kept = keep(run, recorded, mailboxes).await;
            say(run, if kept { "vm-msgsaved" } else { "memo-failed" }).await?;
        }
        Ok(_) => {
            run.channel.discard(recorded).await;
            say(run, "vm-deleted").await?;
        }
        Err(Gone) => {
            keep(run, recorded, mailboxes).await;
            return Err(Gone);
        }
    }
    Ok(Left::Elsewhere(operator))
}

/// Keeps a recording for each mailbox, and sets the variables; whether all of them have it.
async fn keep(run: &mut Run<'_>, recorded: Recorded, mailboxes: &[MailboxFacts]) -> bool {
    let Some((first, others)) = mailboxes.split_first() else {
        run.channel.discard(recorded).await;
        return false;
    };
    let mut copies = Vec::with_capacity(others.len());
    for mailbox in others {
        copies.push((run.channel.copy(&recorded, &mailbox.name).await, mailbox));
    }
    let mut all = memo::keep(run, recorded, first).await == "memo-saved";
    let mut status = run.variable("MEMO_STATUS").into_owned();
    let mut ids: Vec<String> = vec![run.variable("MEMO_ID").into_owned()];
    for (copy, mailbox) in copies {
        let Some(copy) = copy else {
            tracing::error!(mailbox = %mailbox.name, "a message could not be copied for a mailbox");
            all = false;
            continue;
        };
        all &= memo::keep(run, copy, mailbox).await == "memo-saved";
        if !run.variable("MEMO_ID").is_empty() {
            status = run.variable("MEMO_STATUS").into_owned();
            ids.push(run.variable("MEMO_ID").into_owned());
        }
    }
    ids.retain(|id| !id.is_empty());
    run.set("MEMO_STATUS", status);
    run.set("MEMO_ID", ids.join("&"));
    all
}

/// Plays a question, and waits for a key; one of `keys` ends the question early.
async fn ask(
    run: &mut Run<'_>,
    sounds: &[&str],
    keys: &str,
    patience: Duration,
) -> Result<Option<char>, Gone> {
    let sounds: Vec<Audio> = sounds.iter().map(|name| Audio::File(name.to_string())).collect();
    match run.play(&sounds, keys).await? {
        Played::Digit(key) => Ok(Some(key)),
        Played::Finished | Played::Missing(_) => run.read_digit(patience).await,
    }
}

async fn say(run: &mut Run<'_>, sound: &str) -> Result<(), Gone> {
    run.play(&[Audio::File(sound.to_string())], "").await.map(|_| ())
}
