use super::{Function, Manual, Run};
use crate::dialplan::uri::{encode, Place};

/// URIENCODE
pub struct UriEncode;

static MANUAL: Manual = Manual {
    name: "URIENCODE",
    syntax: "URIENCODE(text)",
    synopsis: "A text as a part of a URI.",
    text: "What is not a letter, a digit or one of `-_.!~*()'` becomes `%HH`. URIENCODE_FORM and URIENCODE_USER encode \
           for other places.",
    ..Manual::EMPTY
};

impl Function for UriEncode {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(encode(arguments, Place::Anywhere))
    }
}
