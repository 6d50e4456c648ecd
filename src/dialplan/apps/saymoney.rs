use super::{saying, Application, Check, Manual, Outcome, Run};
use crate::dialplan::say::hundredths;
use async_trait::async_trait;

/// SayMoney
pub struct SayMoney;

static MANUAL: Manual = Manual {
    name: "SayMoney",
    syntax: "SayMoney(amount)",
    synopsis: "Says an amount of money.",
    text: "The amount is written with a point: `2.05`, `.42`; what follows two digits after the point is left out. The currency \
           belongs to the language: dollars in English, euros in French. Does not answer the call: before an \
           answer it is heard as early media.",
    variables: saying::VARIABLES,
    ..Manual::EMPTY
};

#[async_trait]
impl Application for SayMoney {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn check(&self, check: &mut Check<'_>) {
        saying::check_text(check);
    }

    async fn execute(&self, run: &mut Run<'_>, arguments: &str) -> Outcome {
        let sounds = hundredths(arguments).and_then(|amount| run.grammar().money(amount));
        saying::speak_or_complain(run, &format!("SayMoney: {arguments}"), sounds).await
    }
}
