use super::{Function, Manual, Run};
use crate::dialplan::uri::{decode, Place};

/// URIDECODE
pub struct UriDecode;

static MANUAL: Manual = Manual {
    name: "URIDECODE",
    syntax: "URIDECODE(text)",
    synopsis: "The text that a part of a URI stands for.",
    text: "Bytes that are not UTF-8 are replaced.",
    ..Manual::EMPTY
};

impl Function for UriDecode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(String::from_utf8_lossy(&decode(arguments, Place::Anywhere)).into_owned())
    }
}
