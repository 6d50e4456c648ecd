//! Loss concealment: what a lost packet probably sounded like.
//!
//! In the spirit of G.711 Appendix I, though nothing is delayed and no received sample is altered: the last
//! pitch period is repeated, its seam blended, at full strength for 10 ms and then fading to nothing at 60 ms,
//! since a vowel that goes on for longer sounds like a machine.

/// Samples of the past that are looked at.
pub const HISTORY_SAMPLES: usize = 280;
/// Pitch periods that are tried: 66 to 200 Hz.
const PITCH_MIN: usize = 40;
const PITCH_MAX: usize = 120;
/// Samples of the past that are compared with those a period earlier.
const WINDOW: usize = 160;
/// Where the fade begins.
const FADE_FROM: usize = 80;
/// Where it ends: what lies beyond is silence.
pub const FADE_TO: usize = 480;

/// Fills `gap` with what continues `history`.
pub fn conceal(history: &[i16], gap: &mut [i16]) {
    gap.fill(0);
    if history.len() < WINDOW + PITCH_MAX {
        return;
    }
    let period = pitch(history);
    let end = history.len();
    // The end of the repeated period is blended into what came before its beginning, so that the seam between
    // two repetitions is as smooth as the voice itself was there.
    let blend = period / 4;
    let sample = |place: usize| {
        let own = f32::from(history[end - period + place]);
        let Some(into) = place.checked_sub(period - blend) else {
            return own;
        };
        let before = f32::from(history[end - period - blend + into]);
        let weight = (into + 1) as f32 / (blend + 1) as f32;
        own + (before - own) * weight
    };
    for (index, out) in gap.iter_mut().enumerate().take(FADE_TO) {
        let past_fade = index.saturating_sub(FADE_FROM) as f32;
        let strength = 1.0 - past_fade / (FADE_TO - FADE_FROM) as f32;
        *out = (sample(index % period) * strength) as i16;
    }
}

/// The period at which the past repeats itself best: the highest normalised correlation.
fn pitch(history: &[i16]) -> usize {
    let end = history.len();
    let recent = &history[end - WINDOW..];
    let score = |period: usize| {
        let earlier = &history[end - WINDOW - period..end - period];
        let (mut product, mut energy) = (0i64, 1i64);
        for (&a, &b) in recent.iter().zip(earlier) {
            product += i64::from(a) * i64::from(b);
            energy += i64::from(b) * i64::from(b);
        }
        product as f64 / (energy as f64).sqrt()
    };
    let mut best = (PITCH_MIN, f64::MIN);
    for period in PITCH_MIN..=PITCH_MAX {
        let score = score(period);
        if score > best.1 {
            best = (period, score);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    fn tone(samples: std::ops::Range<usize>) -> Vec<i16> {
        // 125 Hz with a harmonic: a period of 64 samples.
        samples
            .map(|n| {
                let phase = 2.0 * PI * n as f64 / 64.0;
                (6_000.0 * phase.sin() + 2_000.0 * (3.0 * phase).sin()) as i16
            })
            .collect()
    }

    #[test]
    fn a_periodic_sound_goes_on_as_it_was() {
        let history = tone(0..HISTORY_SAMPLES);
        let mut gap = [0; 80];
        conceal(&history, &mut gap);
        for (made, real) in gap.iter().zip(tone(HISTORY_SAMPLES..HISTORY_SAMPLES + 80)) {
            assert!((made - real).abs() <= 2, "{made} {real}");
        }
    }

    #[test]
    fn it_fades_and_ends() {
        let mut gap = [1; 1_000];
        conceal(&tone(0..400), &mut gap);
        let peak = |range: std::ops::Range<usize>| gap[range].iter().map(|s| s.abs()).max().unwrap();
        assert!(peak(0..80) > 5_000);
        assert!(peak(240..320) < 4_500);
        assert!(gap[FADE_TO..].iter().all(|&s| s == 0));
    }

    #[test]
    fn without_a_past_there_is_silence() {
        let mut gap = [7; 160];
        conceal(&[100; 200], &mut gap);
        assert_eq!(gap, [0; 160]);
    }
}
