use super::{Function, Manual, Run};
use sha1::Digest;

/// SHA1
pub struct Sha1Function;

static MANUAL: Manual = Manual {
    name: "SHA1",
    syntax: "SHA1(text)",
    synopsis: "The SHA-1 hash of a text, in hexadecimal.",
    text: "For what needs it; where you can choose, take SHA256.",
    ..Manual::EMPTY
};

impl Function for Sha1Function {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(hex::encode(sha1::Sha1::digest(arguments)))
    }
}
