use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SET MUSIC
pub struct SetMusic;

static USAGE: Usage = Usage {
    words: &["SET", "MUSIC"],
    syntax: "SET MUSIC on|off [class]",
    text: "Nothing: there is no music on hold. The result is 0.",
    without_call: false,
};

#[async_trait]
impl Command for SetMusic {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, _: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        match arguments {
            [on] | [on, _] if ["on", "off"].iter().any(|word| on.eq_ignore_ascii_case(word)) => Ok(Answer::result(0)),
            _ => Err(Fault::Usage),
        }
    }
}
