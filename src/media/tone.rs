//! Tones made in code: the beep before a recording, what a network sounds like, and what a dialplan asks for.
//!
//! The cadences and pitches of call progress are those of North America (the "precise tone plan"), since that
//! is where most of the lines are that this switch answers; a sound file of the same name in the sound folders
//! takes precedence.

use super::prompt::Prompt;
use crate::codec::SAMPLE_RATE;
use crate::time::Duration;
use std::f32::consts::PI as PI_32;
use std::f64::consts::PI;
use std::sync::OnceLock;

/// Peak of the beep: -12 dB below full scale, loud enough to be noticed, soft after a greeting.
const PEAK: f64 = 0.25 * 32_767.0;
/// How long a tone takes to rise and fall, so that it does not click.
const RAMP_MS: u32 = 8;
const RAMP: u64 = (RAMP_MS * (SAMPLE_RATE / 1_000)) as u64;
/// Peak of each frequency of a [`Tone`]: -13 dBm0. A sine of the highest code of mu-law, 32,124, has +3.17 dBm0
/// (G.711), so this one lies 16.17 dB below that.
const TONE_PEAK: f32 = 4_993.0;

/// A tone of up to two frequencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    /// Hertz; 0 is none, and two zeros are silence.
    pub frequencies: [u16; 2],
    /// How long.
    pub time: Duration,
}

const fn tone(frequencies: [u16; 2], ms: u64) -> Tone {
    Tone {
        frequencies,
        time: Duration::from_millis(ms),
    }
}

/// The called party is being alerted: 440 and 480 Hz, 2 s on, 4 s off, over and over.
pub const RINGING: [Tone; 2] = [tone([440, 480], 2_000), tone([0, 0], 4_000)];
/// The called party is busy: 480 and 620 Hz, half a second on, half a second off, over and over.
pub const BUSY: [Tone; 2] = [tone([480, 620], 500), tone([0, 0], 500)];
/// No circuit is free: the tones of busy, twice as fast, over and over.
pub const CONGESTION: [Tone; 2] = [tone([480, 620], 240), tone([0, 0], 260)];

impl Tone {
    /// Samples in it.
    pub fn samples(&self) -> u64 {
        u64::try_from(self.time.as_micros() / 125).unwrap_or(u64::MAX)
    }

    /// Its sample at `at`; it rises at its beginning and falls at its end.
    ///
    /// Frequencies are whole hertz and a second has 8,000 samples, so a phase is a place in a table of one second's
    /// sine and never drifts, however long the tone.
    pub fn sample(&self, at: u64) -> i16 {
        let sine = sine();
        let sum: f32 = self
            .frequencies
            .iter()
            .filter_map(|&hz| {
                let place = (at % u64::from(SAMPLE_RATE)) * u64::from(hz) % u64::from(SAMPLE_RATE);
                sine.get(usize::try_from(place).ok()?)
            })
            .sum();
        let left = self.samples().saturating_sub(at.saturating_add(1));
        let edge = at.min(left).min(RAMP);
        let envelope = if edge == RAMP {
            1.0
        } else {
            0.5 - 0.5 * (PI_32 * edge as f32 / RAMP as f32).cos()
        };
        (TONE_PEAK * envelope * sum).round() as i16
    }
}

/// A sine of one hertz.
fn sine() -> &'static [f32] {
    static SINE: OnceLock<Box<[f32]>> = OnceLock::new();
    SINE.get_or_init(|| {
        let at = |n| (2.0 * PI * f64::from(n) / f64::from(SAMPLE_RATE)).sin() as f32;
        (0..SAMPLE_RATE).map(at).collect()
    })
}

/// What makes the tone of that name.
pub fn by_name(name: &str) -> Option<fn() -> Prompt> {
    Some(match name {
        "beep" => beep,
        "ringing" => ringing,
        "busy" => busy,
        "congestion" => congestion,
        _ => return None,
    })
}

/// "Speak now": 1,000 Hz for 300 ms.
pub fn beep() -> Prompt {
    Prompt::new(burst(&[1_000.0], 300))
}

/// [`RINGING`] as a sound.
pub fn ringing() -> Prompt {
    cadence(&RINGING)
}

/// [`BUSY`] as a sound.
pub fn busy() -> Prompt {
    cadence(&BUSY)
}

/// [`CONGESTION`] as a sound.
pub fn congestion() -> Prompt {
    cadence(&CONGESTION)
}

