use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// GET VARIABLE
pub struct GetVariable;

static USAGE: Usage = Usage {
    words: &["GET", "VARIABLE"],
    syntax: "GET VARIABLE name",
    text: "A variable, or a function with its arguments in parentheses: the result is 1 and the value in parentheses, or 0 where it is not set.",
    without_call: true,
};

#[async_trait]
impl Command for GetVariable {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [name] = arguments else {
            return Err(Fault::Usage);
        };
        Ok(match session.run.named_now(name).await {
            Some(value) => Answer::value(1, &value),
            None => Answer::result(0),
        })
    }
}
