use super::memomain::{self, check_mailbox};
use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::arguments::{Arguments, Options};
use async_trait::async_trait;

/// VoiceMailMain
pub struct VoiceMailMain;

static MANUAL: Manual = Manual {
    name: "VoiceMailMain",
    syntax: "VoiceMailMain([mailbox][@context][,options])",
    synopsis: "Asterisk's name for MemoMain: a mailbox's owner listens to its memos.",
    text: "See MemoMain. `100@sales` is the mailbox of that whole name where there is one, else `100`. There is no way in \
           without the code, since it is the code that opens the memos: the option `s` is refused.",
    options: &[
        ("s", "Refused: in Asterisk, no password."),
        ("p, g, a, d", "Prefix, gain, folder, greeting: accepted without effect."),
    ],
    variables: &[("MEMOMAINSTATUS", "as MemoMain sets it")],
};

#[async_trait]
impl Application for VoiceMailMain {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check_mailbox(check);
        check.option_letters(1, "spgad");
        let Some((range, text)) = check.parts().into_iter().nth(1) else {
            return;
        };
        for letter in Options::parse(text).letters().filter(|letter| "spgad".contains(*letter)) {
            let message = match letter {
                's' => "the option s is refused: without its code a mailbox cannot be opened".to_string(),
                letter => format!("the option {letter} has no effect here"),
            };
            check.report(range.clone(), Diagnostic::warning("no-effect", message));
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        Ok(memomain::main(run, arguments.get(0).trim()).await?)
    }
}
