use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SET PRIORITY
pub struct SetPriority;

static USAGE: Usage = Usage {
    words: &["SET", "PRIORITY"],
    syntax: "SET PRIORITY priority",
    text: "The dialplan goes on at this priority or label when the program has ended.",
    without_call: false,
};

#[async_trait]
impl Command for SetPriority {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [priority] = arguments else {
            return Err(Fault::Usage);
        };
        session.run.at = session.run.target(priority).map_err(|_| Fault::Usage)?;
        session.goes_on_here = true;
        Ok(Answer::result(0))
    }
}
