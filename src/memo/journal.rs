//! The stream format: what a recording is while it goes on, and what it stays where a crash cut it off.
//!
//! Frames one after the other, each a second of audio, sealed by STREAM (StreamBE32 of the crate `aead-stream`) over
//! AES-256-GCM under a key that is derived from the memo's. A frame's number is in its nonce, so frames cannot change
//! places; its length and a short checksum stand before it in clear, so that a program without the key finds where a
//! crash cut the file. The checksum proves nothing to who opens the memo: GCM's tag does.
//!
//! Both directions are values: samples in and frames out, frames in and samples out. Files are `store`'s.

use super::key::MemoKey;
use super::open::OpenError;
use super::seal::{IV_BYTES, TAG_BYTES};
use super::wav;
use aead_stream::{NewStream as _, StreamBE32, StreamPrimitive as _};
use aes_gcm::aead::{Buffer, Error};
use aes_gcm::Aes256Gcm;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};
use std::time::Duration;
use zeroize::Zeroizing;

/// Samples of a whole frame: one second.
pub const FRAME_SAMPLES: usize = wav::SAMPLE_RATE as usize;
/// Bytes before a frame's ciphertext: its length and its checksum.
pub const FRAME_HEAD_BYTES: usize = 4 + CHECKSUM_BYTES;

const CHECKSUM_BYTES: usize = 8;
const BYTES_PER_SAMPLE: usize = size_of::<i16>();
/// Most bytes of a frame's plaintext.
const FRAME_BYTES: usize = FRAME_SAMPLES * BYTES_PER_SAMPLE;
/// Bytes of the IV that STREAM takes; the other five of its nonce are the counter and the flag.
const PREFIX_BYTES: usize = 7;
/// HKDF's info for the journal's key.
const INFO: &[u8] = b"voice-memo/1 journal";

type Stream = StreamBE32<Aes256Gcm>;

/// The stream of a memo. In a box, so that the cipher's state is moved once and then stays where it is wiped.
fn stream(key: &MemoKey, iv: &[u8; IV_BYTES]) -> Box<Stream> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    Hkdf::<Sha256>::new(None, key.bytes())
        .expand(INFO, &mut bytes[..])
        .expect("32 bytes are within what HKDF-SHA256 gives");
    let prefix: [u8; PREFIX_BYTES] = std::array::from_fn(|at| iv[at]);
    Box::new(Stream::new((&*bytes).into(), &prefix.into()))
}

fn checksum(ciphertext: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = Sha256::digest(ciphertext);
    std::array::from_fn(|at| digest[at])
}

/// Seals a recording second by second. It holds the plain audio of one frame at most, in a buffer that never grows.
pub struct JournalWriter {
    stream: Box<Stream>,
    /// Of the next frame.
    position: u32,
    /// Room for a head, then the samples of the frame that is being filled, as bytes. Ciphertext once it is full.
    frame: Zeroizing<Vec<u8>>,
    /// Whether `frame` is a sealed one that was given out.
    sealed: bool,
    samples: usize,
}

impl JournalWriter {
    /// For one memo, whose key and IV seal nothing else in this format.
    pub fn new(key: &MemoKey, iv: &[u8; IV_BYTES]) -> Self {
        let mut frame = Zeroizing::new(Vec::with_capacity(FRAME_HEAD_BYTES + FRAME_BYTES + TAG_BYTES));
        frame.resize(FRAME_HEAD_BYTES, 0);
        JournalWriter {
            stream: stream(key, iv),
            position: 0,
            frame,
            sealed: false,
            samples: 0,
        }
    }

    /// Samples taken so far.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Samples that are in no frame yet: plain, in memory.
    pub fn pending_samples(&self) -> usize {
        self.pending().len() / BYTES_PER_SAMPLE
    }

    /// The same as little-endian bytes.
    pub fn pending(&self) -> &[u8] {
        match self.sealed {
            true => &[],
            false => &self.frame[FRAME_HEAD_BYTES..],
        }
    }

    /// Takes samples off the front of `samples` until there are none, or until a frame is full, which is given; then
    /// call again with the rest.
    pub fn push(&mut self, samples: &mut &[i16]) -> Option<&[u8]> {
        self.reset();
        let room = (FRAME_HEAD_BYTES + FRAME_BYTES - self.frame.len()) / BYTES_PER_SAMPLE;
        let (taken, rest) = samples.split_at(room.min(samples.len()));
        *samples = rest;
        self.samples += taken.len();
        for sample in taken {
            self.frame.extend_from_slice(&sample.to_le_bytes());
        }
        (self.frame.len() == FRAME_HEAD_BYTES + FRAME_BYTES).then(|| self.seal(false))
    }

