use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::substitute::Values as _;
use async_trait::async_trait;

/// SET VARIABLE
pub struct SetVariable;

static USAGE: Usage = Usage {
    words: &["SET", "VARIABLE"],
    syntax: "SET VARIABLE name value",
    text: "Sets a variable, or a function with its arguments in parentheses.",
    without_call: true,
};

#[async_trait]
impl Command for SetVariable {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [name, value] = arguments else {
            return Err(Fault::Usage);
        };
        if let Err(message) = session.run.assign(name, value) {
            session.run.complain(format!("AGI: {name}: {message}"));
        }
        Ok(Answer::result(1))
    }
}
