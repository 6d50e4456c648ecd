use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::channel::{Audio, Gone};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use crate::limits;
use async_trait::async_trait;
use std::time::Duration;

/// PrivacyManager
pub struct PrivacyManager;

static MANUAL: Manual = Manual {
    name: "PrivacyManager",
    syntax: "PrivacyManager([attempts[,minlength[,options[,context]]]])",
    synopsis: "Asks a caller without a number for one.",
    text: "A caller with a number goes past. Else the call is answered, and a number of at least ten digits is asked for, \
           three times, or as the arguments say. With a context, it must be an extension there. It becomes \
           `CALLERID(num)`, and the name `Privacy Manager`.",
    variables: &[("PRIVACYMGRSTATUS", "SUCCESS, or FAILED where no number was entered; not set for a caller with one")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for PrivacyManager {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.milliseconds(0);
        check.milliseconds(1);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        if !run.caller.number.is_empty() {
            return Ok(Flow::Next);
        }
        let arguments = Arguments::parse(arguments);
        let attempts = arguments.get(0).trim().parse().unwrap_or(3).clamp(1, 100);
        let shortest: usize = arguments.get(1).trim().parse().unwrap_or(10);
        let context = arguments.get(3).trim().to_string();
        run.channel.answer().await?;
        run.set("PRIVACYMGRSTATUS", "FAILED");
        run.sleep(Duration::from_secs(1)).await?;
        say(run, "privacy-unident").await?;
        for _ in 0..attempts {
            say(run, "privacy-prompt").await?;
            let number = read(run).await?;
            let is_known = context.is_empty() || run.exists(&context, &number, 1);
            if !number.is_empty() && number.len() >= shortest && is_known {
                say(run, "privacy-thankyou").await?;
                for (part, value) in [
                    ("CALLERID(num)", number.as_str()),
                    ("CALLERID(name)", "Privacy Manager"),
                ] {
                    if let Err(message) = run.assign(part, value) {
                        run.complain(format!("PrivacyManager: {message}"));
                    }
                }
                run.set("PRIVACYMGRSTATUS", "SUCCESS");
                return Ok(Flow::Next);
            }
            say(run, "privacy-incorrect").await?;
        }
        Ok(Flow::Next)
    }
}

async fn say(run: &mut Run<'_>, sound: &str) -> Result<(), Gone> {
    run.play(&[Audio::File(sound.to_string())], "").await?;
    Ok(())
}

/// Digits up to `#`: five seconds for the first, 3.2 for each of the others.
async fn read(run: &mut Run<'_>) -> Result<String, Gone> {
    /// A number is no longer; Asterisk's bound.
    const LONGEST: usize = 29;
    let mut number = String::new();
    let mut wait = Duration::from_secs(5);
    while number.len() < LONGEST.min(limits::DIGITS) {
        match run.read_digit(wait).await? {
            None | Some('#') => break,
            Some(digit) => number.push(digit),
        }
        wait = Duration::from_millis(3_200);
    }
    Ok(number)
}
