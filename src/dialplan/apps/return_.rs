use super::{Application, Manual, Outcome, Run};
use crate::dialplan::interp::{Flow, NORMAL_CLEARING};
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// Return
pub struct Return;

static MANUAL: Manual = Manual {
    name: "Return",
    syntax: "Return([value])",
    synopsis: "Comes back from a subroutine.",
    text: "Goes on after the Gosub that led here, with the value in GOSUB_RETVAL. Outside any \
           subroutine, the call ends.",
    variables: &[("GOSUB_RETVAL", "the value")],
    ..Manual::EMPTY
};

#[async_trait]
impl Application for Return {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let value = arguments.to_string();
        let Some(place) = run.leave_frame() else {
            run.complain("Return without Gosub".to_string());
            return Ok(Flow::Hangup(NORMAL_CLEARING));
        };
        run.set("GOSUB_RETVAL", value);
        Ok(Flow::Goto(place))
    }
}
