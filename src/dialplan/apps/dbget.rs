use super::dbdel::family_and_key;
use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::interp::Flow;
use async_trait::async_trait;

/// DBget
pub struct DbGet;

static MANUAL: Manual = Manual {
    name: "DBget",
    syntax: "DBget(variable=family/key)",
    synopsis: "Sets a variable to a value of the database.",
    text: "It is gone from Asterisk: write `Set(variable=${DB(family/key)})`. Where there is no such value, the variable \
           is left as it is, and `DBGETSTATUS` says so; it does not go to the priority 101 further down.",
    variables: &[("DBGETSTATUS", "SUCCESS or FAIL")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for DbGet {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let finding = Diagnostic::warning("old-application", "DBget is gone from Asterisk");
        check.report(
            0..check.arguments().len(),
            finding.hint("write Set(variable=${DB(family/key)})"),
        );
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (variable, place) = arguments.split_once('=').unwrap_or(("", arguments));
        let found = family_and_key(place).and_then(|(family, key)| run.services.db_get(family, key));
        run.set("DBGETSTATUS", if found.is_some() { "SUCCESS" } else { "FAIL" });
        if let Some(value) = found {
            run.set(variable.trim(), value);
        }
        Ok(Flow::Next)
    }
}
