//! Time ranges: `times,days of week,days of month,months[,time zone]`, for GotoIfTime and conditional includes.
//!
//! Each part is `*` or empty for all, else a list with `&` of single values and ranges. A range goes round:
//! `fri-mon` is four days, `22:00-06:00` the night. The last minute named is part of the range.

use jiff::tz::TimeZone;
use std::time::SystemTime;

/// When something holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeRange {
    /// From and to in minutes of the day, both included; empty for the whole day.
    minutes: Vec<(u16, u16)>,
    /// Bit 0 is Sunday.
    days_of_week: u32,
    /// Bit 0 is the first.
    days_of_month: u32,
    /// Bit 0 is January.
    months: u32,
    /// The zone named, else that of the dialplan.
    zone: Option<TimeZone>,
}

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

impl TimeRange {
    /// Reads a range; the error says in a sentence what is wrong.
    pub fn parse(text: &str) -> Result<TimeRange, String> {
        let mut parts = text.splitn(5, ',').map(str::trim);
        let mut next = || parts.next().unwrap_or("*");
        Ok(TimeRange {
            minutes: minutes(next())?,
            days_of_week: days(next(), &DAYS, 0, 7, "day of the week")?,
            days_of_month: days(next(), &[], 1, 31, "day of the month")?,
            months: days(next(), &MONTHS, 1, 12, "month")?,
            zone: match parts.next() {
                None | Some("" | "*") => None,
                Some(name) => {
                    Some(TimeZone::get(name).map_err(|_| format!("there is no time zone called {name}"))?)
                }
            },
        })
    }

    /// Whether it holds at `now`, in its own zone or else in `zone`.
    pub fn contains(&self, now: SystemTime, zone: &TimeZone) -> bool {
        let Ok(now) = jiff::Timestamp::try_from(now) else {
            return false;
        };
        let now = now.to_zoned(self.zone.clone().unwrap_or_else(|| zone.clone()));
        let has = |bits: u32, index: i8| bits & (1 << u32::from(index.unsigned_abs())) != 0;
        let minute = u16::from(now.hour().unsigned_abs()) * 60 + u16::from(now.minute().unsigned_abs());
        let in_time = self.minutes.is_empty()
            || self.minutes.iter().any(|&(from, to)| match from <= to {
                true => (from..=to).contains(&minute),
                false => minute >= from || minute <= to,
            });
        in_time
            && has(self.days_of_week, now.weekday().to_sunday_zero_offset())
            && has(self.days_of_month, now.day() - 1)
            && has(self.months, now.month() - 1)
    }
}

fn is_all(text: &str) -> bool {
    text.is_empty() || text == "*"
}

fn minutes(text: &str) -> Result<Vec<(u16, u16)>, String> {
    if is_all(text) {
        return Ok(Vec::new());
    }
    let minute = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
        (hours < 24 && minutes < 60).then(|| hours * 60 + minutes)
    };
    text.split('&')
        .map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            match (minute(from), minute(to)) {
                (Some(from), Some(to)) => Ok((from, to)),
                _ => Err(format!("{} is not a time range; write 09:00-17:30", part.trim())),
            }
        })
        .collect()
}

/// The bits of a list of names or numbers, of which the lowest number is `first`.
fn days(text: &str, names: &[&str], first: u32, count: u32, what: &str) -> Result<u32, String> {
    if is_all(text) {
        return Ok(u32::MAX);
    }
    let index = |text: &str| {
        let text = text.trim();
        let named = names
            .iter()
            .position(|n| n.eq_ignore_ascii_case(text))
            .map(|i| i as u32);
        let number = || {
            text.parse::<u32>()
                .ok()?
                .checked_sub(first)
                .filter(|n| *n < count)
        };
        named
            .or_else(number)
            .ok_or_else(|| format!("{text} is not a {what}"))
    };
    let mut bits = 0;
    for part in text.split('&') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (index(from)?, index(to)?);
        let mut at = from;
        loop {
            bits |= 1 << at;
            if at == to {
                break;
            }
            at = (at + 1) % count;
        }
    }
    Ok(bits)
}
