use super::{Answer, Command, Fault, Session, Usage};
use crate::dialplan::{absent, apps};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// EXEC
pub struct Exec;

static USAGE: Usage = Usage {
    words: &["EXEC"],
    syntax: "EXEC application [arguments]",
    text: "Runs an application of the dialplan; arguments with spaces in them stand in quotes. The result is that of the application: 0, the code of a key that was pressed, -1 where it failed or is not available, or -2 where there is no such application. A place that it goes to is gone to when the program has ended.",
    without_call: true,
};

#[async_trait]
impl Command for Exec {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, session: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        let (name, given) = match arguments {
            [] => return Err(Fault::Usage),
            [name] => (name, ""),
            [name, given, ..] => (name, *given),
        };
        let Some(app) = apps::find(name) else {
            // One of Asterisk's that is not here leaves what says so, as it does in the dialplan.
            return Ok(Answer::result(match absent::execute(session.run, name) {
                Ok(_) => -1,
                Err(_) => -2,
            }));
        };
        Ok(match session.run.execute_within(app, given).await? {
            Flow::Next => Answer::result(0),
            Flow::Digit(digit) => Answer::result(u32::from(digit)),
            Flow::Goto(place) => {
                session.run.at = place;
                session.goes_on_here = true;
                Answer::result(0)
            }
            Flow::Hangup(cause) => {
                session.hang_up(cause).await;
                Answer::result(-1)
            }
        })
    }
}
