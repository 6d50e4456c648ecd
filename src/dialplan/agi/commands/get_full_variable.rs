use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// GET FULL VARIABLE
pub struct GetFullVariable;

static USAGE: Usage = Usage {
    words: &["GET", "FULL", "VARIABLE"],
    syntax: "GET FULL VARIABLE expression [channel]",
    text: "What an expression comes to, with its ${…} and $[…] replaced: the result is 1 and the value in parentheses, or 0 where another channel than the own is asked for.",
    without_call: true,
};

#[async_trait]
impl Command for GetFullVariable {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let expression = match arguments {
            [expression] => expression,
            [expression, channel] if session.is_own_channel(channel) => expression,
            [_, _] => return Ok(Answer::result(0)),
            _ => return Err(Fault::Usage),
        };
        Ok(Answer::value(1, &session.run.substitute(expression).await))
    }
}
