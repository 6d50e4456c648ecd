//! Tones as Asterisk writes them: lists of frequencies and times, and those that have a name in a country.
//!
//! A list is separated by commas, or by `|` where there is one: `480+620/500,0/500` is two frequencies for half a
//! second and silence for as long. What has no time goes on for ever; `0` is silence. A `!` before an element says that
//! it is heard once, the others over and over. `M69/200` is a note of MIDI.

use super::channel::Tone;
use crate::limits;
use std::time::Duration;

/// Tones and how they follow one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToneList {
    /// Heard first, once.
    once: Vec<Tone>,
    /// Heard after that, over and over.
    again: Vec<Tone>,
}

/// The highest frequency that a telephone carries.
const HIGHEST: u32 = 4_000;

impl ToneList {
    /// Reads a list. The error names the element that is not understood.
    pub fn parse(text: &str) -> Result<ToneList, String> {
        let separator = if text.contains('|') { '|' } else { ',' };
        let mut list = ToneList::default();
        let mut repeats = false;
        for element in text.split(separator).map(str::trim).take(limits::PLAY_SOUNDS) {
            // An element with a ! after those that are repeated is repeated with them.
            let (marked, element) = match element.strip_prefix('!') {
                Some(rest) => (true, rest.trim_start()),
                None => (false, element),
            };
            repeats |= !marked;
            let tone = tone(element).ok_or_else(|| format!("{element} is not a tone"))?;
            match repeats {
                true => list.again.push(tone),
                false => list.once.push(tone),
            }
        }
        Ok(list)
    }

    /// The tones in a row, and whether the whole row is repeated, as a channel plays it: what is heard once is
    /// followed by as many repetitions as there is room for.
    pub fn row(&self) -> (Vec<Tone>, bool) {
        let endless = |tone: &Tone| tone.time.is_zero();
        if let Some(at) = self.once.iter().position(endless) {
            return (self.once[..=at].to_vec(), true);
        }
        if let Some(at) = self.again.iter().position(endless) {
            return (
                self.once.iter().chain(&self.again[..=at]).copied().collect(),
                true,
            );
        }
        if self.once.is_empty() || self.again.is_empty() {
            return ([&self.once[..], &self.again[..]].concat(), !self.again.is_empty());
        }
        let row = self.once.iter().chain(self.again.iter().cycle());
        (row.copied().take(limits::PLAY_SOUNDS).collect(), false)
    }
}

/// One element: frequencies, and a time in milliseconds after a slash.
fn tone(text: &str) -> Option<Tone> {
    let (frequencies, time) = text.split_once('/').unwrap_or((text, "0"));
    let time = Duration::from_millis(time.trim().parse::<u32>().ok()?.into());
    let frequencies = match frequencies.split_once(['+', '*']) {
        None => [frequency(frequencies)?, 0],
        Some((first, second)) => {
            let (first, second) = (frequency(first)?, frequency(second)?);
            match frequencies.contains('*') {
                // A tone whose strength another one changes: the two that beat as it does.
                true => [first, first.saturating_add(second)],
                false => [first, second],
            }
        }
    };
    Some(Tone { frequencies, time })
}

fn frequency(text: &str) -> Option<u16> {
    let text = text.trim();
    let hertz = match text.strip_prefix(['M', 'm']) {
        Some(note) => hertz_of_note(note.parse().ok()?),
        None => text.parse().ok().filter(|hertz| *hertz <= HIGHEST)?,
    };
    u16::try_from(hertz).ok()
}

/// A note of MIDI: 69 is 440 Hz, and there are twelve to the octave. One that there is not is silence.
fn hertz_of_note(note: u32) -> u32 {
    match note {
        0..=127 => (440.0 * ((f64::from(note) - 69.0) / 12.0).exp2()) as u32,
        _ => 0,
    }
}

/// Names of zones, the default first.
pub const ZONES: &[&str] = &["us", "gb", "fr", "de"];
/// Names of tones that every zone has.
pub const NAMES: &[&str] = &[
    "dial",
    "busy",
    "ring",
    "congestion",
    "callwaiting",
    "dialrecall",
    "record",
    "info",
    "stutter",
];

