use super::{Function, Manual, Run, Waiting};
use crate::limits;
use async_trait::async_trait;

/// SHELL
pub struct Shell;

static MANUAL: Manual = Manual {
    name: "SHELL",
    syntax: "SHELL(command)",
    synopsis: "What a command line writes to its standard output, line ends included.",
    text: "Refused unless `[dialplan] allow` names `SHELL`: who can put words into the command runs programs on this \
           machine. Filter whatever comes from a caller: `${FILTER(0-9,${CALLERID(num)})}`. The command is ended after \
           half a minute, and sees an empty environment but for `PATH`.",
    ..Manual::EMPTY
};

impl Function for Shell {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn permission(&self) -> Option<&'static str> {
        Some("SHELL")
    }

    fn waits(&self) -> Option<&'static dyn Waiting> {
        Some(&Shell)
    }
}

#[async_trait]
impl Waiting for Shell {
    async fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        if arguments.trim().is_empty() {
            return Err("the command is missing".to_string());
        }
        let services = run.services.clone();
        Ok(services.run(arguments, limits::COMMAND_TIME).await?.output)
    }
}
