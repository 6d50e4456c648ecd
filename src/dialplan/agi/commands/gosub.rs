use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::arguments::split_raw;
use async_trait::async_trait;

/// GOSUB
pub struct Gosub;

static USAGE: Usage = Usage {
    words: &["GOSUB"],
    syntax: "GOSUB context extension priority [arguments]",
    text: "Runs a subroutine until its Return; the arguments are separated by commas. The line 100 says that it has begun. The result is then 0, or -1 where there is no such place, or where the call ended meanwhile.",
    without_call: false,
};

#[async_trait]
impl Command for Gosub {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (place, given) = match arguments {
            [context, extension, priority] => ([*context, extension, priority], ""),
            [context, extension, priority, given] => ([*context, extension, priority], *given),
            _ => return Err(Fault::Usage),
        };
        let found = session.run.target(&place.join(","));
        let Some(place) = found.ok().filter(|at| session.run.exists(&at.context, &at.extension, at.priority)) else {
            return Ok(Answer::Result("-1 Gosub label not found".to_string()));
        };
        // A program that is gone is noticed at the next line.
        let _ = session.peer.send("100 result=0 Trying...\n").await;
        match session.run.subroutine(place, &split_raw(given)).await? {
            None => Ok(Answer::Result("0 Gosub complete".to_string())),
            Some(end) => {
                session.ended(end).await?;
                Ok(Answer::Result("-1 Gosub failed".to_string()))
            }
        }
    }
}