/// Tones as a prompt that goes on for ever.
fn cadence(tones: &[Tone]) -> Prompt {
    let samples = tones
        .iter()
        .flat_map(|tone| (0..tone.samples()).map(|at| tone.sample(at)));
    Prompt::looping(samples.collect())
}

fn count(ms: u32) -> usize {
    (ms * (SAMPLE_RATE / 1_000)) as usize
}

/// The sum of sines with raised-cosine edges; the sum, not each sine, has the peak.
fn burst(frequencies: &[f64], ms: u32) -> Vec<i16> {
    let (len, ramp) = (count(ms), count(RAMP_MS));
    (0..len)
        .map(|n| {
            let time = n as f64 / f64::from(SAMPLE_RATE);
            let sines: f64 = frequencies.iter().map(|f| (2.0 * PI * f * time).sin()).sum();
            let edge = n.min(len - 1 - n).min(ramp) as f64 / ramp as f64;
            let envelope = 0.5 - 0.5 * (PI * edge).cos();
            (PEAK * envelope * sines / frequencies.len() as f64).round() as i16
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beep_is_short_soft_and_does_not_click() {
        let beep = beep();
        let samples = beep.samples();
        assert_eq!(beep.duration(), Duration::from_millis(300));
        let peak = samples.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((8_000..=8_192).contains(&peak), "{peak}");
        assert_eq!((samples[0], samples[samples.len() - 1]), (0, 0));
        // 1,000 Hz: 300 periods of eight samples.
        let rising = samples.windows(2).filter(|w| w[0] <= 0 && w[1] > 0).count();
        assert!((295..=300).contains(&rising), "{rising}");
    }

    #[test]
    fn tones_of_the_network_loop_on_frame_edges() {
        for (name, ms) in [("ringing", 6_000), ("busy", 1_000), ("congestion", 500)] {
            let tone = by_name(name).unwrap()();
            assert!(tone.loops());
            assert_eq!(tone.duration(), Duration::from_millis(ms), "{name}");
            // A loop that did not end with a frame would grow by the padding of its last.
            assert_eq!(tone.samples().len() % crate::codec::FRAME_SAMPLES, 0, "{name}");
        }
        assert!(by_name("siren").is_none());
    }

    /// The power of `samples` at a frequency, as the peak of a sine that has it: Goertzel's algorithm.
    fn peak_at(samples: &[i16], hz: f64) -> f64 {
        let turn = 2.0 * (2.0 * PI * hz / f64::from(SAMPLE_RATE)).cos();
        let (mut s1, mut s2) = (0.0, 0.0);
        for &sample in samples {
            let s = f64::from(sample) + turn * s1 - s2;
            (s2, s1) = (s1, s);
        }
        let power: f64 = s1 * s1 + s2 * s2 - turn * s1 * s2;
        2.0 * power.sqrt() / samples.len() as f64
    }

    #[test]
    fn a_tone_has_its_frequencies_at_13_db_below_the_reference_and_nothing_else() {
        let tone = tone([697, 1_209], 1_016);
        let samples: Vec<i16> = (0..tone.samples()).map(|at| tone.sample(at)).collect();
        // A whole second between the edges holds a whole number of periods of both.
        let middle = &samples[64..8_064];
        for hz in [697.0, 1_209.0] {
            assert!((peak_at(middle, hz) - 4_993.0).abs() < 5.0, "{hz}");
        }
        for hz in [350.0, 696.0, 698.0, 770.0, 1_336.0, 2_418.0] {
            assert!(peak_at(middle, hz) < 3.0, "{hz}: {}", peak_at(middle, hz));
        }
        assert_eq!((samples[0], samples[samples.len() - 1]), (0, 0));
        // Neither edge jumps further than the steepest slope between them.
        let step = |part: &[i16]| part.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap();
        assert!(step(&samples[..64]) <= step(middle) && step(&samples[8_064..]) <= step(middle));
    }

    #[test]
    fn a_tone_is_steady_after_hours_and_of_silence_nothing_is_heard() {
        let long = tone([1_004, 0], 86_400_000);
        let late: Vec<i16> = (600_000_000..600_008_000).map(|at| long.sample(at)).collect();
        assert!((peak_at(&late, 1_004.0) - 4_993.0).abs() < 5.0);
        assert!((0..800).all(|at| tone([0, 0], 100).sample(at) == 0));
        assert_eq!(tone([65_535, 65_535], 0).samples(), 0);
    }
}
