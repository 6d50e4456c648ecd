use super::telephone::{self, playback, Keyed};
use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::channel::Gone;
use crate::dialplan::interp::Flow;
use crate::dialplan::memos::{OpenMemo, Refusal};
use async_trait::async_trait;
use std::time::Duration;

/// MemoOpen
pub struct MemoOpen;

static MANUAL: Manual = Manual {
    name: "MemoOpen",
    syntax: "MemoOpen()",
    synopsis: "Asks for a memo's telephone code, and plays the memo.",
    text: "Answers the call, plays `memo-code-memo`, and reads the 22 digits of a code that the memo's owner had made; \
           `#` ends them, `*` begins them anew. For a memo of another domain the caller keys that domain's number from \
           `[federation] numbers` first, then `*`, then the code. Whoever is wrong three times in one call, counted with \
           those of MemoMain, hears `vm-goodbye`, and the call ends.\n\n\
           While the memo plays, `*` winds back and `#` ahead by three seconds, `0` pauses, `2` begins again. After it \
           `5` repeats it (`memo-press-repeat`), and any other key goes on with the dialplan.\n\n\
           A memo that is no WAV file cannot be played (`memo-cannot-play`). Calls and the pages make WAV files; other \
           clients may leave other forms.\n\n\
           Codes exist only for memos of mailboxes that say `telephone = true`. Wrong ones are counted for each memo: \
           after ten in a row its code is not taken for an hour, then for two, and so on, for eight at most. A code is \
           never in a variable or in the log.",
    variables: &[(
        "MEMOOPENSTATUS",
        "SUCCESS where a memo was opened; WRONG where the last code opened none; FAILED where it could not be tried or \
         not be played",
    )],
    ..Manual::EMPTY
};

/// Digits of a memo's code: six that say where it is, and 16 that open it.
const DIGITS: usize = 22;
/// The keys that end the playing.
const STOP: &str = "13456789";
/// How long a key is waited for after the memo.
const PATIENCE: Duration = Duration::from_secs(6);

#[async_trait]
impl Application for MemoOpen {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let arguments = check.arguments();
        if !arguments.trim().is_empty() {
            check.expected(0..arguments.len(), "no argument: the caller keys the code");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, _: &str) -> Outcome {
        run.set("MEMOOPENSTATUS", "FAILED");
        run.channel.answer().await?;
        if let Some(end) = telephone::is_over(run).await? {
            return Ok(end);
        }
        loop {
            let keyed = telephone::ask(run, "memo-code-memo", DIGITS, true).await?;
            match open(run, keyed).await? {
                Ok(memo) => {
                    run.set("MEMOOPENSTATUS", "SUCCESS");
                    listen(run, &memo).await?;
                    return Ok(Flow::Next);
                }
                Err(refusal) => {
                    let is_wrong = refusal == Refusal::Wrong;
                    run.set("MEMOOPENSTATUS", if is_wrong { "WRONG" } else { "FAILED" });
                    if let Some(flow) = telephone::refuse(run, "MemoOpen", refusal).await? {
                        return Ok(flow);
                    }
                }
            }
        }
    }
}

async fn open(run: &mut Run<'_>, keyed: Keyed) -> Result<Result<OpenMemo, Refusal>, Gone> {
    let domain = keyed.domain.as_ref().map(|digits| digits.expose());
    let services = run.services.clone();
    if let Some(number) = domain {
        if !services.has_domain(number) {
            return Ok(Err(Refusal::Wrong));
        }
        // Another domain is asked, which takes a moment.
        telephone::play(run, &["one-moment-please"], "").await?;
    }
    Ok(services.open_memo(domain, keyed.code).await)
}

async fn listen(run: &mut Run<'_>, memo: &OpenMemo) -> Result<(), Gone> {
    loop {
        let mut key = playback::play(run, &memo.audio, STOP).await?;
        if key.is_none() {
            key = telephone::play(run, &["memo-press-repeat"], "0123456789*#").await?;
        }
        if key.is_none() {
            key = run.read_digit(PATIENCE).await?;
        }
        if key != Some('5') {
            return Ok(());
        }
    }
}
