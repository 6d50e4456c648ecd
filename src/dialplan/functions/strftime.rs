use super::{Function, Manual, Run};
use crate::dialplan::arguments::Arguments;
use jiff::fmt::strtime::{BrokenDownTime, Config, PosixCustom};
use jiff::tz::TimeZone;
use jiff::Timestamp;
use std::fmt::Write as _;
use std::time::SystemTime;

/// STRFTIME
pub struct StrFTime;

static MANUAL: Manual = Manual {
    name: "STRFTIME",
    syntax: "STRFTIME([epoch][,[time zone][,format]])",
    synopsis: "A time as text.",
    text: "The epoch is in seconds since 1970, now where none is given. The format is that of strftime in the C \
           locale, `%c` where none is given; `%q` is the milliseconds, `%6q` the microseconds and so on.",
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
                let seconds: f64 = text
                    .parse()
                    .map_err(|_| format!("{text} is not a number of seconds"))?;
                // Whole microseconds: the range of what a dialplan can name fits them.
                Timestamp::from_microsecond((seconds * 1_000_000.0).round() as i64)
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
        write(time, &zone, format)
    }
}

/// A time as text.
pub(super) fn at(time: SystemTime, zone: &TimeZone, format: &str) -> Result<String, String> {
    let time = Timestamp::try_from(time).map_err(|_| "the time is out of range".to_string())?;
    write(time, zone, format)
}

fn write(time: Timestamp, zone: &TimeZone, format: &str) -> Result<String, String> {
    // A letter that nobody knows stands for itself, as in C.
    let config = Config::new().custom(PosixCustom::new()).lenient(true);
    let time = time.to_zoned(zone.clone());
    let fraction = u32::try_from(time.subsec_nanosecond()).unwrap_or(0);
    BrokenDownTime::from(&time)
        .to_string_with_config(&config, translated(format, fraction))
        .map_err(|error| format!("the format {format}: {error}"))
}

/// The format with what only Asterisk and glibc know put in other words.
fn translated(format: &str, nanoseconds: u32) -> String {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    while let Some(percent) = rest.find('%') {
        out.push_str(&rest[..percent]);
        let after = &rest[percent + 1..];
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, letter) = after.split_at(digits);
        rest = match letter.chars().next() {
            Some('q') => {
                let places = count.parse().unwrap_or(3).clamp(1, 9);
                let _ = write!(out, "{}", &format!("{nanoseconds:09}")[..places]);
                &letter[1..]
            }
            // Another calendar or other digits: there are none in the C locale.
            Some('E' | 'O') if letter.len() > 1 => {
                out.push('%');
                &letter[1..]
            }
            Some('+') => {
                out.push_str("%a %b %e %H:%M:%S %Z %Y");
                &letter[1..]
            }
            Some('%') if digits == 0 => {
                out.push_str("%%");
                &letter[1..]
            }
            _ => {
                out.push('%');
                after
            }
        };
    }
    out + rest
}
