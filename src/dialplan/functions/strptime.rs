use super::{Function, Manual, Run};
use crate::dialplan::arguments::split_at;
use jiff::civil::{Date, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

/// STRPTIME
pub struct StrPTime;

static MANUAL: Manual = Manual {
    name: "STRPTIME",
    syntax: "STRPTIME(text,time zone,format)",
    synopsis: "The time that a text tells, in seconds since 1970.",
    text: "The opposite of STRFTIME: `${STRPTIME(2026-03-02 10:00,Europe/Paris,%Y-%m-%d %H:%M)}`. What follows the \
           format in the text does not matter. Without a date the first day of 1900 counts, without a time midnight.",
    ..Manual::EMPTY
};

impl Function for StrPTime {
    fn manual(&self) -> &'static Manual {
        &MANUAL
    }

    fn read(&self, run: &mut Run<'_>, arguments: &str) -> Result<String, String> {
        let arguments = split_at(arguments, ',', 3);
        let [text, zone, format] = arguments.as_slice() else {
            return Err("text, time zone and format are needed".to_string());
        };
        let zone = zone_named(run, zone)?;
        parse(text, format, zone).map(|(seconds, _)| seconds.to_string())
    }
}

/// The zone of that name, or the dialplan's.
pub(super) fn zone_named(run: &Run<'_>, name: &str) -> Result<TimeZone, String> {
    match name.trim() {
        "" => Ok(run.plan.zone.0.clone()),
        name => TimeZone::get(name).map_err(|_| format!("there is no time zone called {name}")),
    }
}

/// The time that a text tells, in seconds since 1970, and what follows it in the text.
pub(super) fn parse<'t>(text: &'t str, format: &str, zone: TimeZone) -> Result<(i64, &'t str), String> {
    let unlike = |error: jiff::Error| format!("{text} is not like {format}: {error}");
    let (mut time, end) = BrokenDownTime::parse_prefix(format, text).map_err(unlike)?;
    let rest = text.get(end..).unwrap_or_default();
    if let Some(timestamp) = time.timestamp() {
        return Ok((timestamp.as_second(), rest));
    }
    let date = match time.to_date() {
        Ok(date) => date,
        Err(_) => {
            // What the text leaves open is as in C where nobody set it.
            time.set_year(time.year().or(Some(1900))).map_err(unlike)?;
            time.set_month(time.month().or(Some(1))).map_err(unlike)?;
            time.set_day(time.day().or(Some(1))).map_err(unlike)?;
            Date::new(
                time.year().unwrap_or(1900),
                time.month().unwrap_or(1),
                time.day().unwrap_or(1),
            )
            .map_err(unlike)?
        }
    };
    let clock = time.to_time().unwrap_or(Time::midnight());
    let zone = time.offset().map_or(zone, TimeZone::fixed);
    let moment = date.to_datetime(clock).to_zoned(zone).map_err(unlike)?;
    Ok((moment.timestamp().as_second(), rest))
}
