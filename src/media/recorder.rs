//! A recorder: packets in, samples out in pieces of half a second, and the decision when it is over.
//!
//! What it holds is wiped: the piece that is being filled, the packets in its jitter buffer, the end of the
//! piece before, which concealment needs.

use super::conceal::{conceal, FADE_TO, HISTORY_SAMPLES};
use super::leg::Sink;
use super::silence::SilenceDetector;
use super::{AudioChunk, Event, LegId, RecordEnd, RecordOptions, RecordingId};
use crate::codec::{Codec, FRAME_SAMPLES, SAMPLE_RATE};
use crate::limits;
use crate::rtp::jitter::{Incoming, Item, JitterBuffer};
use crate::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Samples of a piece: half a second.
pub const CHUNK_SAMPLES: usize = SAMPLE_RATE as usize / 2;
/// So long after the last packet, the time without any counts as silence.
const QUIET_AFTER: Duration = Duration::from_millis(200);
/// A recording whose audio comes too seldom to reach its limit ends so long after it by the clock.
const LIMIT_SLACK: Duration = Duration::from_secs(10);

/// One recording under way.
pub struct Recorder {
    leg: LegId,
    recording: RecordingId,
    limit: u64,
    limit_time: Duration,
    silence: Option<Duration>,
    terminators: String,
    jitter: JitterBuffer,
    chunk: Zeroizing<Vec<i16>>,
    /// The last samples of the piece that was handed over, for concealment.
    previous_end: Zeroizing<Vec<i16>>,
    samples: u64,
    concealed: u64,
    detector: SilenceDetector,
    started: Instant,
    last_packet: Instant,
}

impl Recorder {
    /// Starts at `now`.
    pub fn new(leg: LegId, recording: RecordingId, options: RecordOptions, now: Instant) -> Self {
        let limit_time = options.limit.min(Duration::from_secs(limits::RECORDING_SECS));
        Recorder {
            leg,
            recording,
            limit: limit_time.as_micros() as u64 / 125,
            limit_time,
            silence: options.silence.filter(|silence| !silence.is_zero()),
            terminators: options.terminators,
            jitter: JitterBuffer::default(),
            chunk: new_chunk(),
            previous_end: Zeroizing::new(Vec::with_capacity(HISTORY_SAMPLES)),
            samples: 0,
            concealed: 0,
            detector: SilenceDetector::default(),
            started: now,
            last_packet: now,
        }
    }

    /// Its name.
    pub fn recording(&self) -> RecordingId {
        self.recording
    }

    /// Whether that digit ends it.
    pub fn is_terminator(&self, digit: char) -> bool {
        self.terminators.contains(digit)
    }

    /// Frames that concealment made up so far.
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    /// Takes in a packet of the latched source. Tells why the recording is over, where it is.
    pub fn receive(
        &mut self,
        packet: Incoming<'_>,
        codec_of: impl Fn(u8) -> Option<Codec>,
        sink: &mut Sink,
    ) -> Option<RecordEnd> {
        let now = packet.at;
        self.last_packet = self.last_packet.max(now);
        self.jitter.insert(packet);
        self.drain(now, codec_of, sink)
    }

    /// Lets time pass: packets that were waited for in vain, and silence by the clock.
    pub fn tick(
        &mut self,
        now: Instant,
        codec_of: impl Fn(u8) -> Option<Codec>,
        sink: &mut Sink,
    ) -> Option<RecordEnd> {
        let end = self.drain(now, codec_of, sink);
        if end.is_some() || self.samples >= self.limit {
            return end.or(Some(RecordEnd::Limit));
        }
        let quiet = now.since(self.last_packet);
        if let Some(silence) = self.silence {
            let heard = Duration::from_micros(self.detector.silent_samples() * 125);
            if quiet >= QUIET_AFTER && heard + quiet >= silence {
                return Some(RecordEnd::Silence);
            }
        }
        (now.since(self.started) >= self.limit_time + LIMIT_SLACK).then_some(RecordEnd::Limit)
    }

    /// Hands over what is still held, then tells that the recording is over. Where the audio cannot be taken any
    /// more (`RecordEnd::Overrun`), what is held is wiped instead. Gives the number of frames that concealment
    /// made up in all.
    pub fn finish(mut self, end: RecordEnd, codec_of: impl Fn(u8) -> Option<Codec>, sink: &mut Sink) -> u64 {
        if end != RecordEnd::Overrun {
            while let Some(item) = self.jitter.flush() {
                self.put(item, &codec_of, sink);
            }
            self.hand_over(sink);
        }
        sink.events.push_back(Event::Recorded {
            leg: self.leg,
            recording: self.recording,
            end,
            samples: self.samples,
        });
        self.concealed
    }

