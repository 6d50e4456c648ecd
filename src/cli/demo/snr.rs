//! How much a recording sounds like what was sent: the signal-to-noise ratio after aligning the two in time.

/// Samples of the loudest part of what was sent by which the two are aligned: half a second.
const PROBE: usize = 4_000;

/// Where `sent` begins in `heard`, in samples; negative where its beginning was cut off. Delays within `reach` of zero
/// are considered. `None` where there is nothing to align by.
pub fn delay(sent: &[i16], heard: &[i16], reach: usize) -> Option<isize> {
    let at = loudest(sent)?;
    let probe = &sent[at..(at + PROBE).min(sent.len())];
    let (at, reach) = (at as isize, reach as isize);
    let mut best: Option<(f64, isize)> = None;
    for delay in -reach..=reach {
        let Ok(start) = usize::try_from(at + delay) else {
            continue;
        };
        let Some(window) = heard.get(start..start + probe.len()) else {
            continue;
        };
        let (mut product, mut energy) = (0i64, 0i64);
        for (a, b) in probe.iter().zip(window) {
            let (a, b) = (i64::from(*a), i64::from(*b));
            product += a * b;
            energy += b * b;
        }
        // The normalised correlation, signed: an inverted copy is not the same sound.
        let likeness = product as f64 / (energy as f64).sqrt().max(1.0);
        if best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, delay));
        }
    }
    best.map(|(_, delay)| delay)
}

/// The ratio of what was sent to the difference from what was heard, in decibels, with `sent` laid at `delay`. What was
/// sent but not heard counts as heard silent, so a recording that lacks a part scores low.
pub fn snr_db(sent: &[i16], heard: &[i16], delay: isize) -> f64 {
    let (mut signal, mut noise) = (0f64, 0f64);
    for (at, &s) in sent.iter().enumerate() {
        let h = usize::try_from(at as isize + delay)
            .ok()
            .and_then(|at| heard.get(at))
            .copied()
            .unwrap_or(0);
        signal += f64::from(s) * f64::from(s);
        noise += (f64::from(s) - f64::from(h)).powi(2);
    }
    10.0 * (signal.max(1.0) / noise.max(1e-9)).log10()
}

/// The start of the probe with the most energy.
fn loudest(samples: &[i16]) -> Option<usize> {
    let step = PROBE / 4;
    (0..samples.len().saturating_sub(PROBE).max(1))
        .step_by(step)
        .max_by_key(|&at| {
            samples[at..]
                .iter()
                .take(PROBE)
                .map(|&s| i64::from(s) * i64::from(s))
                .sum::<i64>()
        })
        .filter(|&at| samples[at..].iter().take(PROBE).any(|&s| s != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech_like(len: usize) -> Vec<i16> {
        let mut rng = crate::rng::Rng::from_seed(3);
        let mut low = 0.0;
        (0..len)
            .map(|at| {
                low = 0.9 * low + 0.1 * (rng.unit() * 20_000.0 - 10_000.0);
                (low * (at as f64 / 900.0).sin()) as i16
            })
            .collect()
    }

    #[test]
    fn a_shifted_copy_is_found_and_is_all_signal() {
        let sent = speech_like(20_000);
        let heard = [vec![0; 1_234], sent.clone(), vec![0; 99]].concat();
        assert_eq!(delay(&sent, &heard, 8_000), Some(1_234));
        assert!(snr_db(&sent, &heard, 1_234) > 90.0);
    }

    #[test]
    fn a_copy_without_its_beginning_has_a_negative_delay_and_a_lower_ratio() {
        let sent = speech_like(20_000);
        assert_eq!(delay(&sent, &sent[500..], 8_000), Some(-500));
        let whole = snr_db(&sent, &sent, 0);
        assert!(snr_db(&sent, &sent[5_000..], -5_000) < whole.min(30.0));
    }

    #[test]
    fn noise_lowers_the_ratio_to_what_it_is() {
        let sent = speech_like(20_000);
        let heard: Vec<i16> = sent
            .iter()
            .enumerate()
            .map(|(at, s)| s + if at % 2 == 0 { 10 } else { -10 })
            .collect();
        let energy = sent.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / sent.len() as f64;
        assert!((snr_db(&sent, &heard, 0) - 10.0 * (energy / 100.0).log10()).abs() < 0.01);
    }

    #[test]
    fn silence_cannot_be_aligned() {
        assert_eq!(delay(&[0; 10_000], &[0; 10_000], 100), None);
        assert_eq!(delay(&[], &[1, 2], 100), None);
    }
}
