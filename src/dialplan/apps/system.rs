use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::substitute::Values;
use crate::limits;
use async_trait::async_trait;

/// System
pub struct System;

static MANUAL: Manual = Manual {
    name: "System",
    syntax: "System(command)",
    synopsis: "Runs a command of this machine.",
    text: "Refused unless the configuration permits it: `[dialplan] allow = [\"System\"]`. The command is a line for the \
           shell: what comes from a caller, and stands in it, must go through FILTER. It may take half a minute. A command \
           that could not be run is an error.",
    variables: &[(
        "SYSTEMSTATUS",
        "SUCCESS; APPERROR where the command says by its exit status that it failed; FAILURE where it could not be run",
    )],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for System {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn permission(&self) -> Option<&'static str> {
        Some(MANUAL.name)
    }

    fn check(&self, check: &mut Check<'_>) {
        look(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        command(run, MANUAL.name, arguments).await.map_err(Stop::Failed)?;
        Ok(Flow::Next)
    }
}

/// There must be a command.
pub(super) fn look(check: &mut Check<'_>) {
    if check.arguments().trim().is_empty() {
        check.expected(0..0, "a command");
    }
}

/// Runs the command and sets the status. The error says why it could not be run.
pub(super) async fn command(run: &mut Run<'_>, name: &str, line: &str) -> Result<(), String> {
    let line = line.trim();
    // Quotes around the whole of it are Asterisk's, not the shell's.
    let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
    let line = inner.filter(|inner| !inner.contains('"')).unwrap_or(line);
    run.set("SYSTEMSTATUS", "FAILURE");
    if line.is_empty() {
        return Err(format!("{name} needs a command"));
    }
    let begun = run.channel.wall_clock();
    let ran = run.services.clone().run(line, limits::COMMAND_TIME).await;
    run.time_passed(begun);
    match ran {
        // What a shell says where it does not find the program.
        Ok(ran) if ran.status == 127 => Err(format!("{name}: there is no such program")),
        Ok(ran) => {
            run.set(
                "SYSTEMSTATUS",
                if ran.status == 0 { "SUCCESS" } else { "APPERROR" },
            );
            Ok(())
        }
        Err(message) => {
            run.complain(format!("{name}: {message}"));
            Err(message)
        }
    }
}
