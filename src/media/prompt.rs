//! Prompts: sounds decoded once, and encoded once per codec.

use crate::codec::wav::{self, WavError};
use crate::codec::{Codec, SAMPLE_RATE};
use crate::time::Duration;
use std::sync::OnceLock;

pub use super::library::{Library, SoundError};

/// A sound ready to be played, shared by all who play it.
pub struct Prompt {
    samples: Vec<i16>,
    looping: bool,
    /// One slot per codec, filled by the first who needs it.
    encoded: [OnceLock<Box<[u8]>>; Codec::ALL.len()],
}

impl Prompt {
    /// A prompt of 8 kHz samples.
    pub fn new(samples: Vec<i16>) -> Self {
        Prompt {
            samples,
            looping: false,
            encoded: Default::default(),
        }
    }

    /// A prompt that starts again at its end until it is stopped: a ringing or a busy tone.
    pub fn looping(samples: Vec<i16>) -> Self {
        Prompt {
            looping: true,
            ..Prompt::new(samples)
        }
    }

    /// A WAV file of any rate and number of channels.
    ///
    /// # Errors
    /// Where the bytes are not a WAV file that [`wav::read`] understands.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, WavError> {
        wav::read_8k(bytes).map(Prompt::new)
    }

    /// 8 kHz, 16-bit.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it lasts; once, where it loops.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    /// Whether it starts again at its end.
    pub fn loops(&self) -> bool {
        self.looping
    }

    /// Encodes it for every codec now, on the caller's thread, so that no media worker has to within a tick.
    pub fn prepare(&self) {
        for codec in Codec::ALL {
            self.encoded(codec);
        }
    }

    /// All of it as `codec` has it, a byte for each sample.
    pub fn encoded(&self, codec: Codec) -> &[u8] {
        self.encoded[codec as usize].get_or_init(|| {
            let mut bytes = Vec::with_capacity(self.samples.len());
            codec.encode(&self.samples, &mut bytes);
            bytes.into_boxed_slice()
        })
    }
}

impl std::fmt::Debug for Prompt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompt")
            .field("duration", &self.duration())
            .field("loops", &self.looping)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_encoded_for_each_codec() {
        let prompt = Prompt::new(vec![8_031 * 4; 161]);
        prompt.prepare();
        assert_eq!(prompt.encoded(Codec::Pcmu), [0x80; 161]);
        assert_eq!(prompt.encoded(Codec::Pcma), [0xaa; 161]);
        assert!(Prompt::new(Vec::new()).encoded(Codec::Pcmu).is_empty());
    }

    #[test]
    fn a_wav_file_becomes_a_prompt() {
        let prompt = Prompt::from_wav(&wav::encode(&[5; 800])).unwrap();
        assert_eq!(prompt.duration(), Duration::from_millis(100));
        assert!(Prompt::from_wav(b"no").is_err());
    }
}
