use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::interp::Stop;
use async_trait::async_trait;

/// DATABASE DELTREE
pub struct DatabaseDeltree;

static USAGE: Usage = Usage {
    words: &["DATABASE", "DELTREE"],
    syntax: "DATABASE DELTREE family [prefix]",
    text: "Takes a family, or those of its keys that begin so, out of the database. The result is 1, or 0 where there was nothing.",
    without_call: true,
};

#[async_trait]
impl Command for DatabaseDeltree {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (family, prefix) = match arguments {
            [family] => (family, ""),
            [family, prefix] => (family, *prefix),
            _ => return Err(Fault::Usage),
        };
        let deleted = session.run.services.db_delete_tree(family, prefix);
        Ok(Answer::result(u8::from(deleted.map_err(Stop::Failed)? > 0)))
    }
}
