use super::{Function, Manual, Run};
use crate::dialplan::uri::{encode, Place};

/// URIENCODE_USER
pub struct UriEncodeUser;

static MANUAL: Manual = Manual {
    name: "URIENCODE_USER",
    syntax: "URIENCODE_USER(text)",
    synopsis: "A text as the user part of a SIP URI.",
    text: "As URIENCODE, but `&=+$,;?/` stay as they are. Asterisk has no such function.",
    ..Manual::EMPTY
};

impl Function for UriEncodeUser {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, _: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        Ok(encode(arguments, Place::SipUser))
    }
}
