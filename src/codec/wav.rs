//! WAV files: reading what a user brings, writing what a recording becomes.

use super::resample::resample;
use super::{Codec, SAMPLE_RATE};
use crate::limits;
use hound::SampleFormat;
use std::io::Cursor;
use zeroize::Zeroizing;

/// Bytes before the samples in what [`encode`] writes.
pub const HEADER_BYTES: usize = 44;

/// Why a WAV file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// It is not a WAV file, or it is cut.
    #[error("not a sound WAV file: {0}")]
    Malformed(String),
    /// A WAV file of a kind that we do not decode.
    #[error("{0}; 8, 16, 24 or 32-bit PCM, 32-bit float, mu-law and A-law are understood")]
    Unsupported(String),
    /// Longer than [`limits::SOUND_SECS`].
    #[error("longer than {} seconds", limits::SOUND_SECS)]
    TooLong,
}

/// A WAV file as it was, all channels interleaved.
#[derive(Clone, PartialEq)]
pub struct Wav {
    /// Samples a second of each channel.
    pub rate: u32,
    /// Channels.
    pub channels: u16,
    /// Full scale is -1.0 to 1.0.
    pub samples: Vec<f32>,
}

impl std::fmt::Debug for Wav {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wav")
            .field("rate", &self.rate)
            .field("channels", &self.channels)
            .field("samples", &self.samples.len())
            .finish()
    }
}

/// Reads a WAV file of any rate and number of channels.
pub fn read(bytes: &[u8]) -> Result<Wav, WavError> {
    if let Some(wav) = read_g711(bytes)? {
        return Ok(wav);
    }
    let mut reader = hound::WavReader::new(Cursor::new(bytes)).map_err(from_hound)?;
    let spec = reader.spec();
    check(spec.sample_rate, spec.channels, reader.len() as usize)?;
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect(),
        SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader
                .samples::<i32>()
                .map(|sample| sample.map(|sample| sample as f32 * scale))
                .collect()
        }
    };
    let mut samples = samples.map_err(from_hound)?;
    // A float file may hold anything; an infinite sample would spoil its neighbours in the filter.
    for sample in &mut samples {
        *sample = if sample.is_finite() {
            sample.clamp(-1.0, 1.0)
        } else {
            0.0
        };
    }
    Ok(Wav {
        rate: spec.sample_rate,
        channels: spec.channels,
        samples,
    })
}

/// Reads a WAV file as audio of the switch: 8 kHz, mono (the mean of the channels), 16-bit. A file that is that
/// already comes out sample by sample.
pub fn read_8k(bytes: &[u8]) -> Result<Vec<i16>, WavError> {
    let wav = read(bytes)?;
    let channels = usize::from(wav.channels);
    let mono: Vec<f32> = if channels == 1 {
        wav.samples
    } else {
        wav.samples
            .chunks_exact(channels)
            .map(|frame| frame.iter().sum::<f32>() / channels as f32)
            .collect()
    };
    Ok(resample(&mono, wav.rate, SAMPLE_RATE)
        .into_iter()
        .map(|sample| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16)
        .collect())
}

/// A WAV file (8 kHz, 16-bit, mono) in memory that is wiped when dropped.
pub fn encode(samples: &[i16]) -> Zeroizing<Vec<u8>> {
    // Reserved whole: a vector that grows would leave parts of the recording behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + samples.len() * 2));
    bytes.extend(header(samples.len()));
    for sample in samples {
        bytes.extend(sample.to_le_bytes());
    }
    bytes
}

/// The header of a WAV file (8 kHz, 16-bit, mono) of so many samples.
///
/// # Panics
/// Beyond 4 GiB of audio, which is 74 hours; recordings are bounded far below.
pub fn header(samples: usize) -> [u8; HEADER_BYTES] {
    let data_bytes = u32::try_from(samples * 2).expect("a recording is below 4 GiB");
    let mut header = [0; HEADER_BYTES];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&(data_bytes + 36).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16u32.to_le_bytes());
    put(&1u16.to_le_bytes()); // PCM
    put(&1u16.to_le_bytes()); // channels
    put(&SAMPLE_RATE.to_le_bytes());
    put(&(SAMPLE_RATE * 2).to_le_bytes()); // bytes a second
    put(&2u16.to_le_bytes()); // bytes of a sample frame
    put(&16u16.to_le_bytes()); // bits of a sample
    put(b"data");
    put(&data_bytes.to_le_bytes());
    header
}

fn check(rate: u32, channels: u16, frames: usize) -> Result<(), WavError> {
    if !(1_000..=768_000).contains(&rate) {
        return Err(WavError::Unsupported(format!("{rate} samples a second")));
    }
    if channels == 0 || channels > 32 {
        return Err(WavError::Unsupported(format!("{channels} channels")));
    }
    if frames as u64 / u64::from(rate) > limits::SOUND_SECS {
        return Err(WavError::TooLong);
    }
    Ok(())
}

