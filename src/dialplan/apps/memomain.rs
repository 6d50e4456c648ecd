use super::telephone;
use super::{Application, Check, Manual, Outcome, Run, KEYS};
use crate::diagnostic::Diagnostic;
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::{Audio, Gone, Played};
use crate::dialplan::interp::Flow;
use crate::dialplan::memos::{Inbox, Refusal};
use crate::limits;
use async_trait::async_trait;

mod menu;
mod visit;

use visit::Visit;

/// MemoMain
pub struct MemoMain;

static MANUAL: Manual = Manual {
    name: "MemoMain",
    syntax: "MemoMain([mailbox])",
    synopsis: "Lets a mailbox's owner listen to its memos by telephone.",
    text: "Answers the call, asks for the number of a mailbox (`vm-login`) where none is given, and for its owner's \
           telephone code (`memo-code`), which is 16 digits or more: the owner made it in the inbox, or by `obelus \
           mailbox telephone`. `#` ends it, `*` begins it anew. Whoever is wrong three times in one call, counted with \
           those of MemoOpen, hears `vm-goodbye`, and the call ends. Only a mailbox that says `telephone = true` is opened.\n\n\
           Then says how many memos are new and how many are old. The keys are those that voicemail users know:\n\n\
           | key | |\n|---|---|\n\
           | `1` | plays the first memo of the folder, the oldest |\n\
           | `2` | changes to another folder: `0` new, `1` old; what was deleted is then gone |\n\
           | `3` `3` | says the memo's date and caller again |\n\
           | `4`, `5`, `6` | plays the one before, the same again, the next |\n\
           | `7` | deletes the memo, or keeps it after all |\n\
           | `*` | says what the keys do |\n\
           | `#` | ends |\n\n\
           Each memo is told with its number, its date, and the caller's digits; `1` skips that. While it plays, `*` winds \
           back and `#` ahead by three seconds, `0` pauses, `2` begins again, and any other key does what it says above. A memo counts as heard \
           once it begins to play. What was deleted is gone when the caller ends or hangs up.\n\n\
           The 1,000 newest memos are told. A memo that was sealed to an earlier key of the owner, and not sealed anew, \
           cannot be opened by the code, nor can one in a form that is no WAV file (`memo-cannot-play`).",
    variables: &[(
        "MEMOMAINSTATUS",
        "SUCCESS where the mailbox was opened; WRONG where the last code was wrong; FAILED where it could not be tried",
    )],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for MemoMain {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check_mailbox(check);
        if let Some((range, _)) = check.parts().into_iter().nth(1) {
            check.expected(range, "nothing behind the mailbox");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let outcome = main(run, arguments.get(0).trim()).await?;
        Ok(outcome)
    }
}

/// Looks whether the mailbox exists, and takes telephone codes.
pub(super) fn check_mailbox(check: &mut Check<'_>) {
    let Some((range, name)) = check.parts().into_iter().next() else {
        return;
    };
    let name = name.trim();
    if name.is_empty() || name.contains('$') {
        return;
    }
    let alone = name.split('@').next().unwrap_or(name);
    let name = if check.has_mailbox(name) { name } else { alone };
    check.mailbox(range.clone(), name);
    if check.has_mailbox(name) && !check.takes_codes(name) {
        let message = format!("the mailbox {name} takes no telephone codes: nobody can open it here");
        let finding = Diagnostic::warning("telephone-off", message);
        check.report(range, finding.hint("write telephone = true into its [[mailbox]]"));
    }
}

/// The whole of it.
pub(super) async fn main(run: &mut Run<'_>, named: &str) -> Result<Flow, Gone> {
    run.set("MEMOMAINSTATUS", "FAILED");
    run.channel.answer().await?;
    if let Some(end) = telephone::is_over(run).await? {
        return Ok(end);
    }
    loop {
        let asked = match named.is_empty() {
            true => ask_for_mailbox(run).await?,
            false => named.to_string(),
        };
        match open(run, &asked).await? {
            Ok(inbox) => {
                run.set("MEMOMAINSTATUS", "SUCCESS");
                let mut visit = Visit::new(inbox);
                let ended = menu::lead(run, &mut visit).await;
                // Also where the caller has hung up.
                visit.carry_out(run).await;
                ended?;
                telephone::play(run, &["vm-goodbye"], "").await?;
                return Ok(Flow::Next);
            }
            Err(refusal) => {
                let is_wrong = refusal == Refusal::Wrong;
                run.set("MEMOMAINSTATUS", if is_wrong { "WRONG" } else { "FAILED" });
                if let Some(flow) = telephone::refuse(run, "MemoMain", refusal).await? {
                    return Ok(flow);
                }
            }
        }
    }
}

/// Asks for the code of a mailbox, and tries it.
async fn open(run: &mut Run<'_>, mailbox: &str) -> Result<Result<Box<dyn Inbox>, Refusal>, Gone> {
    let alone = mailbox.split('@').next().unwrap_or(mailbox);
    let found = run.channel.mailbox(mailbox).or_else(|| run.channel.mailbox(alone));
    // One that is not there is asked for all the same, so that nobody learns which are.
    let name = found.map_or_else(|| mailbox.to_string(), |facts| facts.name);
    let keyed = telephone::ask(run, "memo-code", crate::secret::Digits::MOST, false).await?;
    Ok(run.services.clone().open_inbox(&name, keyed.code).await)
}

/// The number of a mailbox, as the caller keys it.
async fn ask_for_mailbox(run: &mut Run<'_>) -> Result<String, Gone> {
    let mut entered = String::new();
    let mut next = match run.play(&[Audio::File("vm-login".to_string())], KEYS).await? {
        Played::Digit(digit) => Some(digit),
        _ => run.read_digit(run.timeouts.response).await?,
    };
    while let Some(digit) = next.filter(|digit| *digit != '#') {
        entered.push(digit);
        if entered.len() >= limits::DIGITS {
            break;
        }
        next = run.read_digit(run.timeouts.digit).await?;
    }
    Ok(entered)
}
