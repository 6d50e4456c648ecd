use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::interp::Stop;
use async_trait::async_trait;

/// DATABASE DEL
pub struct DatabaseDel;

static USAGE: Usage = Usage {
    words: &["DATABASE", "DEL"],
    syntax: "DATABASE DEL family key",
    text: "Takes a value out of the database. The result is 1, or 0 where there was none.",
    without_call: true,
};

#[async_trait]
impl Command for DatabaseDel {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [family, key] = arguments else {
            return Err(Fault::Usage);
        };
        let deleted = session.run.services.db_delete(family, key);
        Ok(Answer::result(u8::from(deleted.map_err(Stop::Failed)?)))
    }
}
