use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, Stop};
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// TryExec
pub struct TryExec;

static MANUAL: Manual = Manual {
    name: "TryExec",
    syntax: "TryExec(application(arguments))",
    synopsis: "Runs an application and goes on where it fails.",
    variables: &[("TRYSTATUS", "SUCCESS; FAILED; NOAPP where there is no such application")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for TryExec {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.tried(0..check.arguments().len());
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let name = arguments.split('(').next().unwrap_or("").trim();
        if super::find(name).is_none() {
            run.set("TRYSTATUS", "NOAPP");
            return Ok(Flow::Next);
        }
        match run.execute_call(arguments).await {
            Err(Stop::Failed(message)) => {
                run.complain(message);
                run.set("TRYSTATUS", "FAILED");
                Ok(Flow::Next)
            }
            outcome => {
                run.set("TRYSTATUS", "SUCCESS");
                outcome
            }
        }
    }
}