    /// Ends the recording in the middle of a second: the last frame, shorter than the others, where there is any audio
    /// for it. The stream stays open-ended, as after a crash. Nothing may be pushed afterwards.
    pub fn cut(&mut self) -> Option<&[u8]> {
        (!self.pending().is_empty()).then(|| self.seal(false))
    }

    /// Ends the recording in order: the last frame, which says that it is the last, and may be empty.
    pub fn finish(mut self) -> Vec<u8> {
        self.reset();
        self.seal(true);
        // It holds ciphertext.
        std::mem::take(&mut *self.frame)
    }

    /// Makes room after a frame that was given out.
    fn reset(&mut self) {
        if std::mem::take(&mut self.sealed) {
            self.frame.truncate(FRAME_HEAD_BYTES);
        }
    }

    fn seal(&mut self, last: bool) -> &[u8] {
        self.stream
            .encrypt_in_place(self.position, last, b"", &mut Body(&mut self.frame))
            .expect("a frame is shorter than what GCM seals, and has room for its tag");
        self.position += 1;
        let (head, ciphertext) = self.frame.split_at_mut(FRAME_HEAD_BYTES);
        let length = ciphertext.len() as u32;
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..].copy_from_slice(&checksum(ciphertext));
        self.sealed = true;
        &self.frame
    }
}

/// The part of a frame's buffer behind its head, for the cipher.
struct Body<'a>(&'a mut Vec<u8>);

impl AsRef<[u8]> for Body<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.0[FRAME_HEAD_BYTES..]
    }
}

impl AsMut<[u8]> for Body<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0[FRAME_HEAD_BYTES..]
    }
}

impl Buffer for Body<'_> {
    fn extend_from_slice(&mut self, other: &[u8]) -> Result<(), Error> {
        if self.0.len() + other.len() > self.0.capacity() {
            return Err(Error);
        }
        self.0.extend_from_slice(other);
        Ok(())
    }

    fn truncate(&mut self, length: usize) {
        self.0.truncate(FRAME_HEAD_BYTES + length);
    }
}

/// What stands before a frame.
#[derive(Clone, Copy)]
struct Head {
    length: usize,
    checksum: [u8; CHECKSUM_BYTES],
}

impl Head {
    /// `None` for a length that no frame has.
    fn parse(bytes: &[u8; FRAME_HEAD_BYTES]) -> Option<Self> {
        let length = u32::from_le_bytes(std::array::from_fn(|at| bytes[at])) as usize;
        (TAG_BYTES..=FRAME_BYTES + TAG_BYTES)
            .contains(&length)
            .then(|| Head {
                length,
                checksum: std::array::from_fn(|at| bytes[4 + at]),
            })
    }
}

/// What a reader found at its place in a stream of frames.
enum Found {
    /// A frame; its ciphertext is in the buffer.
    Frame,
    /// The end, behind a whole frame.
    End,
    /// The end within a frame.
    Cut,
    /// Bytes that are no frame.
    Altered,
}

/// Reads one frame's ciphertext into `buffer`, which is not grown beyond the room of a frame.
fn read_frame(from: &mut dyn Read, buffer: &mut Vec<u8>) -> io::Result<Found> {
    let mut head = [0; FRAME_HEAD_BYTES];
    match read_full(from, &mut head)? {
        0 => return Ok(Found::End),
        FRAME_HEAD_BYTES => {}
        _ => return Ok(Found::Cut),
    }
    let Some(head) = Head::parse(&head) else {
        return Ok(Found::Altered);
    };
    buffer.clear();
    buffer.resize(head.length, 0);
    Ok(match read_full(from, buffer)? {
        read if read < head.length => Found::Cut,
        _ if checksum(buffer) != head.checksum => Found::Altered,
        _ => Found::Frame,
    })
}

