//! Any sample rate to any other, band-limited: a windowed-sinc interpolation.
//!
//! For files, not for streams: prompts pass through here once, when they are loaded. The filter's cut-off is
//! the lower of the two Nyquist frequencies less a transition band, so nothing above 4 kHz folds into a prompt
//! of 8 kHz.

use std::f64::consts::PI;

/// Zero crossings of the sinc on each side. 32 with the window below give 80 dB of stop-band and a transition
/// band of 8 % of the bandwidth.
const CROSSINGS: f64 = 32.0;
/// Shape of the Kaiser window: 8 is some 80 dB of stop-band.
const KAISER_BETA: f64 = 8.0;
/// Where the filter begins to fall, of the lower Nyquist frequency: its transition ends at that frequency.
const CUTOFF: f64 = 0.92;

/// The signal at `to` samples a second; as many samples as last equally long, rounded up.
///
/// # Panics
/// Where a rate is zero.
pub fn resample(input: &[f32], from: u32, to: u32) -> Vec<f32> {
    assert!(from > 0 && to > 0, "a sample rate is not zero");
    if from == to || input.is_empty() {
        return input.to_vec();
    }
    // Reduced, so that the same few phases come again and again and each is computed once.
    let divisor = gcd(from, to);
    let (up, down) = (u64::from(to / divisor), u64::from(from / divisor));
    let cutoff = CUTOFF * (f64::from(to) / f64::from(from)).min(1.0);
    let half_width = (CROSSINGS / cutoff).ceil() as i64;
    let mut phases: Vec<Option<Vec<f32>>> = vec![None; usize::try_from(up).unwrap_or(0).min(MAX_PHASES)];

    let length = (input.len() as u64 * up).div_ceil(down);
    (0..length)
        .map(|index| {
            let position = index * down;
            let (centre, phase) = ((position / up) as i64, position % up);
            let kernel;
            let taps = match phases.get_mut(phase as usize) {
                Some(slot) => {
                    &*slot.get_or_insert_with(|| taps(phase as f64 / up as f64, cutoff, half_width))
                }
                None => {
                    kernel = taps(phase as f64 / up as f64, cutoff, half_width);
                    &kernel
                }
            };
            let first = centre - half_width;
            let from = usize::try_from(-first).unwrap_or(0);
            let start = usize::try_from(first).unwrap_or(0);
            taps.iter()
                .skip(from)
                .zip(input.get(start..).unwrap_or_default())
                .map(|(tap, sample)| tap * sample)
                .sum()
        })
        .collect()
}

/// Phases kept at most: every pair of usual rates has fewer; an odd pair computes the rest each time.
const MAX_PHASES: usize = 1_024;

/// The filter for one output sample that lies `fraction` after an input sample.
fn taps(fraction: f64, cutoff: f64, half_width: i64) -> Vec<f32> {
    let mut taps: Vec<f64> = (-half_width..=half_width)
        .map(|offset| {
            let distance = offset as f64 - fraction;
            let window = kaiser(distance / (half_width as f64 + 1.0));
            cutoff * sinc(cutoff * distance) * window
        })
        .collect();
    // Each phase passes a constant unchanged; otherwise the phases would modulate the signal.
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    taps.into_iter().map(|tap| tap as f32).collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

/// The Kaiser window at `x` in -1..1.
fn kaiser(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    bessel_i0(KAISER_BETA * (1.0 - x * x).sqrt()) / bessel_i0(KAISER_BETA)
}

/// The modified Bessel function of the first kind, order zero, by its series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..64 {
        let factor = x / (2.0 * f64::from(k));
        term *= factor * factor;
        sum += term;
        if term < sum * 1e-12 {
            break;
        }
    }
    sum
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        gcd(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(rate: u32, frequency: f64, samples: usize) -> Vec<f32> {
        (0..samples)
            .map(|n| (2.0 * PI * frequency * n as f64 / f64::from(rate)).sin() as f32)
            .collect()
    }

    fn rms(samples: &[f32]) -> f64 {
        (samples.iter().map(|&s| f64::from(s * s)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_tone_within_the_band_keeps_frequency_phase_and_level() {
        for rate in [11_025, 16_000, 22_050, 24_000, 44_100, 48_000, 4_000, 96_000] {
            let frequency = if rate == 4_000 { 1_000.0 } else { 3_000.0 };
            let output = resample(&sine(rate, frequency, rate as usize / 2), rate, 8_000);
            let expected = sine(8_000, frequency, 4_000);
            assert_eq!(output.len(), 4_000, "{rate}");
            let error: Vec<f32> = output[200..3_800]
                .iter()
                .zip(&expected[200..3_800])
                .map(|(a, b)| a - b)
                .collect();
            assert!(rms(&error) < 1e-3, "{rate}: {}", rms(&error));
        }
    }

    #[test]
    fn a_tone_above_the_band_does_not_fold_into_it() {
        for rate in [16_000, 44_100, 48_000] {
            let output = resample(&sine(rate, 4_600.0, rate as usize / 2), rate, 8_000);
            assert!(
                rms(&output[200..3_800]) < 2e-4,
                "{rate}: {}",
                rms(&output[200..3_800])
            );
        }
    }

    #[test]
    fn the_same_rate_and_no_samples_are_left_alone() {
        assert_eq!(resample(&[0.1, 0.2], 8_000, 8_000), vec![0.1, 0.2]);
        assert!(resample(&[], 44_100, 8_000).is_empty());
        assert_eq!(resample(&[0.5], 44_100, 8_000).len(), 1);
    }
}
