use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// DATABASE GET
pub struct DatabaseGet;

static USAGE: Usage = Usage {
    words: &["DATABASE", "GET"],
    syntax: "DATABASE GET family key",
    text: "A value of the database: the result is 1 and the value in parentheses, or 0 where there is none.",
    without_call: true,
};

#[async_trait]
impl Command for DatabaseGet {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [family, key] = arguments else {
            return Err(Fault::Usage);
        };
        Ok(match session.run.services.db_get(family, key) {
            Some(value) => Answer::value(1, &value),
            None => Answer::result(0),
        })
    }
}
