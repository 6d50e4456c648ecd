use super::{Answer, Command, Fault, Session, Usage};
use super::integer;
use crate::dialplan::interp::Stop;
use async_trait::async_trait;

/// SET AUTOHANGUP
pub struct SetAutohangup;

static USAGE: Usage = Usage {
    words: &["SET", "AUTOHANGUP"],
    syntax: "SET AUTOHANGUP seconds",
    text: "Ends the call after so many seconds, as TIMEOUT(absolute) does; 0 takes that back.",
    without_call: false,
};

#[async_trait]
impl Command for SetAutohangup {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let [seconds] = arguments else {
            return Err(Fault::Usage);
        };
        let seconds = integer(seconds)?.max(0).to_string();
        session.run.assign("TIMEOUT(absolute)", &seconds).map_err(Stop::Failed)?;
        Ok(Answer::result(0))
    }
}
