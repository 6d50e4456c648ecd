use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Options;
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use async_trait::async_trait;

/// Incomplete
pub struct Incomplete;

static MANUAL: Manual = Manual {
    name: "Incomplete",
    syntax: "Incomplete([options])",
    synopsis: "Waits for more digits after those that led to this extension, and goes where they lead.",
    text: "Answers the call first, since only then keys are heard for certain. Without a further digit in time, the \
           extension runs again; where no longer one exists, the call goes to `i`.",
    options: &[("n", "Does not answer.")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Incomplete {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.option_letters(0, "n");
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        if !Options::parse(arguments).has('n') {
            run.channel.answer().await?;
        }
        let typed = run.at.extension.clone();
        let end = match run.could_match_more(&run.at.context, &typed) {
            true => run.collect(typed, run.timeouts.digit).await?,
            false => run.invalid(typed)?,
        };
        match end {
            None => Ok(Flow::Goto(run.at.clone())),
            Some(_) => Ok(Flow::Hangup(NORMAL_CLEARING)),
        }
    }
}