fn from_hound(error: hound::Error) -> WavError {
    match error {
        hound::Error::Unsupported => WavError::Unsupported("an encoding that is not understood".into()),
        other => WavError::Malformed(other.to_string()),
    }
}

/// Telephone files hold G.711 under the format tags 6 and 7, which hound does not know. `None` where the file
/// is not of that kind.
fn read_g711(bytes: &[u8]) -> Result<Option<Wav>, WavError> {
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Ok(None);
    }
    let mut rest = &bytes[12..];
    let mut format = None;
    while let Some((head, body)) = rest.split_at_checked(8) {
        let len = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let chunk = body.get(..len).unwrap_or(body);
        match &head[..4] {
            b"fmt " => {
                let Some(fields) = chunk.get(..8) else {
                    return Ok(None);
                };
                let codec = match u16::from_le_bytes([fields[0], fields[1]]) {
                    6 => Codec::Pcma,
                    7 => Codec::Pcmu,
                    _ => return Ok(None),
                };
                let channels = u16::from_le_bytes([fields[2], fields[3]]);
                let rate = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
                format = Some((codec, channels, rate));
            }
            b"data" => {
                let Some((codec, channels, rate)) = format else {
                    return Ok(None);
                };
                check(rate, channels, chunk.len() / usize::from(channels.max(1)))?;
                let mut samples = Zeroizing::new(Vec::with_capacity(chunk.len()));
                codec.decode(chunk, &mut samples);
                return Ok(Some(Wav {
                    rate,
                    channels,
                    samples: samples.iter().map(|&s| f32::from(s) / 32_768.0).collect(),
                }));
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        rest = body.get(len.saturating_add(len & 1)..).unwrap_or_default();
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written_by_hound(spec: hound::WavSpec, samples: &[i32]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for &sample in samples {
            match spec.sample_format {
                SampleFormat::Int => writer.write_sample(sample).unwrap(),
                SampleFormat::Float => writer.write_sample(sample as f32 / 32_768.0).unwrap(),
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn what_we_write_is_what_hound_writes() {
        let samples: Vec<i16> = vec![0, 1, -1, i16::MAX, i16::MIN, 1234];
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let wide: Vec<i32> = samples.iter().map(|&s| i32::from(s)).collect();
        assert_eq!(*encode(&samples), written_by_hound(spec, &wide));
        assert_eq!(read_8k(&encode(&samples)).unwrap(), samples);
    }

    #[test]
    fn every_usual_format_is_read() {
        for (bits, sample_format) in [
            (8, SampleFormat::Int),
            (16, SampleFormat::Int),
            (24, SampleFormat::Int),
            (32, SampleFormat::Int),
            (32, SampleFormat::Float),
        ] {
            let spec = hound::WavSpec {
                channels: 2,
                sample_rate: 48_000,
                bits_per_sample: bits,
                sample_format,
            };
            let full = match sample_format {
                SampleFormat::Int => (1i64 << (bits - 1)) as f64,
                SampleFormat::Float => 32_768.0,
            };
            // A constant of a quarter of full scale on the left alone: an eighth in mono.
            let samples: Vec<i32> = (0..9_600)
                .map(|n| if n % 2 == 0 { (full / 4.0) as i32 } else { 0 })
                .collect();
            let mono = read_8k(&written_by_hound(spec, &samples)).unwrap();
            assert_eq!(mono.len(), 800);
            assert!(
                mono[300..500].iter().all(|&s| (s - 4_096).abs() <= 2),
                "{bits}: {}",
                mono[400]
            );
        }
    }

    #[test]
    fn g711_files_are_read() {
        let mut bytes = header(0).to_vec();
        bytes[20] = 7;
        bytes[34] = 8;
        bytes[40..44].copy_from_slice(&3u32.to_le_bytes());
        bytes.extend([0x80, 0xff, 0x00]);
        assert_eq!(read_8k(&bytes).unwrap(), vec![32_124, 0, -32_124]);
    }

    #[test]
    fn faults_are_named() {
        assert!(matches!(read(b"RIFF"), Err(WavError::Malformed(_))));
        assert!(matches!(
            read(&encode(&[1, 2, 3])[..46]),
            Err(WavError::Malformed(_))
        ));
        let mut odd_rate = encode(&[1]).to_vec();
        odd_rate[24..28].copy_from_slice(&1u32.to_le_bytes());
        assert!(read(&odd_rate).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_bytes_are_read_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..9) {
            let head = header(50);
            for (byte, given) in bytes.iter_mut().zip(head) {
                *byte = given;
            }
            if let Some(tag) = bytes.get_mut(20) {
                *tag = kind;
            }
            let _ = read_8k(&bytes);
        }
    }
}