/// As much as there is, up to all of the buffer.
fn read_full(from: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match from.read(&mut buffer[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

fn frame_buffer() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(FRAME_BYTES + TAG_BYTES))
}

/// What a program without the key sees of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Whole frames from the start on.
    pub frames: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

/// How far a stream is whole: up to the first frame that was cut, or whose checksum does not fit. After a crash the
/// rest is what the disk did not take.
///
/// # Errors
/// Where reading fails.
pub fn extent(mut from: impl Read) -> io::Result<Extent> {
    let mut extent = Extent::default();
    let mut buffer = frame_buffer();
    while let Found::Frame = read_frame(&mut from, &mut buffer)? {
        extent.frames += 1;
        extent.bytes += (FRAME_HEAD_BYTES + buffer.len()) as u64;
    }
    Ok(extent)
}

/// Samples in a stream of so many bytes, whose frames are whole but for the last.
pub fn samples(bytes: u64) -> u64 {
    let overhead = (FRAME_HEAD_BYTES + TAG_BYTES) as u64;
    let frame = FRAME_BYTES as u64 + overhead;
    let plain = bytes / frame * FRAME_BYTES as u64 + (bytes % frame).saturating_sub(overhead);
    plain / BYTES_PER_SAMPLE as u64
}

/// How long such a stream plays.
pub fn duration(bytes: u64) -> Duration {
    Duration::from_micros(samples(bytes).saturating_mul(1_000_000) / u64::from(wav::SAMPLE_RATE))
}

/// Opens frames in turn.
pub struct JournalReader {
    stream: Box<Stream>,
    position: u32,
    ended: bool,
    buffer: Zeroizing<Vec<u8>>,
}

/// Why a stream could not be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Wherever it comes from failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl JournalReader {
    /// For the memo with that key and IV.
    pub fn new(key: &MemoKey, iv: &[u8; IV_BYTES]) -> Self {
        JournalReader {
            stream: stream(key, iv),
            position: 0,
            ended: false,
            buffer: frame_buffer(),
        }
    }

    /// Whether the frame that says so was the last: nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.ended
    }

    /// The samples of the next frame as little-endian bytes; `None` at the end. The bytes are wiped with the reader.
    ///
    /// # Errors
    /// A stream that was cut within a frame, altered, or put into another order; a key of another memo; and a source
    /// that fails.
    pub fn next_frame(&mut self, from: &mut dyn Read) -> Result<Option<&[u8]>, ReadError> {
        match read_frame(from, &mut self.buffer)? {
            Found::End => return Ok(None),
            Found::Cut => return Err(OpenError::TooShort.into()),
            // Nothing may follow the last frame.
            Found::Frame if !self.ended => {}
            Found::Altered | Found::Frame => return Err(OpenError::WrongKey.into()),
        }
        self.open()?;
        self.position = self.position.checked_add(1).ok_or(OpenError::WrongKey)?;
        if !self.buffer.len().is_multiple_of(BYTES_PER_SAMPLE) {
            return Err(OpenError::WrongKey.into());
        }
        Ok(Some(&self.buffer))
    }

    /// In the buffer's place. The flag is part of the nonce: which of the two it is shows only by trying.
    fn open(&mut self) -> Result<(), OpenError> {
        let opened = self
            .stream
            .decrypt_in_place(self.position, false, b"", &mut *self.buffer);
        if opened.is_ok() {
            return Ok(());
        }
        // A failed attempt leaves the ciphertext as it was: GCM compares the tag before it decrypts.
        self.stream
            .decrypt_in_place(self.position, true, b"", &mut *self.buffer)
            .map_err(|_| OpenError::WrongKey)?;
        self.ended = true;
        Ok(())
    }
}

/// A stream that opened.
pub struct Opened {
    /// A WAV file of its audio, with room for a tag behind it.
    pub wav: Zeroizing<Vec<u8>>,
    /// Whether nothing is missing at its end.
    pub complete: bool,
}

/// Opens a whole stream, as it is served, and gives the audio file. A stream that ends behind a frame opens, and says
/// that it is not complete.
///
/// # Errors
/// Anything altered, put into another order, or cut within a frame; and a key of another memo.
pub fn open(key: &MemoKey, iv: &[u8; IV_BYTES], frames: &[u8]) -> Result<Opened, OpenError> {
    read_wav(key, iv, &mut &*frames, frames.len(), &[]).map_err(|error| match error {
        ReadError::Open(error) => error,
        ReadError::Io(_) => unreachable!("a slice in memory does not fail"),
    })
}

/// Reads a stream of at most `most_plain` bytes of audio to its end, adds `tail`, and makes a WAV file of it all in one
/// buffer, which never grows.
///
/// # Errors
/// As [`JournalReader::next_frame`].
pub(super) fn read_wav(
    key: &MemoKey,
    iv: &[u8; IV_BYTES],
    from: &mut dyn Read,
    most_plain: usize,
    tail: &[u8],
) -> Result<Opened, ReadError> {
    let room = wav::HEADER_BYTES + most_plain + tail.len() + TAG_BYTES;
    let mut file = Zeroizing::new(Vec::with_capacity(room));
    file.extend_from_slice(&wav::header(0));
    let mut reader = JournalReader::new(key, iv);
    while let Some(samples) = reader.next_frame(from)? {
        // Never reached by a stream of the length that was said: what a growing vector leaves behind is not wiped.
        if file.len() + samples.len() + tail.len() + TAG_BYTES > room {
            return Err(OpenError::WrongKey.into());
        }
        file.extend_from_slice(samples);
    }
    file.extend_from_slice(tail);
    let header = wav::header(file.len() - wav::HEADER_BYTES);
    file[..wav::HEADER_BYTES].copy_from_slice(&header);
    Ok(Opened {
        wav: file,
        complete: reader.is_complete(),
    })
}

#[cfg(test)]
mod tests;
