use super::{Function, Manual, Run};
use std::time::Duration;

/// TIMEOUT
pub struct Timeout;

static MANUAL: Manual = Manual {
    name: "TIMEOUT",
    syntax: "TIMEOUT(which)",
    synopsis: "How long is waited, in seconds.",
    text: "`digit`: between the digits that a caller enters, 5 at first. `response`: for the first \
           of them, 10. `absolute`: how long the call may still last, counted from when it is set; \
           0 for as long as it likes. When it has passed, the call goes to `T`, else `e`, else \
           ends.",
    ..Manual::EMPTY
};

impl Function for Timeout {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let left =
            |until: std::time::SystemTime| until.duration_since(run.channel.wall_clock()).unwrap_or_default();
        let time = match arguments.trim().to_ascii_lowercase().as_str() {
            "digit" => run.timeouts.digit,
            "response" => run.timeouts.response,
            "absolute" => match run.timeouts.absolute {
                Some(until) => left(until),
                None => return Ok("0".to_string()),
            },
            other => return Err(format!("there is no timeout {other}")),
        };
        Ok(format!("{:.3}", time.as_secs_f64()))
    }

    fn write(&self, run: &mut Run<'_>, arguments: &str, value: &str) -> Result<(), String> {
        /// A year: beyond what the clock could add up.
        const LONGEST: f64 = 31_536_000.0;
        let seconds: f64 = value
            .trim()
            .parse()
            .map_err(|_| format!("{value} is not a number of seconds"))?;
        if seconds < 0.0 || seconds.is_nan() {
            return Err(format!("{value} is not a time"));
        }
        let time = Duration::from_secs_f64(seconds.min(LONGEST));
        match arguments.trim().to_ascii_lowercase().as_str() {
            "digit" => run.timeouts.digit = time,
            "response" => run.timeouts.response = time,
            "absolute" => {
                let deadline = (!time.is_zero()).then_some(time);
                run.timeouts.absolute = deadline.map(|after| run.channel.wall_clock() + after);
                run.channel.set_deadline(deadline);
            }
            other => return Err(format!("there is no timeout {other}")),
        }
        Ok(())
    }
}
