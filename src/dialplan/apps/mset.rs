use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::arguments;
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// MSet
pub struct MSet;

static MANUAL: Manual = Manual {
    name: "MSet",
    syntax: "MSet(name1=value1[,name2=value2…])",
    synopsis: "Sets several variables.",
    text: "Values are separated by commas; quotes around a value, which may then hold a comma, are \
           taken off.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for MSet {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        for (range, part) in check.parts() {
            match part.find('=') {
                Some(equals) => check.assigned(range.start..range.start + equals),
                None => check.expected(range, "name=value"),
            }
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        for part in arguments::split(arguments) {
            match part.split_once('=') {
                Some((name, value)) => {
                    if let Err(message) = run.assign(name.trim(), value) {
                        run.complain(format!("MSet({name}): {message}"));
                    }
                }
                None => run.complain(format!("MSet needs an = in {part}")),
            }
        }
        Ok(Flow::Next)
    }
}
