use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments::Arguments;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use crate::limits;
use async_trait::async_trait;
use std::time::Duration;

/// SendDTMF
pub struct SendDtmf;

static MANUAL: Manual = Manual {
    name: "SendDTMF",
    syntax: "SendDTMF(digits[,gap[,duration[,channel]]])",
    synopsis: "Sends digits to the caller.",
    text: "`0` to `9`, `*`, `#`, `A` to `D`; `w` is a pause of half a second, `W` one of a second. A hook flash, `f`, \
           cannot be sent and is left out. The gap between digits is 250 ms where none is given, a digit's duration \
           100 ms; both are in milliseconds, at most ten seconds. At most 255 digits are sent. The channel can only be \
           this one, since a call has no other.",
    ..Manual::EMPTY
};

/// Longest gap, and longest digit.
const LONGEST: Duration = Duration::from_secs(10);

#[async_trait]
impl Application for SendDtmf {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if let Some((range, digits)) = check.parts().into_iter().next() {
            if !digits.contains('$')
                && digits
                    .trim()
                    .chars()
                    .any(|c| !"0123456789*#ABCDabcdwWfF".contains(c))
            {
                check.expected(range, "digits: 0 to 9, *, #, A to D, and w for a pause");
            }
        } else {
            check.expected(0..0, "digits");
        }
        check.milliseconds(1);
        check.milliseconds(2);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let arguments = Arguments::parse(arguments);
        let channel = arguments.get(3).trim();
        if !channel.is_empty() && channel != run.channel.facts().channel {
            run.complain(format!("SendDTMF: there is no channel {channel} here"));
            return Ok(Flow::Next);
        }
        let time = |index, default: u64| {
            let given = super::milliseconds(arguments.get(index)).filter(|time| !time.is_zero());
            given.unwrap_or(Duration::from_millis(default)).min(LONGEST)
        };
        let (gap, length) = (time(1, 250), time(2, 100));
        let mut digits = String::new();
        for key in arguments.get(0).chars().take(limits::DIGITS) {
            let pause = match key {
                '0'..='9' | '*' | '#' | 'A'..='D' | 'a'..='d' => {
                    digits.push(key.to_ascii_uppercase());
                    continue;
                }
                'w' => Duration::from_millis(500),
                'W' => Duration::from_secs(1),
                _ => continue,
            };
            send(run, &mut digits, length, gap).await?;
            run.sleep(pause).await?;
        }
        send(run, &mut digits, length, gap).await?;
        Ok(Flow::Next)
    }
}

/// Sends the digits so far.
async fn send(
    run: &mut Run<'_>,
    digits: &mut String,
    length: Duration,
    gap: Duration,
) -> Result<(), crate::dialplan::channel::Gone> {
    if !digits.is_empty() {
        run.channel.send_digits(digits, length, gap).await?;
        run.heard_of();
        digits.clear();
    }
    Ok(())
}
