use super::{Function, Manual, Run};
use crate::dialplan::uri::{encode, Place};

/// URIENCODE_FORM
pub struct UriEncodeForm;

static MANUAL: Manual = Manual {
    name: "URIENCODE_FORM",
    syntax: "URIENCODE_FORM(text)",
    synopsis: "A text as a value of a web form, for the body of a CURL.",
    text: "As URIENCODE, but a space becomes `+`. Asterisk has no such function.",
    ..Manual::EMPTY
};

impl Function for UriEncodeForm {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(encode(arguments, Place::Form))
    }
}
