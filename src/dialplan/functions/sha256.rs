use super::{Function, Manual, Run};
use sha2::Digest;

/// SHA256
pub struct Sha256Function;

static MANUAL: Manual = Manual {
    name: "SHA256",
    syntax: "SHA256(text)",
    synopsis: "The SHA-256 hash of a text, in hexadecimal.",
    ..Manual::EMPTY
};

impl Function for Sha256Function {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(hex::encode(sha2::Sha256::digest(arguments)))
    }
}
