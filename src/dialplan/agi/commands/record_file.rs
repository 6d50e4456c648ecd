use super::{integer, millis, samples, Answer, Command, Fault, Session, Usage};
use crate::dialplan::apps::recording::{self, Destination};
use crate::dialplan::channel::{Audio, RecordRequest, RecordedEnd};
use crate::dialplan::interp::Stop;
use crate::limits;
use async_trait::async_trait;
use std::time::Duration;

/// RECORD FILE
pub struct RecordFile;

static USAGE: Usage = Usage {
    words: &["RECORD", "FILE"],
    syntax: "RECORD FILE name format keys timeout [samples] [BEEP] [s=silence]",
    text: "Records until one of the keys, for so many milliseconds at most (-1: an hour), or until so many seconds of \
           silence. As with the application Record the recording is sealed as a memo of the mailbox that MEMO_MAILBOX \
           names, else main, and a plain file is written only where the configuration allows Record. The result is \
           the code of the key (dtmf), 0 (timeout) also for silence, or -1 (hangup), (writefile) or (randomerror), and \
           how many samples were recorded. An offset is accepted without effect: each recording is its own.",
    without_call: false,
};

#[async_trait]
impl Command for RecordFile {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [name, format, keys, timeout, rest @ ..] = arguments else {
            return Err(Fault::Usage);
        };
        let longest = Duration::from_secs(limits::RECORDING_SECS);
        let limit = match integer(timeout)? {
            ..=0 => longest,
            timeout => millis(timeout).min(longest),
        };
        let silence = rest.iter().find_map(|word| word.strip_prefix("s="));
        let silence = silence.map(integer).transpose()?.map(|seconds| seconds.saturating_mul(1_000));
        let run = &mut *session.run;
        let destination = Destination::of(run, &format!("{name}.{format}")).map_err(Stop::Failed)?;
        if rest.iter().any(|word| word.eq_ignore_ascii_case("beep")) {
            run.play(&[Audio::File("beep".to_string())], "").await?;
        }
        let request = RecordRequest {
            limit,
            silence: silence.map(millis).filter(|time| !time.is_zero()),
            terminators: keys.to_string(),
            mailboxes: destination.mailboxes(run),
        };
        let recorded = run.record(request).await?;
        let (end, samples) = (recorded.end, samples(recorded.duration));
        if !recording::keep(run, recorded, &destination).await {
            return Ok(Answer::Result(format!("-1 (writefile) endpos={samples}")));
        }
        let result = match end {
            RecordedEnd::Digit(key) => format!("{} (dtmf)", u32::from(key)),
            RecordedEnd::Silence | RecordedEnd::Limit => "0 (timeout)".to_string(),
            RecordedEnd::Hangup => "-1 (hangup)".to_string(),
            RecordedEnd::Failed => "-1 (randomerror)".to_string(),
        };
        Ok(Answer::endpos(result, samples))
    }
}
