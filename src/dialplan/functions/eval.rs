use super::{Function, Manual, Run, Waiting};
use crate::limits;
use async_trait::async_trait;

/// EVAL
pub struct Eval;

static MANUAL: Manual = Manual {
    name: "EVAL",
    syntax: "EVAL(text)",
    synopsis: "Replaces the variables in a text once more.",
    text: "What a variable holds is not looked at again for variables; EVAL does. Never with a text \
           that comes from a caller.",
    ..Manual::EMPTY
};

impl Function for Eval {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn waits(&self) -> Option<&'static dyn Waiting> {
        Some(&Eval)
    }
}

// What it replaces may be a function that takes time.
#[async_trait]
impl Waiting for Eval {
    async fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        if run.eval_depth >= limits::SUBSTITUTION_DEPTH {
            return Err("EVAL is nested too deep".to_string());
        }
        run.eval_depth += 1;
        let value = run.substitute(arguments).await.into_owned();
        run.eval_depth -= 1;
        Ok(value)
    }
}
