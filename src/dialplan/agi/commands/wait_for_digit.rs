use super::{Answer, Command, Fault, Session, Usage};
use super::{integer, millis, LONGEST};
use async_trait::async_trait;

/// WAIT FOR DIGIT
pub struct WaitForDigit;

static USAGE: Usage = Usage {
    words: &["WAIT", "FOR", "DIGIT"],
    syntax: "WAIT FOR DIGIT timeout",
    text: "Waits so many milliseconds for a key (-1: as long as it takes). The result is its code, or 0.",
    without_call: false,
};

#[async_trait]
impl Command for WaitForDigit {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [timeout] = arguments else {
            return Err(Fault::Usage);
        };
        let timeout = match integer(timeout)? {
            ..0 => LONGEST,
            timeout => millis(timeout),
        };
        let digit = session.run.read_digit(timeout).await?;
        Ok(Answer::result(digit.map_or(0, u32::from)))
    }
}
