use super::{Answer, Command, Fault, Session, Usage};
use async_trait::async_trait;

/// SEND IMAGE
pub struct SendImage;

static USAGE: Usage = Usage {
    words: &["SEND", "IMAGE"],
    syntax: "SEND IMAGE image",
    text: "Sends nothing: a telephone call carries no images. The result is 0, as Asterisk gives it then.",
    without_call: false,
};

#[async_trait]
impl Command for SendImage {
    fn usage(&self) -> &'static Usage {
        &USAGE
    }

    async fn execute(&self, _: &mut Session<'_, '_>, arguments: &[&str]) -> Result<Answer, Fault> {
        match arguments {
            [_] => Ok(Answer::result(0)),
            _ => Err(Fault::Usage),
        }
    }
}
