//! The rules that `contrib/sounds` promises, measured again by code of another make.

use super::{find, DEMO_SPEECH, SOUNDS};
use crate::codec::wav;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::PI;
use std::path::{Path, PathBuf};

const RATE: usize = 8_000;
/// 10 ms.
const FRAME: usize = RATE / 100;

const LANGUAGES: [&str; 2] = ["en", "fr"];

fn folder(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sounds")
        .join(language)
}

/// The texts of a language, by language and name.
fn texts(language: &str) -> BTreeMap<String, String> {
    let table = std::fs::read_to_string(folder(language).join("table.tsv")).expect("the table");
    let row = |line: &str| {
        let (name, text) = line.split_once('\t').expect("a name, a tab, a text");
        assert!(!text.is_empty(), "{name}");
        (format!("{language}/{name}"), text.to_owned())
    };
    let rows: BTreeMap<String, String> = table.lines().map(row).collect();
    assert_eq!(rows.len(), table.lines().count(), "a name stands twice");
    rows
}

/// The samples of a WAV file, as fractions of full scale, where its form is the one that we promise: 8 kHz, one channel,
/// G.711 mu-law, or for what the demo's caller says 16 bits.
fn samples(name: &str, wav: &[u8]) -> Vec<f64> {
    let form = if name == "speech" {
        [1, 0, 1, 0]
    } else {
        [7, 0, 1, 0]
    };
    assert_eq!(wav[20..24], form, "{name}");
    let read = wav::read(wav).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((read.rate, read.channels), (8_000, 1), "{name}");
    read.samples.into_iter().map(f64::from).collect()
}

fn everything() -> impl Iterator<Item = (&'static str, Vec<f64>)> {
    SOUNDS
        .iter()
        .copied()
        .chain([("speech", DEMO_SPEECH)])
        .map(|(name, wav)| (name, samples(name, wav)))
}

/// One second-order section, as ITU-R BS.1770 describes its two filters, designed for this rate by the bilinear transform.
struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

impl Section {
    fn run(&self, input: &[f64]) -> Vec<f64> {
        let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
        input
            .iter()
            .map(|&x| {
                let y = self.b[0] * x + self.b[1] * x1 + self.b[2] * x2 - self.a[0] * y1 - self.a[1] * y2;
                (x2, x1, y2, y1) = (x1, x, y1, y);
                y
            })
            .collect()
    }

    /// The first stage: the head's shelf of 4 dB.
    fn shelf() -> Self {
        let k = (PI * 1_681.974_45 / RATE as f64).tan();
        let (q, high) = (0.707_175_24, 10f64.powf(3.999_843_85 / 20.0));
        let middle = high.powf(0.499_666_77);
        let a0 = 1.0 + k / q + k * k;
        Section {
            b: [
                (high + middle * k / q + k * k) / a0,
                2.0 * (k * k - high) / a0,
                (high - middle * k / q + k * k) / a0,
            ],
            a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
        }
    }

    /// The second stage: the ear's high-pass.
    fn high_pass() -> Self {
        let k = (PI * 38.135_470_88 / RATE as f64).tan();
        let q = 0.500_327_04;
        let a0 = 1.0 + k / q + k * k;
        Section {
            b: [1.0, -2.0, 1.0],
            a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
        }
    }
}

/// Integrated loudness in LUFS (ITU-R BS.1770: blocks of 400 ms, three quarters overlapping, an absolute gate at -70 and
/// a relative one at -10), of a sound repeated until it lasts three seconds.
fn loudness(sound: &[f64]) -> f64 {
    let repeats = (3 * RATE).div_ceil(sound.len());
    let weighted = Section::high_pass().run(&Section::shelf().run(&sound.repeat(repeats)));
    let powers: Vec<f64> = weighted
        .windows(RATE * 2 / 5)
        .step_by(RATE / 10)
        .map(|block| block.iter().map(|x| x * x).sum::<f64>() / block.len() as f64)
        .collect();
    let lufs = |power: f64| 10.0 * power.log10() - 0.691;
    let gated = |gate: f64| {
        let kept: Vec<f64> = powers.iter().copied().filter(|&p| lufs(p) > gate).collect();
        kept.iter().sum::<f64>() / kept.len() as f64
    };
    lufs(gated(lufs(gated(-70.0)) - 10.0))
}

/// The highest value of the wave between the samples too: four times as many, by a windowed sinc.
fn true_peak(sound: &[f64]) -> f64 {
    const REACH: isize = 12;
    let kernel = |phase: f64| -> Vec<f64> {
        (-REACH..=REACH)
            .map(|tap| {
                let x = tap as f64 - phase;
                let window = 0.5 + 0.5 * (PI * x / (REACH as f64 + 1.0)).cos();
                let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
                sinc * window
            })
            .collect()
    };
    let between = [0.25, 0.5, 0.75].map(kernel);
    let inner = sound.windows(2 * REACH as usize + 1);
    let interpolated = inner.flat_map(|window| {
        between
            .iter()
            .map(|taps| window.iter().zip(taps).map(|(x, h)| x * h).sum::<f64>().abs())
    });
    sound
        .iter()
        .map(|x| x.abs())
        .chain(interpolated)
        .fold(0.0, f64::max)
}

