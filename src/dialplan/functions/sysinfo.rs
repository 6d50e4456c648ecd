use super::{Function, Manual, Run};

/// SYSINFO
pub struct SysInfo;

static MANUAL: Manual = Manual {
    name: "SYSINFO",
    syntax: "SYSINFO(numcalls)",
    synopsis: "How many calls are in progress.",
    text: "The load and the memory of the machine, which Asterisk tells as well, are not told.",
    ..Manual::EMPTY
};

impl Function for SysInfo {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        match arguments.trim().to_ascii_lowercase().as_str() {
            "numcalls" => Ok(run.globals.calls().count().to_string()),
            other => Err(format!("{other} is not told")),
        }
    }
}
