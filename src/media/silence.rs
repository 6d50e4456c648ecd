//! Whether somebody speaks: what ends a recording when nobody does any more.
//!
//! By energy, in frames of 20 ms, against a floor that follows the line's noise. A frame is voice when it is
//! 9 dB above the floor and above -48 dBov (a whisper into a good line; the noise of a bad one is kept out by
//! the floor). Three such frames in a row are speech; one or two are a click. The floor falls quickly and rises
//! by 1.5 dB a second, so that a pause between words brings it down and a long word hardly lifts it; it stays
//! between -65 and -35 dBov, so that a steady loud sound (music, a street) is never taken for silence.

use crate::codec::FRAME_SAMPLES;

const FLOOR_MIN_DB: f32 = -65.0;
const FLOOR_MAX_DB: f32 = -35.0;
const FLOOR_START_DB: f32 = -60.0;
const FLOOR_RISE_DB: f32 = 0.03;
const FLOOR_FALL: f32 = 0.2;
const ABOVE_FLOOR_DB: f32 = 9.0;
const VOICE_MIN_DB: f32 = -48.0;
const VOICE_FRAMES: u32 = 3;

/// Counts the silence at the end of a stream of samples.
#[derive(Debug)]
pub struct SilenceDetector {
    floor_db: f32,
    energy: u64,
    samples: usize,
    voice_frames: u32,
    quiet_frames: u32,
    silent_samples: u64,
    noise_samples: u64,
}

impl Default for SilenceDetector {
    fn default() -> Self {
        SilenceDetector {
            floor_db: FLOOR_START_DB,
            energy: 0,
            samples: 0,
            voice_frames: 0,
            quiet_frames: 0,
            silent_samples: 0,
            noise_samples: 0,
        }
    }
}

impl SilenceDetector {
    /// Takes in audio.
    pub fn hear(&mut self, mut samples: &[i16]) {
        while !samples.is_empty() {
            let (part, rest) = samples.split_at(samples.len().min(FRAME_SAMPLES - self.samples));
            self.energy += part
                .iter()
                .map(|&s| (i32::from(s) * i32::from(s)) as u64)
                .sum::<u64>();
            self.samples += part.len();
            samples = rest;
            if self.samples == FRAME_SAMPLES {
                self.frame();
            }
        }
    }

    /// Samples since the last speech, in whole frames.
    pub fn silent_samples(&self) -> u64 {
        self.silent_samples
    }

    /// Samples of the speech, or other noise, that goes on, in whole frames; 0 during silence. One or two silent frames
    /// do not end it, as one or two loud ones do not begin it.
    pub fn noise_samples(&self) -> u64 {
        if self.noise_samples >= u64::from(VOICE_FRAMES) * FRAME_SAMPLES as u64 {
            self.noise_samples
        } else {
            0
        }
    }

    /// So many samples never came: a silence that says nothing of the noise of the line.
    pub fn pause(&mut self, samples: u64) {
        self.silent_samples += samples;
        self.voice_frames = 0;
        self.noise_samples = 0;
    }

