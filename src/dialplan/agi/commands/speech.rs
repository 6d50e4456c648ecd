use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SPEECH, all of them
pub struct Speech;

static USAGE: Usage = Usage {
    words: &["SPEECH"],
    syntax: "SPEECH CREATE|SET|DESTROY|LOAD GRAMMAR|UNLOAD GRAMMAR|ACTIVATE GRAMMAR|DEACTIVATE GRAMMAR|RECOGNIZE …",
    text: "Nothing: no speech is recognised here. The result is 0, as Asterisk gives it where there is no engine.",
    without_call: true,
};

#[async_trait]
impl Command for Speech {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, _: &mut Session<'_, '_>, _: &[&str]) -> Result<Answer, Fault> {
        Ok(Answer::result(0))
    }
}