/// What the tones are in each zone, in the order of `NAMES`; from the supplement of ITU-T E.180.
const TABLE: &[&[&str]] = &[
    // The United States.
    &[
        "350+440",
        "480+620/500,0/500",
        "440+480/2000,0/4000",
        "480+620/250,0/250",
        "440/300,0/10000",
        "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440",
        "1400/500,0/15000",
        "!950/330,!1400/330,!1800/330,0",
        "!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440",
    ],
    // Great Britain.
    &[
        "350+440",
        "400/375,0/375",
        "400+450/400,0/200,400+450/400,0/2000",
        "400/400,0/350,400/225,0/525",
        "400/100,0/4000",
        "350+440",
        "1400/500,0/60000",
        "950/330,0/15,1400/330,0/15,1800/330,0/1000",
        "350+440/750,440/750",
    ],
    // France.
    &[
        "440",
        "440/500,0/500",
        "440/1500,0/3500",
        "440/250,0/250",
        "440/300,0/10000",
        "!330+440/100,!0/100,!330+440/100,!0/100,!330+440/100,!0/100,330+440",
        "1400/500,0/15000",
        "!950/330,!1400/330,!1800/330",
        "!440/100,!0/100,!440/100,!0/100,!440/100,!0/100,!440/100,!0/100,!440/100,!0/100,!440/100,!0/100,440",
    ],
    // Germany.
    &[
        "425",
        "425/480,0/480",
        "425/1000,0/4000",
        "425/240,0/240",
        "425/200,0/200,425/200,0/5000",
        "!425/100,!0/100,!425/100,!0/100,!425/100,!0/100,425",
        "1400/80,0/15000",
        "950/330,1400/330,1800/330,0/1000",
        "400+425",
    ],
];

/// The tone of that name in a zone; a zone that there is not, and none, is the first. Asterisk's name for Great Britain
/// is `uk`.
pub fn named(zone: &str, name: &str) -> Option<&'static str> {
    let zone = if zone.eq_ignore_ascii_case("uk") {
        "gb"
    } else {
        zone
    };
    let zone = ZONES
        .iter()
        .position(|z| z.eq_ignore_ascii_case(zone))
        .unwrap_or(0);
    let name = NAMES.iter().position(|n| n.eq_ignore_ascii_case(name))?;
    TABLE.get(zone)?.get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(frequencies: [u16; 2], ms: u64) -> Tone {
        Tone {
            frequencies,
            time: Duration::from_millis(ms),
        }
    }

    #[test]
    fn a_list_is_read_and_laid_out() {
        for (text, row, repeat) in [
            ("350+440", vec![of([350, 440], 0)], true),
            (
                "480+620/500,0/500",
                vec![of([480, 620], 500), of([0, 0], 500)],
                true,
            ),
            (
                "!950/330,!1400/330",
                vec![of([950, 0], 330), of([1_400, 0], 330)],
                false,
            ),
            ("!950/330,0", vec![of([950, 0], 330), of([0, 0], 0)], true),
            ("440,100/5", vec![of([440, 0], 0)], true),
            (
                "400*25/400|0/200",
                vec![of([400, 425], 400), of([0, 0], 200)],
                true,
            ),
            ("M69+M60/200", vec![of([440, 261], 200)], true),
            ("M200/10", vec![of([0, 0], 10)], true),
        ] {
            assert_eq!(ToneList::parse(text).unwrap().row(), (row, repeat), "{text}");
        }
    }

    #[test]
    fn what_is_heard_once_goes_before_what_is_repeated() {
        let (row, repeat) = ToneList::parse("!425/1000,425/360,!0/140").unwrap().row();
        assert_eq!(
            row[..4],
            [
                of([425, 0], 1_000),
                of([425, 0], 360),
                of([0, 0], 140),
                of([425, 0], 360)
            ]
        );
        assert_eq!((row.len(), repeat), (limits::PLAY_SOUNDS, false));
    }

    #[test]
    fn what_is_no_tone_is_refused() {
        for text in [
            "",
            "ring",
            "440/x",
            "440+",
            "5000",
            "440/-1",
            "440/99999999999",
            "1/2/3",
            "!",
            "440,,440",
        ] {
            assert!(ToneList::parse(text).is_err(), "{text}");
        }
        // A list without end is cut where a channel would cut it.
        assert!(ToneList::parse(&"440/10,".repeat(1 << 20)).is_ok());
    }

    #[test]
    fn every_zone_has_every_tone() {
        for zone in ZONES {
            for name in NAMES {
                let list = named(zone, name).unwrap();
                assert!(
                    !ToneList::parse(list).unwrap().row().0.is_empty(),
                    "{zone} {name}"
                );
            }
        }
        assert_eq!(named("uk", "Busy"), Some("400/375,0/375"));
        assert_eq!(
            (named("xx", "dial"), named("us", "nothing")),
            (Some("350+440"), None)
        );
    }
}
