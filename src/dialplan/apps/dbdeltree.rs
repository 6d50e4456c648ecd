use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// DBdeltree
pub struct DbDelTree;

static MANUAL: Manual = Manual {
    name: "DBdeltree",
    syntax: "DBdeltree(family[/keys])",
    synopsis: "Takes a family, or those of its keys that begin so, out of the database.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for DbDelTree {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        if check
            .arguments()
            .split('/')
            .next()
            .is_none_or(|family| family.trim().is_empty())
        {
            check.expected(0..0, "family or family/keys");
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (family, keys) = arguments.trim().split_once('/').unwrap_or((arguments.trim(), ""));
        let deleted = match family.is_empty() {
            // All families at once is what nobody means.
            true => Err("the family is missing".to_string()),
            false => run.services.db_delete_tree(family, keys).map(|_| ()),
        };
        if let Err(message) = deleted {
            run.complain(format!("DBdeltree: {message}"));
        }
        Ok(Flow::Next)
    }
}
