//! Tones made in code: the beep before a recording, and what a network sounds like.
//!
//! The cadences and pitches of call progress are those of North America (the "precise tone plan"), since that
//! is where most of the lines are that this switch answers; a sound file of the same name in the sound folders
//! takes precedence.

use super::prompt::Prompt;
use crate::codec::SAMPLE_RATE;
use std::f64::consts::PI;

/// Peak of one sine of a tone: -12 dB below full scale, loud enough to be noticed, soft after a greeting.
const PEAK: f64 = 0.25 * 32_767.0;
/// How long a tone takes to rise and fall, so that it does not click.
const RAMP_MS: u32 = 8;

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

/// The called party is being alerted: 440 and 480 Hz, 2 s on, 4 s off, for ever.
pub fn ringing() -> Prompt {
    cadence(&[440.0, 480.0], 2_000, 4_000)
}

/// The called party is busy: 480 and 620 Hz, half a second on, half a second off, for ever.
pub fn busy() -> Prompt {
    cadence(&[480.0, 620.0], 500, 500)
}

/// No circuit is free: the tones of busy, twice as fast, for ever.
pub fn congestion() -> Prompt {
    cadence(&[480.0, 620.0], 240, 260)
}

fn cadence(frequencies: &[f64], on_ms: u32, off_ms: u32) -> Prompt {
    let mut samples = burst(frequencies, on_ms);
    samples.resize(samples.len() + count(off_ms), 0);
    Prompt::looping(samples)
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
    use crate::time::Duration;

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
}
