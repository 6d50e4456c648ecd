use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::agi;
use crate::dialplan::arguments::{split, split_raw};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values as _;
use async_trait::async_trait;

/// AGI
pub struct Agi;

static MANUAL: Manual = Manual {
    name: "AGI",
    syntax: "AGI(program|agi://host[:port][/script][,argument…])",
    synopsis: "Lets a program lead the call, line by line.",
    text: "The program is one of the folder `[dialplan] agi_folder`, named without a slash before it, or a server over \
           the network at port 4573 where none is named. [Its commands](agi.md) are those of Asterisk. The call is not \
           answered by this; the program can do so. `hagi://` and `agi:async` are not available.\n\nWhere the caller \
           hangs up, a program gets SIGHUP and a server the line `HANGUP`; it has thirty seconds from then on.",
    variables: &[
        (
            "AGISTATUS",
            "SUCCESS; FAILURE where it could not be started, or ended with a status other than 0; NOTFOUND; HANGUP",
        ),
        ("AGISIGHUP", "read: with `no` the program is not told of the hang-up"),
        ("AGIEXITONHANGUP", "read: with `yes` the session ends as soon as the caller hangs up"),
    ],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Agi {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check_target(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        lead(run, arguments).await
    }
}

/// What AGI and DeadAGI look for at load.
pub(super) fn check_target(check: &mut Check<'_>) {
    let text = check.arguments();
    let first = split_raw(text).first().map_or("", |first| *first);
    if first.contains('$') {
        return;
    }
    if let Err(agi::Refused(message)) = agi::parse(first.trim(), &[]) {
        check.report(0..first.len(), Diagnostic::warning("agi-refused", message));
    }
}

/// What AGI and DeadAGI do.
pub(super) async fn lead(run: &mut Run<'_>, arguments: &str) -> Outcome {
    let mut arguments = split(arguments);
    let request = match arguments.is_empty() {
        true => String::new(),
        false => arguments.remove(0).trim().to_string(),
    };
    match agi::parse(&request, &arguments) {
        Ok(target) => agi::run(run, &request, target, &arguments).await,
        Err(agi::Refused(message)) => {
            run.set("AGISTATUS", "NOTFOUND");
            run.complain(message);
            Ok(Flow::Next)
        }
    }
}
