//! Hearing the beep after which a caller speaks.

use crate::codec::SAMPLE_RATE;
use crate::time::Duration;
use std::f32::consts::PI;

/// What is judged at once: 20 ms.
const BLOCK: usize = 160;
/// The pitch of our own beep, and of most answering machines.
const BEEP_HZ: f32 = 1_000.0;
/// Blocks of tone that make a beep: 140 ms, so that one of 150 ms is heard wherever the blocks happen to lie.
const BEEP_BLOCKS: u32 = 7;
/// The share of a block's power that has to be at the beep's pitch; speech stays below a half.
const PURITY: f32 = 0.8;
/// What is quieter than -45 dBFS is silence.
const AUDIBLE: f32 = 184.0;
/// After something was heard, so much silence counts as the cue, for machines that beep otherwise or not at all. Longer
/// than the four seconds between two rings.
const PAUSE: Duration = Duration::from_millis(4_500);

/// What tells a caller to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// A beep has ended.
    Beep,
    /// A voice has ended, and no beep came.
    Pause,
}

/// Listens, sample by sample, until it hears the cue.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    /// Samples of a block that is not whole yet.
    block: Vec<i16>,
    tone_blocks: u32,
    beeped: bool,
    heard_voice: bool,
    silent_blocks: u32,
}

impl Listener {
    /// Takes in what was heard; the cue where these samples hold it.
    pub fn hear(&mut self, samples: &[i16]) -> Option<Cue> {
        let mut cue = None;
        for &sample in samples {
            self.block.push(sample);
            if self.block.len() == BLOCK {
                cue = cue.or(self.judge());
                self.block.clear();
            }
        }
        cue
    }

    fn judge(&mut self) -> Option<Cue> {
        let power = self.block.iter().map(|&s| f32::from(s).powi(2)).sum::<f32>();
        let audible = power / BLOCK as f32 > AUDIBLE * AUDIBLE;
        if audible && tone_power(&self.block) > PURITY * power {
            self.tone_blocks += 1;
            self.silent_blocks = 0;
            self.beeped |= self.tone_blocks >= BEEP_BLOCKS;
            return None;
        }
        self.tone_blocks = 0;
        if std::mem::take(&mut self.beeped) {
            return Some(Cue::Beep);
        }
        if audible {
            self.heard_voice = true;
            self.silent_blocks = 0;
            return None;
        }
        self.silent_blocks += 1;
        let pause = self.silent_blocks * 20 >= PAUSE.as_millis() as u32;
        (self.heard_voice && pause).then(|| {
            self.heard_voice = false;
            Cue::Pause
        })
    }
}

/// The power at the beep's pitch, in the unit of a sum of squares: Goertzel's algorithm. 20 ms hold a whole number of
/// its periods, so a pure tone gives exactly its power.
fn tone_power(block: &[i16]) -> f32 {
    let turn = 2.0 * (2.0 * PI * BEEP_HZ / SAMPLE_RATE as f32).cos();
    let (mut s1, mut s2) = (0.0_f32, 0.0_f32);
    for &sample in block {
        let s = f32::from(sample) + turn * s1 - s2;
        (s2, s1) = (s1, s);
    }
    (s1 * s1 + s2 * s2 - turn * s1 * s2) * 2.0 / block.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::wav;
    use crate::media::{builtin_sounds, tone};

    fn sound(name: &str) -> Vec<i16> {
        let wav = builtin_sounds::find(&format!("en/{name}")).expect("a built-in sound");
        wav::read_8k(wav).expect("a WAV file")
    }

    /// The cue and the time of the block in which it was heard, in milliseconds.
    fn first_cue(samples: &[i16]) -> Option<(Cue, usize)> {
        let mut listener = Listener::default();
        (samples.chunks(BLOCK).enumerate()).find_map(|(i, c)| Some((listener.hear(c)?, i * 20)))
    }

    #[test]
    fn the_beep_is_heard_when_it_ends_and_not_in_the_greeting() {
        for beep in [tone::beep().samples().to_vec(), sound("beep")] {
            let mut line = sound("greeting");
            line.resize(line.len() + 777, 0);
            line.extend(&beep);
            let ends_ms = line.len() / 8;
            line.resize(line.len() + 4_000, 0);
            let (cue, at_ms) = first_cue(&line).expect("a cue");
            assert_eq!(cue, Cue::Beep);
            assert!(
                (ends_ms - 20..ends_ms + 40).contains(&at_ms),
                "{at_ms} for {ends_ms}"
            );
        }
    }

    #[test]
    fn a_machine_without_a_beep_gives_its_cue_by_falling_silent() {
        let mut line = sound("greeting");
        assert_eq!(first_cue(&line), None);
        line.resize(line.len() + 8 * 4_600, 0);
        assert_eq!(first_cue(&line).map(|(cue, _)| cue), Some(Cue::Pause));
    }

    #[test]
    fn silence_and_other_tones_are_no_cue() {
        assert_eq!(first_cue(&[0; 80_000]), None);
        assert_eq!(first_cue(&[0; 5]), None);
        assert_eq!(first_cue(tone::ringing().samples()), None);
        assert_eq!(first_cue(&tone::busy().samples().repeat(10)), None);
        // A click of the right pitch is too short.
        let mut click = tone::beep().samples()[..800].to_vec();
        click.resize(8_000, 0);
        assert_eq!(first_cue(&click), None);
    }

    #[test]
    fn the_beep_is_heard_however_the_samples_are_cut_and_however_soft() {
        let mut line = vec![0; 333];
        line.extend(tone::beep().samples().iter().map(|s| s / 16));
        line.resize(8_000, 0);
        for step in [1, 7, 160, 4_000, 8_000] {
            let mut listener = Listener::default();
            let cues: Vec<Cue> = line.chunks(step).filter_map(|c| listener.hear(c)).collect();
            assert_eq!(cues, [Cue::Beep], "step {step}");
        }
    }
}
