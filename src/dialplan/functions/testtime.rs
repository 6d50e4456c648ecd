use super::{Function, Manual, Run};
use crate::dialplan::substitute::is_true;

/// TESTTIME
pub struct TestTime;

static MANUAL: Manual = Manual {
    name: "TESTTIME",
    syntax: "TESTTIME()",
    synopsis: "Sets the time by which conditions go, to try a dialplan at another hour.",
    text: "`Set(TESTTIME()=2026/12/25 10:00:00)`, with a time zone behind it where it is not that of the dialplan. \
           GotoIfTime, ExecIfTime and IFTIME go by it in this call; the clock goes on. Set to nothing or 0, they go by \
           the clock again.",
    variables: &[("TESTTIME", "the time in seconds since 1970")],
    ..Manual::EMPTY
};

impl Function for TestTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn write(&self, run: &mut Run<'_>, _: &str, value: &str) -> Result<(), String> {
        if !is_true(value) {
            return run.assign("TESTTIME", "");
        }
        // The zone stands behind the time: what follows "date time".
        let zone = value.split_whitespace().nth(2).unwrap_or("");
        let zone = super::strptime::zone_named(run, zone)?;
        let (seconds, _) = super::strptime::parse(value.trim(), "%Y/%m/%d %H:%M:%S", zone)?;
        run.assign("__TESTTIME", &seconds.to_string())
    }
}
