use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::{Audio, Gone, Kept, MailboxFacts, Played, RecordRequest, Recorded, RecordedEnd};
use crate::dialplan::interp::{Flow, Stop};
use crate::limits;
use async_trait::async_trait;
use std::time::Duration;

/// Memo
pub struct Memo;

static MANUAL: Manual = Manual {
    name: "Memo",
    syntax: "Memo(mailbox[,options])",
    synopsis: "Records the caller, seals the recording and stores it as a memo of the mailbox.",
    text: "Answers the call where that was not done, beeps, and records until `#`, silence, the mailbox's limit or \
           hang-up. The recording is encrypted while it is made; only the holder of its link can hear it. Then says \
           `memo-saved`, or `memo-too-short`, or `memo-failed`. A disk that is full ends the recording, and a switch that \
           stops in the middle of it loses no more than its last second, where the mailbox has an owner key.\n\n\
           A caller who hangs up leaves a memo all the same, unless it is shorter than the mailbox's `min_secs`; the \
           variables are there for `h`. After a terminator, silence or the limit the dialplan goes on.",
    options: &[
        ("s", "No beep."),
        ("q", "Says nothing after the recording."),
        ("t(seconds)", "Records no longer than that, in place of the mailbox's `max_secs`."),
        ("i(seconds)", "Ends after so much silence, in place of the mailbox's `silence_secs`; 0 never."),
        ("k(keys)", "The keys that end the recording, in place of `#`; `k()` for none."),
    ],
    variables: &[
        (
            "MEMO_STATUS",
            "STORED; INCOMPLETE where the disk took only a part of it, which is kept; TOOSHORT; HANGUP where the caller was gone before the recording began; FAILED where the mailbox \
             does not exist, nothing could be recorded, or the store could not take it",
        ),
        ("MEMO_ID", "the id of a stored or incomplete memo, else empty; it opens nothing"),
        ("MEMO_SECONDS", "how long the recording was, in whole seconds"),
    ],
};

#[async_trait]
impl Application for Memo {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        match check.parts().first() {
            Some((range, name)) if !name.trim().is_empty() => check.mailbox(range.clone(), name.trim()),
            _ => check.expected(0..0, "the name of a mailbox"),
        }
        check.option_letters(1, "sqtik");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(1);
        run.set("MEMO_STATUS", "FAILED");
        run.set("MEMO_ID", "");
        run.set("MEMO_SECONDS", "0");
        if let Err(gone) = run.channel.answer().await {
            run.set("MEMO_STATUS", "HANGUP");
            return Err(gone.into());
        }
        let Some(mailbox) = run.channel.mailbox(arguments.get(0).trim()) else {
            tracing::error!(mailbox = arguments.get(0), "a memo for a mailbox that does not exist");
            if !options.has('q') {
                say(run, "memo-failed").await?;
            }
            return Ok(Flow::Next);
        };
        if mailbox.beep && !options.has('s') {
            let beep = [Audio::File("beep".to_string())];
            if let Err(gone) = run.play(&beep, "").await {
                run.set("MEMO_STATUS", "HANGUP");
                return Err(gone.into());
            }
        }
        let longest = Duration::from_secs(limits::RECORDING_SECS);
        let request = RecordRequest {
            limit: options.value('t').and_then(super::seconds).unwrap_or(mailbox.max).min(longest),
            silence: match options.value('i').and_then(super::seconds) {
                Some(silence) => Some(silence).filter(|s| !s.is_zero()),
                None => mailbox.silence,
            },
            terminators: options.value('k').unwrap_or("#").to_string(),
            mailboxes: vec![mailbox.name.clone()],
        };
        let recorded = match run.record(request).await {
            Ok(recorded) => recorded,
            Err(Gone) => {
                run.set("MEMO_STATUS", "HANGUP");
                return Err(Stop::Gone);
            }
        };
        let end = recorded.end;
        let sound = keep(run, recorded, &mailbox).await;
        if end == RecordedEnd::Hangup {
            return Err(Stop::Gone);
        }
        if !options.has('q') {
            say(run, sound).await?;
        }
        Ok(Flow::Next)
    }
}

/// Makes a memo of a recording that is long enough, and sets the variables. Gives the sound that tells how it went.
pub(super) async fn keep(run: &mut Run<'_>, recorded: Recorded, mailbox: &MailboxFacts) -> &'static str {
    let (end, duration) = (recorded.end, recorded.duration);
    run.set("MEMO_STATUS", "FAILED");
    run.set("MEMO_ID", "");
    run.set("MEMO_SECONDS", duration.as_secs().to_string());
    // Where recording failed it was not the caller who was too short: what there is of the message is kept.
    if duration < mailbox.min && end != RecordedEnd::Failed {
        run.channel.discard(recorded).await;
        run.set("MEMO_STATUS", "TOOSHORT");
        return "memo-too-short";
    }
    match run.channel.keep(recorded, &mailbox.name).await {
        Kept::Stored { memo_id, complete } => {
            let complete = complete && end != RecordedEnd::Failed;
            run.set("MEMO_STATUS", if complete { "STORED" } else { "INCOMPLETE" });
            run.set("MEMO_ID", memo_id);
            match complete {
                true => "memo-saved",
                false => "memo-failed",
            }
        }
        Kept::Failed => "memo-failed",
    }
}

async fn say(run: &mut Run<'_>, sound: &str) -> Result<Played, Gone> {
    run.play(&[Audio::File(sound.to_string())], "").await
}
