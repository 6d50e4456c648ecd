use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// PJSIP_HEADER
pub struct PjsipHeader;

static MANUAL: Manual = Manual {
    name: "PJSIP_HEADER",
    syntax: "PJSIP_HEADER(read,name[,number])",
    synopsis: "A header field of the INVITE that began the call.",
    text: "The number chooses among several of that name, from 1. A name that ends with `*` is the \
           beginning of one.",
    ..Manual::EMPTY
};

impl Function for PjsipHeader {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        if !arguments.get(0).trim().eq_ignore_ascii_case("read") {
            return Err(format!("{} cannot be done here", arguments.get(0)));
        }
        let number = arguments.get(2).trim().parse().unwrap_or(1);
        super::header(run, arguments.get(1), number)
    }
}
