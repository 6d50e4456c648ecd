use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;

/// PJSIP_HEADER
pub struct PjsipHeader;

static MANUAL: Manual = Manual {
    name: "PJSIP_HEADER",
    syntax: "PJSIP_HEADER(read,name[,number])",
    synopsis: "A header field of the INVITE that began the call.",
    text: "The number chooses among several of that name, from 1. A name that ends with `*` is the beginning of one; \
           PJSIP_HEADERS lists the names. `add`, `update` and `remove` concern requests to others: there is no call \
           to another yet, so they are refused with a warning.",
    ..Manual::EMPTY
};

impl Function for PjsipHeader {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        match arguments.get(0).trim().to_ascii_lowercase().as_str() {
            "read" if arguments.get(1).trim().is_empty() => Err("the name is missing".to_string()),
            "read" => super::header(run, arguments.get(1), super::number_of(arguments.get(2))?),
            "remove" => Err("there is no call to another from which a header could be taken".to_string()),
            other => Err(format!("{other} cannot be read; write read,{other}")),
        }
    }

    fn write(&self, _: &mut Run<'_>, arguments: &str, _: &str) -> Result<(), String> {
        let action = Arguments::parse(arguments).get(0).trim().to_ascii_lowercase();
        match action.as_str() {
            "add" | "update" | "remove" => {
                Err("there is no call to another whose headers could be changed".to_string())
            }
            other => Err(format!("{other} is not one of add, update and remove")),
        }
    }
}
