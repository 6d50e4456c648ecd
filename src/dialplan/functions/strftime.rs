use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use jiff::tz::TimeZone;
use jiff::Timestamp;

/// STRFTIME
pub struct StrFTime;

static MANUAL: Manual = Manual {
    name: "STRFTIME",
    syntax: "STRFTIME([epoch][,[time zone][,format]])",
    synopsis: "A time as text.",
    text: "The epoch is in seconds since 1970, now where none is given. The format is that of \
           strftime, `%c` where none is given.",
    ..Manual::EMPTY
};

impl Function for StrFTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = Arguments::parse(arguments);
        let time = match arguments.get(0).trim() {
            "" => Timestamp::try_from(run.channel.wall_clock()),
            text => {
                let seconds: f64 = text.parse().map_err(|_| format!("{text} is not a number of seconds"))?;
                // Whole milliseconds: the range of what a dialplan can name fits them.
                Timestamp::from_millisecond((seconds * 1_000.0) as i64)
            }
        };
        let time = time.map_err(|_| "the time is out of range".to_string())?;
        let zone = match arguments.get(1).trim() {
            "" => run.plan.zone.0.clone(),
            name => TimeZone::get(name).map_err(|_| format!("there is no time zone called {name}"))?,
        };
        let format = match arguments.get(2) {
            "" => "%c",
            format => format,
        };
        jiff::fmt::strtime::format(format, &time.to_zoned(zone)).map_err(|e| format!("the format {format}: {e}"))
    }
}
