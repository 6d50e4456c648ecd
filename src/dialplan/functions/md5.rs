use super::{Function, Manual, Run};
use md5::Digest;

/// MD5
pub struct Md5Function;

static MANUAL: Manual = Manual {
    name: "MD5",
    syntax: "MD5(text)",
    synopsis: "The MD5 hash of a text, in hexadecimal.",
    text: "For what needs it; it protects nothing.",
    ..Manual::EMPTY
};

impl Function for Md5Function {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(hex::encode(md5::Md5::digest(arguments)))
    }
}
