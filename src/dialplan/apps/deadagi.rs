use super::{Application, Check, Manual, Outcome, Run};
use async_trait::async_trait;

/// DeadAGI
pub struct DeadAgi;

static MANUAL: Manual = Manual {
    name: "DeadAGI",
    syntax: "DeadAGI(program|agi://host[:port][/script][,argument…])",
    synopsis: "AGI, as old dialplans write it in `h`.",
    text: "It is AGI: once the call is over, AGI too runs its program, which then has the commands that need no call, \
           and thirty seconds.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for DeadAgi {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        super::agi::check_target(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        super::agi::lead(run, arguments).await
    }
}
