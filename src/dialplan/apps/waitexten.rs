use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::arguments::{Arguments, Options};
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use async_trait::async_trait;

/// WaitExten
pub struct WaitExten;

static MANUAL: Manual = Manual {
    name: "WaitExten",
    syntax: "WaitExten([seconds][,options])",
    synopsis: "Waits for the caller to enter an extension.",
    text: "Without a number, as long as `TIMEOUT(response)` says: ten seconds. When nothing was \
           entered, goes on with the next priority where there is one, else to `t`, else to `e`.",
    options: &[("m(class)", "Music meanwhile: there is none, and the caller hears silence."), ("d", "A dial tone until the first key.")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for WaitExten {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.seconds(0);
        check.option_letters(1, "md");
        let options = check.parts().get(1).map(|(range, text)| (range.clone(), Options::parse(text)));
        if let Some((range, _)) = options.filter(|(_, options)| options.has('m')) {
            let message = "there is no music: the caller hears silence";
            check.report(range, Diagnostic::warning("no-effect", message));
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let dial_tone = arguments.options(1).has('d');
        let wait = super::seconds(arguments.get(0)).filter(|wait| !wait.is_zero()).unwrap_or(run.timeouts.response);
        if dial_tone {
            super::playtones::play(run, "dial").await?;
        }
        let digit = run.read_digit(wait).await?;
        if dial_tone {
            run.channel.play_tones(&[], false).await?;
        }
        if let Some(digit) = digit {
            return Ok(Flow::Digit(digit));
        }
        if run.exists(&run.at.context, &run.at.extension, run.at.priority.saturating_add(1)) {
            return Ok(Flow::Next);
        }
        match run.response_timeout() {
            None => Ok(Flow::Goto(run.at.clone())),
            Some(_) => Ok(Flow::Hangup(NORMAL_CLEARING)),
        }
    }
}
