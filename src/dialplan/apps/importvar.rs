use super::{Application, Check, Manual, Outcome, Run};
use crate::dialplan::interp::Flow;
use crate::dialplan::substitute::Values;
use async_trait::async_trait;

/// ImportVar
pub struct ImportVar;

static MANUAL: Manual = Manual {
    name: "ImportVar",
    syntax: "ImportVar(name=channel,variable)",
    synopsis: "Sets a variable to what a variable of a channel is.",
    text: "The channel can only be this one; of another, the value is empty.",
    ..Manual::EMPTY
};

#[async_trait]
impl Application for ImportVar {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        let text = check.arguments();
        match text.find('=').filter(|equals| text[*equals..].contains(',')) {
            Some(equals) => check.assigned(0..equals),
            None => check.expected(0..text.len(), "name=channel,variable"),
        }
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let (name, from) = arguments.split_once('=').unwrap_or((arguments, ""));
        let (channel, variable) = from.split_once(',').unwrap_or((from, ""));
        let value = match channel.trim() == run.channel.facts().channel {
            true => run.named(variable.trim()),
            false => {
                run.complain(format!("ImportVar: {channel} is not this call's channel"));
                String::new()
            }
        };
        run.set(name.trim(), value);
        Ok(Flow::Next)
    }
}