    fn frame(&mut self) {
        let mean = self.energy as f32 / FRAME_SAMPLES as f32 / (32_768.0 * 32_768.0);
        let level_db = 10.0 * mean.max(1e-10).log10();
        (self.energy, self.samples) = (0, 0);

        let voice = level_db > VOICE_MIN_DB && level_db > self.floor_db + ABOVE_FLOOR_DB;
        self.voice_frames = if voice { self.voice_frames + 1 } else { 0 };
        self.silent_samples += FRAME_SAMPLES as u64;
        if self.voice_frames >= VOICE_FRAMES {
            self.silent_samples = 0;
        }
        self.quiet_frames = if voice { 0 } else { self.quiet_frames + 1 };
        let is_click = !voice && self.noise_samples() == 0;
        if is_click || self.quiet_frames >= VOICE_FRAMES {
            self.noise_samples = 0;
        } else {
            self.noise_samples += FRAME_SAMPLES as u64;
        }

        let distance = level_db - self.floor_db;
        let step = if distance < 0.0 {
            distance * FLOOR_FALL
        } else {
            distance.min(FLOOR_RISE_DB)
        };
        self.floor_db = (self.floor_db + step).clamp(FLOOR_MIN_DB, FLOOR_MAX_DB);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    /// Noise of that level (dBov, uniform), `ms` long.
    fn noise(rng: &mut Rng, level_db: f64, ms: usize) -> Vec<i16> {
        let peak = 32_768.0 * 10f64.powf(level_db / 20.0) * 3f64.sqrt();
        (0..ms * 8)
            .map(|_| ((rng.unit() * 2.0 - 1.0) * peak) as i16)
            .collect()
    }

    /// Words of 300 ms with syllables, and pauses of 200 ms, over noise: the shape of speech, as far as energy
    /// goes.
    fn speech(rng: &mut Rng, level_db: f64, noise_db: f64, ms: usize) -> Vec<i16> {
        let mut samples = noise(rng, noise_db, ms);
        let peak = 32_768.0 * 10f64.powf(level_db / 20.0) * 2f64.sqrt();
        for (n, sample) in samples.iter_mut().enumerate() {
            let ms = n / 8;
            if ms % 500 < 300 {
                let syllable = (std::f64::consts::PI * (ms % 150) as f64 / 150.0).sin();
                let pitch = (2.0 * std::f64::consts::PI * 140.0 * n as f64 / 8_000.0).sin();
                *sample = sample.saturating_add((peak * syllable * pitch) as i16);
            }
        }
        samples
    }

    fn silence_after(samples: &[i16]) -> u64 {
        let mut detector = SilenceDetector::default();
        detector.hear(samples);
        detector.silent_samples() / 8
    }

    #[test]
    fn speech_of_any_usual_level_is_not_silence() {
        let mut rng = Rng::from_seed(5);
        for (level, line) in [(-15.0, -70.0), (-30.0, -60.0), (-38.0, -58.0), (-25.0, -45.0)] {
            let mut detector = SilenceDetector::default();
            let mut longest = 0;
            for frame in speech(&mut rng, level, line, 60_000).chunks(160) {
                detector.hear(frame);
                longest = longest.max(detector.silent_samples() / 8);
            }
            assert!(longest < 1_500, "{level} over {line}: {longest} ms");
        }
    }

    #[test]
    fn line_noise_is_silence() {
        let mut rng = Rng::from_seed(6);
        assert_eq!(silence_after(&vec![0; 80_000]), 10_000);
        assert_eq!(silence_after(&noise(&mut rng, -60.0, 10_000)), 10_000);
        // A noisy line needs a while to be known as such: the floor rises by 1.5 dB a second.
        assert!(silence_after(&noise(&mut rng, -45.0, 20_000)) > 10_000);
        let mut call = speech(&mut rng, -20.0, -50.0, 10_000);
        call.extend(noise(&mut rng, -50.0, 8_000));
        assert!((7_700..8_400).contains(&silence_after(&call)));
    }

    #[test]
    fn a_click_is_not_speech_and_loud_sound_is_not_silence() {
        let mut rng = Rng::from_seed(7);
        let mut clicks = vec![0i16; 80_000];
        for click in clicks.chunks_mut(8_000) {
            click[..200].fill(12_000);
        }
        assert_eq!(silence_after(&clicks), 10_000);
        assert!(silence_after(&noise(&mut rng, -20.0, 120_000)) < 100);
    }

    #[test]
    fn how_it_is_cut_does_not_matter() {
        let mut rng = Rng::from_seed(8);
        let samples = speech(&mut rng, -25.0, -55.0, 3_050);
        let whole = silence_after(&samples);
        let mut detector = SilenceDetector::default();
        let mut rest = &samples[..];
        while !rest.is_empty() {
            let (part, later) = rest.split_at((rng.below(400) as usize + 1).min(rest.len()));
            detector.hear(part);
            rest = later;
        }
        assert_eq!(detector.silent_samples() / 8, whole);
    }
}
