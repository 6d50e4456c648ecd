use super::{Function, Manual, Run};
use base64::prelude::{Engine, BASE64_STANDARD as STANDARD};

/// BASE64_ENCODE
pub struct Base64Encode;

static MANUAL: Manual = Manual {
    name: "BASE64_ENCODE",
    syntax: "BASE64_ENCODE(text)",
    synopsis: "A text in base64.",
    ..Manual::EMPTY
};

impl Function for Base64Encode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(STANDARD.encode(arguments))
    }
}
