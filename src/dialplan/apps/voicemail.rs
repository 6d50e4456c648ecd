use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::arguments::{Arguments, Options};
use crate::dialplan::channel::{Gone, MailboxFacts};
use crate::dialplan::interp::{Flow, Place, Stop};
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

mod greeting;
mod message;

use greeting::Pressed;
use message::Left;

/// VoiceMail
pub struct VoiceMail;

static MANUAL: Manual = Manual {
    name: "VoiceMail",
    syntax: "VoiceMail(mailbox[@context][&mailbox[@context]…][,options])",
    synopsis: "Greets the caller, records, and stores the recording as a memo of each mailbox.",
    text: "`100@sales` is the mailbox of that whole name where there is one, else `100`. The greeting, the limits and the \
           review are those of the first mailbox; each has a memo under a key of its own.\n\n\
           Answers the call, plays the greeting where an option asks for one, then `vm-intro` and a beep, and records \
           until `#`, silence, the mailbox's limit or hang-up. The greeting is the sound `voicemail/MAILBOX/unavail` or \
           `voicemail/MAILBOX/busy` where the operator has put it there, and `voicemail/MAILBOX/temp` comes before \
           both; else `voicemail/MAILBOX/greet` (a name), or `vm-theperson` and the digits of the mailbox, followed by \
           `vm-isunavail` or `vm-isonphone`. Meanwhile `#` goes on to the beep, `0` to the extension `o` and `*` to \
           the extension `a` of the current context, where there are such.\n\n\
           While it records, `0` too leads to `o`, where there is one: the caller is asked (`vm-saveoper`) whether to \
           keep what was said, with `1`. Where the mailbox has `review = true`, the caller is then offered (`vm-review`) \
           to keep the recording with `1`, to hear it with `2`, and to record anew with `3`; `*` forgets it \
           (`vm-tocancelmsg`), and who presses nothing keeps it. It is heard from memory, opened by its key, which the \
           switch has until the recording is kept. A caller who hangs up leaves a memo all the same. The mailbox that \
           does not exist is left out, and is found at load.",
    options: &[
        ("b", "The greeting says that the person is busy."),
        ("u", "The greeting says that the person is unavailable."),
        ("s", "No instructions before the beep."),
        ("S", "No instructions where the mailbox has a greeting of its own."),
        (
            "d(context)",
            "A key during the greeting that is an extension of that context, the current one without a name, goes there.",
        ),
        ("e", "The greeting is early media: the call is answered before the beep."),
        ("t(sound)", "That sound in place of the beep; `t()` none."),
        ("g(dB), P, U", "Gain, priority and urgency: accepted without effect."),
    ],
    variables: &[
        (
            "VMSTATUS",
            "SUCCESS where a memo was stored; USEREXIT where a key led elsewhere; FAILED, also where the recording was \
             too short",
        ),
        (
            "MEMO_STATUS, MEMO_ID, MEMO_SECONDS",
            "as Memo sets them; of several mailboxes the status of the first that has a memo, and all ids, joined with `&`",
        ),
    ],
};

#[async_trait]
impl Application for VoiceMail {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        match check.parts().first() {
            Some((range, names)) if !names.trim().is_empty() => {
                let mut from = range.start;
                for name in names.split('&') {
                    let place = from..from + name.len();
                    from += name.len() + 1;
                    let whole = name.trim();
                    if !check.has_mailbox(whole) {
                        check.mailbox(place, whole.split('@').next().unwrap_or(whole));
                    }
                }
            }
            _ => check.expected(0..0, "the name of a mailbox"),
        }
        check.option_letters(1, "busSdetgPU");
        if let Some((range, text)) = check.parts().into_iter().nth(1) {
            let options = Options::parse(text);
            check.sounds(range.clone(), options.value('t').unwrap_or_default());
            for letter in options.letters().filter(|letter| "gPU".contains(*letter)) {
                let message = format!("the option {letter} has no effect here: memos have no gain and no urgency");
                check.report(range.clone(), Diagnostic::warning("no-effect", message));
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let options = arguments.options(1);
        run.set("VMSTATUS", "FAILED");
        run.set("MEMO_STATUS", "FAILED");
        run.set("MEMO_ID", "");
        run.set("MEMO_SECONDS", "0");
        let mailboxes = mailboxes(run, arguments.get(0));
        let Some(first) = mailboxes.first() else {
            return Ok(Flow::Next);
        };
        // Who hangs up before the recording ends leaves this; what becomes of a recording is set with it.
        run.set("MEMO_STATUS", "HANGUP");
        let left = leave(run, first, &mailboxes, &options).await;
        let stored = run.variable("MEMO_STATUS") == "STORED";
        run.set("VMSTATUS", if stored { "SUCCESS" } else { "FAILED" });
        let flow = match left {
            Err(Gone) => return Err(Stop::Gone),
            Ok(Left::Elsewhere(place)) => {
                run.set("VMSTATUS", "USEREXIT");
                Flow::Goto(place)
            }
            Ok(Left::Memo | Left::Nothing) => Flow::Next,
        };
        if run.variable("MEMO_STATUS") == "HANGUP" {
            run.set("MEMO_STATUS", "FAILED");
        }
        Ok(flow)
    }
}

/// The mailboxes of a list, each once; those that do not exist are named in the log.
fn mailboxes(run: &mut Run<'_>, list: &str) -> Vec<MailboxFacts> {
    let mut found: Vec<MailboxFacts> = Vec::new();
    for name in list.split('&').map(str::trim).filter(|name| !name.is_empty()) {
        let alone = name.split('@').next().unwrap_or(name);
        match run.channel.mailbox(name).or_else(|| run.channel.mailbox(alone)) {
            Some(mailbox) if found.iter().any(|other| other.name == mailbox.name) => {}
            Some(mailbox) => found.push(mailbox),
            None => run.complain(format!("VoiceMail: there is no mailbox {name}")),
        }
    }
    found
}

/// The whole of it, but for what the variables say.
async fn leave(
    run: &mut Run<'_>,
    first: &MailboxFacts,
    mailboxes: &[MailboxFacts],
    options: &Options,
) -> Result<Left, Gone> {
    if !options.has('e') {
        run.channel.answer().await?;
    }
    if let Pressed::Leave(place) = greeting::play(run, first, options).await? {
        return Ok(Left::Elsewhere(place));
    }
    run.channel.answer().await?;
    message::take(run, mailboxes, options).await
}

/// The extension of the current context that a key leads to, where there is one.
fn exit(run: &Run<'_>, extension: &str) -> Option<Place> {
    let context = run.at.context.clone();
    run.exists(&context, extension, 1).then(|| Place {
        context,
        extension: extension.to_string(),
        priority: 1,
    })
}
