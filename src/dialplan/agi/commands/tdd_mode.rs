use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// TDD MODE
pub struct TddMode;

static USAGE: Usage = Usage {
    words: &["TDD", "MODE"],
    syntax: "TDD MODE on|off|mate",
    text: "Nothing: there are no text telephones here. The result is 0.",
    without_call: false,
};

#[async_trait]
impl Command for TddMode {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, _: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        match arguments {
            [mode] if ["on", "off", "mate"].iter().any(|word| mode.eq_ignore_ascii_case(word)) => {
                Ok(Answer::result(0))
            }
            _ => Err(Fault::Usage),
        }
    }
}
