use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// SIP_HEADER
pub struct SipHeader;

static MANUAL: Manual = Manual {
    name: "SIP_HEADER",
    syntax: "SIP_HEADER(name[,number])",
    synopsis: "A header field of the INVITE that began the call.",
    text: "The older name of `PJSIP_HEADER(read,name)`.",
    ..Manual::EMPTY
};

impl Function for SipHeader {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        if arguments.get(0).trim().is_empty() {
            return Err("the name is missing".to_string());
        }
        super::header(run, arguments.get(0), super::number_of(arguments.get(1))?)
    }
}
