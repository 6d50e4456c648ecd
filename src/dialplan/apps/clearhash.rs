use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// ClearHash
pub struct ClearHash;

static MANUAL: Manual = Manual {
    name: "ClearHash",
    syntax: "ClearHash(table)",
    synopsis: "Forgets a table of the function HASH.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ClearHash {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check.arguments().trim().is_empty() {
            check.expected(0..0, "the name of a table");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        run.hashes.clear(arguments.trim());
        Ok(Flow::Next)
    }
}
