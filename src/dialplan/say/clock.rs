//! Dates and times, said by the letters of a format: `ABdY 'digits/at' IMp`.

use super::grammar::Grammar;
use super::rules::{Piece, Saying};
use crate::limits;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// What a letter of a format says: a part of the date, by rules.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Letter {
    pub field: Field,
    pub pieces: Vec<Piece>,
}

/// A part of a date, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// 0 is Sunday.
    Weekday,
    /// 0 is January.
    Month0,
    Month,
    Day,
    Year,
    Hour,
    /// 1 to 12.
    Hour12,
    Minute,
    Second,
    /// Midnights between then and now; below zero for what is to come.
    DaysAgo,
}

impl Field {
    /// By its name in a grammar.
    pub fn parse(name: &str) -> Option<Field> {
        Some(match name {
            "weekday" => Field::Weekday,
            "month0" => Field::Month0,
            "month" => Field::Month,
            "day" => Field::Day,
            "year" => Field::Year,
            "hour" => Field::Hour,
            "hour12" => Field::Hour12,
            "minute" => Field::Minute,
            "second" => Field::Second,
            "days-ago" => Field::DaysAgo,
            _ => return None,
        })
    }
}

/// A moment to say, and the one at which it is said, in the zone in which it is.
#[derive(Clone, Debug)]
pub struct Moment {
    then: Zoned,
    now: Zoned,
}

impl Moment {
    /// That moment, said now.
    pub fn new(then: Timestamp, now: Timestamp, zone: TimeZone) -> Self {
        Moment {
            then: then.to_zoned(zone.clone()),
            now: now.to_zoned(zone),
        }
    }

    fn field(&self, field: Field) -> i64 {
        let then = &self.then;
        match field {
            Field::Weekday => then.weekday().to_sunday_zero_offset().into(),
            Field::Month0 => i64::from(then.month()) - 1,
            Field::Month => then.month().into(),
            Field::Day => then.day().into(),
            Field::Year => then.year().into(),
            Field::Hour => then.hour().into(),
            Field::Hour12 => match then.hour() % 12 {
                0 => 12,
                hour => hour.into(),
            },
            Field::Minute => then.minute().into(),
            Field::Second => then.second().into(),
            Field::DaysAgo => days(&self.now) - days(then),
        }
    }
}

/// The day, counted from some day.
fn days(time: &Zoned) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    time.date().duration_since(epoch).as_hours() / 24
}

impl Grammar {
    /// The formats of a date alone and of a time alone: what stands before and after the sound that joins them in the
    /// language's own.
    pub fn formats(&self) -> (&str, &str) {
        let mut pieces = self.default_format.split('\'').map(str::trim);
        (
            pieces.next().unwrap_or_default(),
            pieces.next_back().unwrap_or_default(),
        )
    }

    /// A moment by a format, the language's own where that is empty; and the characters that say nothing.
    pub fn moment(&self, format: &str, moment: &Moment) -> (Vec<String>, Vec<char>) {
        let format = if format.is_empty() {
            &self.default_format
        } else {
            format
        };
        let mut saying = Saying::at(self, moment);
        let unknown = say(&mut saying, self, format, moment);
        (saying.sounds, unknown)
    }
}

/// Says the letters of a format; gives those that say nothing.
pub(super) fn say(saying: &mut Saying<'_>, grammar: &Grammar, format: &str, moment: &Moment) -> Vec<char> {
    let mut unknown = Vec::new();
    let mut rest = format;
    while let (Some(c), true) = (rest.chars().next(), saying.sounds.len() < limits::PLAY_SOUNDS) {
        rest = &rest[c.len_utf8()..];
        if c == '\'' {
            let (name, after) = rest.split_once('\'').unwrap_or((rest, ""));
            saying.sounds.push(name.to_string());
            rest = after;
        } else if let Some(letter) = grammar.letters.get(&c) {
            // A part that cannot be said, such as a year before our era, is left out.
            let _ = saying.body(&letter.pieces, moment.field(letter.field));
        } else if !c.is_whitespace() {
            unknown.push(c);
        }
    }
    unknown
}
