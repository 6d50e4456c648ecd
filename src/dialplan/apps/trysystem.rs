use super::system::{command, look};
use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// TrySystem
pub struct TrySystem;

static MANUAL: Manual = Manual {
    name: "TrySystem",
    syntax: "TrySystem(command)",
    synopsis: "Runs a command of this machine, and goes on where it could not be run.",
    text: "Otherwise as System; `[dialplan] allow` must name TrySystem.",
    variables: &[("SYSTEMSTATUS", "as System sets it")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for TrySystem {
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
        // The status says how it went.
        let _ = command(run, MANUAL.name, arguments).await;
        Ok(Flow::Next)
    }
}
