//! Audio that is somebody's: a memo that was opened, in memory alone and wiped there.

use super::wav::{self, WavError};
use super::SAMPLE_RATE;
use crate::time::Duration;
use std::fmt;
use zeroize::Zeroizing;

/// Samples of 8 kHz, 16-bit, mono, wiped when dropped: who plays them shares them in an `Arc`, and the last one wipes.
/// Nothing of it is encoded beforehand, so there is no second copy.
#[derive(PartialEq)]
pub struct PrivateAudio {
    samples: Zeroizing<Vec<i16>>,
}

impl PrivateAudio {
    /// Those samples.
    pub fn new(samples: Zeroizing<Vec<i16>>) -> Self {
        PrivateAudio { samples }
    }

    /// A WAV file. One that is as recordings are (8 kHz, 16-bit, mono, a header of 44 bytes) is read without a copy
    /// between; another as [`wav::read_8k`] does.
    ///
    /// # Errors
    /// Where the bytes are not a WAV file that is understood.
    pub fn from_wav(file: &[u8]) -> Result<Self, WavError> {
        let body = file.len().saturating_sub(wav::HEADER_BYTES);
        let is_ours =
            body.is_multiple_of(2) && file.get(..wav::HEADER_BYTES) == Some(&wav::header(body / 2)[..]);
        if !is_ours {
            return Ok(PrivateAudio::new(Zeroizing::new(wav::read_8k(file)?)));
        }
        // Reserved whole: a vector that grows would leave parts of it behind.
        let mut samples = Zeroizing::new(Vec::with_capacity(body / 2));
        let pairs = file[wav::HEADER_BYTES..].chunks_exact(2);
        samples.extend(pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        Ok(PrivateAudio::new(samples))
    }

    /// The samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }
}

impl fmt::Debug for PrivateAudio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateAudio({:?})", self.duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recordings_file_comes_out_sample_by_sample_and_prints_none_of_them() {
        let samples: Vec<i16> = (0..800).map(|n| n * 40 - 16_000).collect();
        let audio = PrivateAudio::from_wav(&wav::encode(&samples)).unwrap();
        assert_eq!(audio.samples(), samples);
        assert_eq!(format!("{audio:?}"), "PrivateAudio(100ms)");
        assert!(PrivateAudio::from_wav(&wav::encode(&[]))
            .unwrap()
            .samples()
            .is_empty());
    }

    #[test]
    fn other_files_are_converted_or_refused() {
        let mut file = wav::encode(&[1_000; 80]).to_vec();
        // The same samples said to be of 16 kHz.
        file[24..28].copy_from_slice(&16_000u32.to_le_bytes());
        file[28..32].copy_from_slice(&32_000u32.to_le_bytes());
        assert_eq!(PrivateAudio::from_wav(&file).unwrap().samples().len(), 40);
        for bad in [&b""[..], b"RIFF", &file[..43]] {
            assert!(PrivateAudio::from_wav(bad).is_err());
        }
    }
}
