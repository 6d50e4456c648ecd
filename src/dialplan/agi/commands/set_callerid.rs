use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::interp::Stop;
use async_trait::async_trait;

/// SET CALLERID
pub struct SetCallerid;

static USAGE: Usage = Usage {
    words: &["SET", "CALLERID"],
    syntax: "SET CALLERID caller",
    text: "Changes the caller, written as a number or as \"name\" <number>.",
    without_call: false,
};

#[async_trait]
impl Command for SetCallerid {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [caller] = arguments else {
            return Err(Fault::Usage);
        };
        session.run.assign("CALLERID(all)", caller).map_err(Stop::Failed)?;
        Ok(Answer::result(1))
    }
}
