use super::dbdel::family_and_key;
use super::{Application, Check, Manual, Outcome, Run};
use crate::diagnostic::Diagnostic;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// DBput
pub struct DbPut;

static MANUAL: Manual = Manual {
    name: "DBput",
    syntax: "DBput(family/key=value)",
    synopsis: "Sets a value of the database.",
    text: "It is gone from Asterisk: write `Set(DB(family/key)=value)`.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for DbPut {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let finding = Diagnostic::warning("old-application", "DBput is gone from Asterisk");
        check.report(
            0..check.arguments().len(),
            finding.hint("write Set(DB(family/key)=value)"),
        );
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (place, value) = arguments.split_once('=').unwrap_or((arguments, ""));
        let put = match family_and_key(place) {
            Some((family, key)) => run.services.db_put(family, key, value),
            None => Err(format!("{place} is not family/key")),
        };
        if let Err(message) = put {
            run.complain(format!("DBput: {message}"));
        }
        Ok(Flow::Next)
    }
}
