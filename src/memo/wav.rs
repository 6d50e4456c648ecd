//! The file that is sealed: RIFF/WAVE, 16-bit PCM, 8,000 Hz, one channel, with the header of 44 bytes that every
//! player knows. Its length follows from its size, so nothing about length needs to be stored in clear.

use super::seal::TAG_BYTES;
use std::time::Duration;
use zeroize::Zeroizing;

/// `audio_format` of what [`encode`] makes.
pub const AUDIO_FORMAT: &str = "audio/wav";
/// Samples a second.
pub const SAMPLE_RATE: u32 = 8_000;
/// Bytes before the first sample.
pub const HEADER_BYTES: usize = 44;
const BYTES_PER_SAMPLE: usize = 2;

/// The file of all chunks in order. The buffer has room for the tag that sealing appends, so that the plain audio
/// never moves in memory; each chunk is wiped as soon as it is copied.
pub fn encode(chunks: Vec<Zeroizing<Vec<i16>>>) -> Zeroizing<Vec<u8>> {
    let samples: usize = chunks.iter().map(|chunk| chunk.len()).sum();
    let data_bytes = samples * BYTES_PER_SAMPLE;
    let mut file = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + data_bytes + TAG_BYTES));
    file.extend_from_slice(&header(data_bytes));
    for chunk in chunks {
        for sample in chunk.iter() {
            file.extend_from_slice(&sample.to_le_bytes());
        }
    }
    file
}

/// The header before `data_bytes` bytes of samples. A size beyond what the format can say is written as the largest.
pub fn header(data_bytes: usize) -> [u8; HEADER_BYTES] {
    let data = u32::try_from(data_bytes).unwrap_or(u32::MAX);
    let mut header = [0u8; HEADER_BYTES];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&data.saturating_add(36).to_le_bytes());
    put(b"WAVEfmt ");
    put(&16u32.to_le_bytes());
    put(&1u16.to_le_bytes()); // PCM
    put(&1u16.to_le_bytes()); // channels
    put(&SAMPLE_RATE.to_le_bytes());
    put(&(SAMPLE_RATE * BYTES_PER_SAMPLE as u32).to_le_bytes());
    put(&(BYTES_PER_SAMPLE as u16).to_le_bytes()); // a frame's bytes
    put(&16u16.to_le_bytes()); // bits of a sample
    put(b"data");
    put(&data.to_le_bytes());
    header
}

/// How long a file of that many bytes plays; zero where it is no longer than its header.
pub fn duration(file_bytes: u64) -> Duration {
    let samples = file_bytes.saturating_sub(HEADER_BYTES as u64) / BYTES_PER_SAMPLE as u64;
    Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(SAMPLE_RATE))
}
