use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::interp::Stop;
use async_trait::async_trait;

/// DATABASE PUT
pub struct DatabasePut;

static USAGE: Usage = Usage {
    words: &["DATABASE", "PUT"],
    syntax: "DATABASE PUT family key value",
    text: "Sets a value of the database. The result is 1, or -1 where the database could not take it.",
    without_call: true,
};

#[async_trait]
impl Command for DatabasePut {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [family, key, value] = arguments else {
            return Err(Fault::Usage);
        };
        session.run.services.db_put(family, key, value).map_err(Stop::Failed)?;
        Ok(Answer::result(1))
    }
}
