use super::set::Set;
use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use async_trait::async_trait;

/// SetVar
pub struct SetVar;

static MANUAL: Manual = Manual {
    name: "SetVar",
    syntax: "SetVar(name=value)",
    synopsis: "What Set was called in old times.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SetVar {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let finding = Diagnostic::warning(
            "old-application",
            "SetVar is gone from Asterisk; it runs here as Set",
        );
        check.report(0..check.arguments().len(), finding.hint("write Set(name=value)"));
        Set.check(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        Set.execute(run, arguments).await
    }
}
