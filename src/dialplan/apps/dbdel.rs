use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// DBdel
pub struct DbDel;

static MANUAL: Manual = Manual {
    name: "DBdel",
    syntax: "DBdel(family/key)",
    synopsis: "Takes a value out of the database.",
    text: "One that is not there is no error. `DB_DELETE` tells what it was.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for DbDel {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        if !text.contains('$') && family_and_key(text).is_none() {
            check.expected(0..text.len(), "family/key");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let deleted = match family_and_key(arguments) {
            Some((family, key)) => run.services.db_delete(family, key).map(|_| ()),
            None => Err(format!("{arguments} is not family/key")),
        };
        if let Err(message) = deleted {
            run.complain(format!("DBdel: {message}"));
        }
        Ok(Flow::Next)
    }
}

/// The two sides of the first slash.
pub(super) fn family_and_key(text: &str) -> Option<(&str, &str)> {
    let (family, key) = text.trim().split_once('/')?;
    (!family.is_empty() && !key.is_empty()).then_some((family, key))
}