    fn drain(
        &mut self,
        now: Instant,
        codec_of: impl Fn(u8) -> Option<Codec>,
        sink: &mut Sink,
    ) -> Option<RecordEnd> {
        while let Some(item) = self.jitter.pop(now) {
            self.put(item, &codec_of, sink);
            if self.samples >= self.limit {
                return Some(RecordEnd::Limit);
            }
            let silent = Duration::from_micros(self.detector.silent_samples() * 125);
            if self.silence.is_some_and(|silence| silent >= silence) {
                return Some(RecordEnd::Silence);
            }
        }
        None
    }

    fn put(&mut self, item: Item, codec_of: &impl Fn(u8) -> Option<Codec>, sink: &mut Sink) {
        match item {
            Item::Audio {
                payload_type,
                payload,
            } => {
                // The codec may have been negotiated away since the packet came; its time stays.
                let codec = codec_of(payload_type);
                let mut rest = &payload[..];
                self.extend(payload.len(), sink, |chunk, len| {
                    let (part, later) = rest.split_at(len.min(rest.len()));
                    match codec {
                        Some(codec) => codec.decode(part, chunk),
                        None => add_silence(chunk, len),
                    }
                    rest = later;
                });
            }
            Item::Silence { samples } => {
                self.extend(samples as usize, sink, add_silence);
            }
            Item::Lost { samples } => self.put_lost(samples as usize, sink),
        }
    }

    fn put_lost(&mut self, samples: usize, sink: &mut Sink) {
        self.concealed += samples.div_ceil(FRAME_SAMPLES) as u64;
        let mut past = Zeroizing::new(Vec::with_capacity(2 * HISTORY_SAMPLES));
        past.extend_from_slice(&self.previous_end);
        past.extend_from_slice(&self.chunk[self.chunk.len().saturating_sub(HISTORY_SAMPLES)..]);
        let mut made = Zeroizing::new(vec![0; samples.min(FADE_TO)]);
        conceal(&past, &mut made);
        let mut rest = &made[..];
        self.extend(samples, sink, |chunk, len| {
            let (part, later) = rest.split_at(len.min(rest.len()));
            chunk.extend_from_slice(part);
            add_silence(chunk, len - part.len());
            rest = later;
        });
    }

    /// Adds as much of `samples` as the limit allows, in parts that end where a piece is full.
    fn extend(
        &mut self,
        samples: usize,
        sink: &mut Sink,
        mut fill: impl FnMut(&mut Zeroizing<Vec<i16>>, usize),
    ) {
        let room = self.limit - self.samples.min(self.limit);
        let mut left = usize::try_from(room).unwrap_or(usize::MAX).min(samples);
        while left > 0 {
            let start = self.chunk.len();
            let part = left.min(CHUNK_SAMPLES - start);
            fill(&mut self.chunk, part);
            self.detector.hear(&self.chunk[start..]);
            self.samples += part as u64;
            left -= part;
            if self.chunk.len() == CHUNK_SAMPLES {
                self.previous_end.clear();
                self.previous_end
                    .extend_from_slice(&self.chunk[CHUNK_SAMPLES - HISTORY_SAMPLES..]);
                self.hand_over(sink);
            }
        }
    }

    fn hand_over(&mut self, sink: &mut Sink) {
        if self.chunk.is_empty() {
            return;
        }
        let full = self.chunk.len() == CHUNK_SAMPLES;
        let next = if full { new_chunk() } else { Zeroizing::default() };
        sink.audio.push_back(AudioChunk {
            recording: self.recording,
            samples: std::mem::replace(&mut self.chunk, next),
        });
    }
}

/// A piece never grows beyond its room: what a vector leaves behind when it grows would not be wiped.
fn new_chunk() -> Zeroizing<Vec<i16>> {
    Zeroizing::new(Vec::with_capacity(CHUNK_SAMPLES))
}

fn add_silence(chunk: &mut Zeroizing<Vec<i16>>, samples: usize) {
    let len = chunk.len() + samples;
    chunk.resize(len, 0);
}
