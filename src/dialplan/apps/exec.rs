use super::{Application, Check, Manual, Outcome, Run};
use async_trait::async_trait;

/// Exec
pub struct Exec;

static MANUAL: Manual = Manual {
    name: "Exec",
    syntax: "Exec(application(arguments))",
    synopsis: "Runs an application whose name is in a variable.",
    text: "What the application does to the call, this does.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Exec {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        check.call(0..check.arguments().len());
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        run.execute_call(arguments).await
    }
}
