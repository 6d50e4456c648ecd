use super::recording::{self, plain_path, Destination};
use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::{Audio, RecordRequest, RecordedEnd};
use crate::dialplan::interp::{Flow, Stop};
use crate::limits;
use std::time::Duration;
use async_trait::async_trait;

/// Record
pub struct Record;

static MANUAL: Manual = Manual {
    name: "Record",
    syntax: "Record(file.format[,silence[,maxduration[,options]]])",
    synopsis: "Records the caller.",
    text: "A recording is sealed and stored as a memo, in the mailbox that the variable \
           MEMO_MAILBOX names, else in `main`: the name of the file has then no meaning. A plain \
           file is written only where the configuration permits it: `[dialplan] allow = \
           [\"Record\"]`; the format is then wav, and the name may not leave its folder.\n\nAnswers the \
           call where that was not done, beeps, and records until `#`, until so many seconds of \
           silence (0: never), or until the limit, an hour where none is given.",
    options: &[("a", "Append: accepted without effect, each recording is its own."), ("n", "Records without answering."), ("o", "`0` ends it too, with the status OPERATOR."), ("q", "No beep."), ("s", "Does nothing where the call is not answered."), ("t", "`*` ends it in place of `#`."), ("u", "Accepted without effect."), ("x", "No key ends it."), ("y", "Any key ends it."), ("k", "A plain file is kept although the caller hung up; a memo always is.")],
    variables: &[("RECORD_STATUS", "DTMF; SILENCE; TIMEOUT; HANGUP; OPERATOR; SKIP; ERROR"), ("RECORDED_FILE", "the name of a plain file, without its extension"), ("MEMO_MAILBOX", "read: the mailbox of a sealed recording"), ("MEMO_STATUS, MEMO_ID, MEMO_SECONDS", "as Memo sets them")],
};

#[async_trait]
impl Application for Record {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let parts = check.parts();
        let Some((range, file)) = parts.first() else {
            check.expected(0..0, "file.format");
            return;
        };
        if file.contains("%d") {
            let finding = Diagnostic::error("record-counter", "%d, which counts files, is refused");
            check.report(range.clone(), finding.hint("use ${UNIQUEID} in the name"));
        }
        if check.allows("Record") {
            let finding = Diagnostic::warning("plain-recording", "this writes the caller's voice in plain");
            check.report(range.clone(), finding.hint("Memo(mailbox) seals it"));
            if !file.contains('$') && plain_path(file.trim()).is_none() {
                check.expected(range.clone(), "a name that ends with .wav and does not leave its folder");
            }
        }
        check.seconds(1);
        check.seconds(2);
        check.option_letters(3, "anoqstuxyk");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(3);
        let file = arguments.get(0).trim().to_string();
        run.set("RECORD_STATUS", "ERROR");
        if file.contains("%d") {
            return Err(Stop::Failed("Record does not count files: %d is refused".to_string()));
        }
        let destination = Destination::of(run, &file).map_err(Stop::Failed)?;
        if !run.channel.is_answered() {
            if options.has('s') {
                run.set("RECORD_STATUS", "SKIP");
                return Ok(Flow::Next);
            }
            if !options.has('n') {
                run.channel.answer().await?;
            }
        }
        run.set("RECORD_STATUS", "HANGUP");
        if !options.has('q') {
            run.play(&[Audio::File("beep".to_string())], "").await?;
        }
        let mut terminators = match (options.has('x'), options.has('y'), options.has('t')) {
            (true, ..) => String::new(),
            (_, true, _) => super::KEYS.to_string(),
            (.., true) => "*".to_string(),
            _ => "#".to_string(),
        };
        if options.has('o') {
            terminators.push('0');
        }
        let longest = Duration::from_secs(limits::RECORDING_SECS);
        let request = RecordRequest {
            limit: super::seconds(arguments.get(2)).filter(|t| !t.is_zero()).unwrap_or(longest).min(longest),
            silence: super::seconds(arguments.get(1)).filter(|t| !t.is_zero()),
            terminators,
            mailboxes: destination.mailboxes(run),
        };
        let recorded = run.record(request).await?;
        let end = recorded.end;
        let kept = match &destination {
            // As in Asterisk, a plain file of a caller who hung up is kept only where the option says so.
            Destination::Plain(_) if end == RecordedEnd::Hangup && !options.has('k') => {
                run.channel.discard(recorded).await;
                true
            }
            Destination::Plain(path) => {
                run.set("RECORDED_FILE", path.trim_end_matches(".wav"));
                recording::keep(run, recorded, &destination).await
            }
            Destination::Sealed => recording::keep(run, recorded, &destination).await,
        };
        run.set(
            "RECORD_STATUS",
            match end {
                _ if !kept => "ERROR",
                RecordedEnd::Digit('0') if options.has('o') => "OPERATOR",
                RecordedEnd::Digit(_) => "DTMF",
                RecordedEnd::Silence => "SILENCE",
                RecordedEnd::Limit => "TIMEOUT",
                RecordedEnd::Hangup => "HANGUP",
                RecordedEnd::Failed => "ERROR",
            },
        );
        match end {
            RecordedEnd::Hangup => Err(Stop::Gone),
            _ => Ok(Flow::Next),
        }
    }
}
