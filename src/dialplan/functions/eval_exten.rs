use super::{Function, Manual, Run, Waiting};
use crate::dialplan::arguments::Arguments;
use crate::limits;
use async_trait::async_trait;

/// EVAL_EXTEN
pub struct EvalExten;

static MANUAL: Manual = Manual {
    name: "EVAL_EXTEN",
    syntax: "EVAL_EXTEN([[context,]extension,]priority)",
    synopsis: "What a Return that stands elsewhere in the dialplan would return, read here.",
    text: "The place must be a `Return`: its value is read with the variables of this call, as a function of the \
           author's own. `EXTEN`, `CONTEXT` and `PRIORITY` are those of the place meanwhile.",
    ..Manual::EMPTY
};

impl Function for EvalExten {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn waits(&self) -> Option<&'static dyn Waiting> {
        Some(&EvalExten)
    }
}

// What it reads may hold a function that takes time.
#[async_trait]
impl Waiting for EvalExten {
    async fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        if run.eval_depth >= limits::SUBSTITUTION_DEPTH {
            return Err("EVAL_EXTEN is nested too deep".to_string());
        }
        let arguments: Vec<String> = Arguments::parse(arguments).iter().map(String::from).collect();
        let place = run.target(&arguments.join(","))?;
        let plan = run.plan.clone();
        let step = plan.step(&place.context, run.query(&place.extension), place.priority);
        let Some(step) = step.filter(|step| step.name.text.eq_ignore_ascii_case("Return")) else {
            return Err("there is no Return at that place".to_string());
        };
        run.eval_depth += 1;
        let before = std::mem::replace(&mut run.at, place);
        let value = run.substitute(&step.arguments.text).await.into_owned();
        run.at = before;
        run.eval_depth -= 1;
        Ok(value)
    }
}
