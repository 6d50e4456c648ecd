use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::{is_true, Values};
use async_trait::async_trait;
use std::time::Duration;

/// WaitForCondition
pub struct WaitForCondition;

static MANUAL: Manual = Manual {
    name: "WaitForCondition",
    syntax: "WaitForCondition(character,expression[,timeout[,interval]])",
    synopsis: "Waits until a condition holds.",
    text: "The character stands for `$` in the expression, which is read anew each time: \
           `WaitForCondition(#,#[\"#{DB(door/open)}\" = \"1\"],30)`. It is asked every half second, or as often as the \
           interval says, at least every 100 ms apart; without a timeout, for a day.",
    variables: &[("WAITFORCONDITIONSTATUS", "SUCCESS; TIMEOUT; FAILURE where an argument is missing; HANGUP")],
    ..Manual::EMPTY
};

/// The shortest time between two questions.
const SHORTEST: Duration = Duration::from_millis(100);

#[async_trait]
impl Application for WaitForCondition {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        match check.parts().as_slice() {
            [(range, character), _, ..] if character.trim().chars().count() == 1 => {
                if character.trim() == "$" {
                    check.expected(
                        range.clone(),
                        "another character than $, which is replaced before it waits",
                    );
                }
            }
            _ => check.expected(
                0..check.arguments().len(),
                "a character that stands for $, and an expression",
            ),
        }
        check.seconds(2);
        check.seconds(3);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (character, rest) = arguments.split_once(',').unwrap_or((arguments, ""));
        let mut characters = character.trim().chars();
        let (Some(character), None) = (characters.next(), characters.next()) else {
            run.set("WAITFORCONDITIONSTATUS", "FAILURE");
            run.complain("WaitForCondition: the first argument is one character".to_string());
            return Ok(Flow::Next);
        };
        // The expression may hold quotes, which stay; the times behind it hold none.
        let parts = crate::dialplan::arguments::split_raw(rest);
        let expression = parts.first().copied().unwrap_or("").replace(character, "$");
        let times = Arguments::parse(parts.get(1..).unwrap_or_default().join(",").as_str());
        let time = |index| super::seconds(times.get(index)).filter(|time| !time.is_zero());
        let (mut left, interval) = (time(0).unwrap_or(super::LONGEST), time(1));
        let interval = interval.unwrap_or(Duration::from_millis(500)).max(SHORTEST);
        run.set("WAITFORCONDITIONSTATUS", "HANGUP");
        let status = loop {
            let value = run.substitute(&expression).await.into_owned();
            if is_true(value.trim()) {
                break "SUCCESS";
            }
            if left.is_zero() {
                break "TIMEOUT";
            }
            let wait = interval.min(left);
            run.sleep(wait).await?;
            left = left.saturating_sub(wait);
        };
        run.set("WAITFORCONDITIONSTATUS", status);
        Ok(Flow::Next)
    }
}
