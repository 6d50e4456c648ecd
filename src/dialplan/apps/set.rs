use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// Set
pub struct Set;

static MANUAL: Manual = Manual {
    name: "Set",
    syntax: "Set(name=value)",
    synopsis: "Sets a variable, or a function.",
    text: "Splits at the first `=`; what follows is the value, character by character, quotes and \
           spaces included. `_name` is inherited by the channels that this one makes, `__name` by \
           theirs as well. A name with parentheses, as `CALLERID(name)`, sets a function.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Set {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        let Some(equals) = text.find('=') else {
            check.expected(0..text.len(), "name=value");
            return;
        };
        check.assigned(0..equals);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let Some((name, value)) = arguments.split_once('=') else {
            run.complain(format!("Set needs an = in {arguments}"));
            return Ok(Flow::Next);
        };
        if let Err(message) = run.assign(name, value) {
            run.complain(format!("Set({name}): {message}"));
        }
        Ok(Flow::Next)
    }
}
