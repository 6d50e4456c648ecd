use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// SetCallerPres
pub struct SetCallerPres;

static MANUAL: Manual = Manual {
    name: "SetCallerPres",
    syntax: "SetCallerPres(presentation)",
    synopsis: "Sets `CALLERID(pres)`: whether the caller's number may be shown.",
    text: "`allowed`, `prohib`, `unavailable` and their like. It is gone from Asterisk: write \
           `Set(CALLERID(pres)=…)`.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SetCallerPres {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        if let Err(message) = run.assign("CALLERID(pres)", arguments.trim()) {
            run.complain(format!("SetCallerPres: {message}"));
        }
        Ok(Flow::Next)
    }
}