/// Frames below -50 dBFS before the first and after the last that is louder.
fn silent_frames(sound: &[f64]) -> (usize, usize) {
    let loud: Vec<bool> = sound
        .chunks(FRAME)
        .map(|frame| frame.iter().map(|x| x * x).sum::<f64>() / frame.len() as f64 > 1e-5)
        .collect();
    let first = loud.iter().position(|&l| l).expect("something to hear");
    let last = loud.iter().rposition(|&l| l).expect("something to hear");
    (first, loud.len() - 1 - last)
}

#[test]
fn every_sound_is_as_loud_as_the_others() {
    for (name, sound) in everything() {
        let lufs = loudness(&sound);
        assert!((-23.0..=-19.0).contains(&lufs), "{name}: {lufs:.1} LUFS");
    }
}

#[test]
fn no_sound_clips() {
    for (name, sound) in everything() {
        let dbtp = 20.0 * true_peak(&sound).log10();
        // What two interpolations may differ by is the tenth beyond the rule of -1.5.
        assert!(dbtp <= -1.4, "{name}: {dbtp:.2} dBTP");
    }
}

#[test]
fn no_sound_begins_or_ends_with_a_wait() {
    for (name, sound) in everything() {
        let (before, after) = silent_frames(&sound);
        assert!(
            before <= 20 && after <= 20,
            "{name}: {before}0 ms before, {after}0 ms after"
        );
    }
}

#[test]
fn the_tables_name_every_file_and_every_file_is_in_a_table() {
    let named: BTreeSet<String> = LANGUAGES
        .into_iter()
        .flat_map(|language| texts(language).into_keys())
        .collect();
    let mut files = BTreeSet::new();
    let mut folders = LANGUAGES.map(folder).to_vec();
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "wav") {
                let name = path
                    .strip_prefix(folder(""))
                    .expect("below the folder")
                    .with_extension("");
                files.insert(name.to_str().expect("a name in ASCII").to_owned());
            }
        }
    }
    assert_eq!(named, files);
    let compiled: Vec<&str> = SOUNDS.iter().map(|(name, _)| *name).collect();
    assert!(compiled.is_sorted());
    assert_eq!(named, compiled.into_iter().map(str::to_owned).collect());
}

#[test]
fn french_has_what_english_has() {
    let without = |language: &str| -> BTreeSet<String> {
        let names = texts(language).into_keys();
        names.map(|name| name[3..].to_owned()).collect()
    };
    let missing: Vec<String> = without("en").difference(&without("fr")).cloned().collect();
    // These have no words.
    assert_eq!(missing, ["beep", "beeperr"]);
}

#[test]
fn every_sound_is_as_long_as_its_text_takes_to_say() {
    for (name, text) in LANGUAGES.into_iter().flat_map(texts) {
        if text.starts_with('[') {
            continue;
        }
        let sound = samples(&name, find(&name).expect("a sound"));
        let (before, after) = silent_frames(&sound);
        let seconds = (sound.len().div_ceil(FRAME) - before - after) as f64 / 100.0;
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let plausible = match letters {
            0..10 => (0.1..=1.5).contains(&seconds),
            letters => (4.0..=25.0).contains(&(letters as f64 / seconds)),
        };
        assert!(plausible, "{name}: {text:?} in {seconds} s");
    }
}

#[test]
fn what_the_switch_says_by_itself_is_there() {
    for name in [
        "en/greeting",
        "en/beep",
        "en/memo-saved",
        "en/goodbye",
        "en/digits/0",
        "fr/letters/z",
    ] {
        assert!(find(name).is_some_and(|wav| wav.starts_with(b"RIFF")), "{name}");
    }
    assert!(find("no-such-sound").is_none());
}

#[test]
fn the_binary_stays_small() {
    let bytes: usize = SOUNDS.iter().map(|(_, wav)| wav.len()).sum();
    // Two languages at 8 kHz; what is said of memos by telephone is the last half megabyte of it.
    assert!(bytes < 7_600_000, "{bytes} bytes");
}

#[test]
fn the_beep_is_a_tone_of_1000_hz() {
    let beep = samples("en/beep", find("en/beep").expect("the beep"));
    assert_eq!(beep.len(), RATE * 3 / 10);
    let rises = beep.windows(2).filter(|w| w[0] <= 0.0 && w[1] > 0.0).count();
    assert!((298..=301).contains(&rises), "{rises} periods in 300 ms");
}
