//! The jitter buffer: packets in any order in, a timeline of audio out.
//!
//! It orders by sequence number and measures by timestamp. Without loss, what comes out is what was sent, byte
//! by byte, however the packets were bunched, delayed, repeated or shuffled: nothing is stretched or dropped to
//! follow a clock, since a recording wants every sample. A packet that is missing is waited for; the wait grows
//! where packets turn out to come later than it. Then its place is told as lost, for concealment. A timestamp
//! that runs ahead of the audio (silence suppression) is told as silence, as far as real time covers it, so
//! that a hostile timestamp does not make hours of audio.
//!
//! [`JitterBuffer::pop`] hands over what is in order, as soon as it is: for a recorder. [`JitterBuffer::pull`]
//! hands it over at the time when it is to be heard: for a bridge.

use crate::limits;
use crate::time::{Duration, Instant};
use std::collections::VecDeque;
use zeroize::Zeroizing;

/// Microseconds of one sample at 8 kHz.
const SAMPLE_US: u64 = 125;
/// The first wait for a missing packet, and the least and the most that it becomes.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MIN: Duration = Duration::from_millis(60);
const WAIT_MAX: Duration = Duration::from_millis(600);
/// A packet that came after its place was given up makes the wait longer by this; so many packets in order
/// make it shorter by a quarter of it.
const WAIT_STEP: Duration = Duration::from_millis(80);
const PACKETS_TO_SHORTEN: u32 = 1_000;
/// RFC 3550 A.1: a jump ahead of so many packets, or back by so many, is a restart and not a loss.
const MAX_DROPOUT: i16 = 3_000;
const MAX_MISORDER: i16 = -100;
/// Silence that timestamps may claim beyond the time that has passed, samples: what a network can hold back
/// and then deliver at once.
const RESERVE_MAX: i64 = 10 * 8_000;
/// The longest overlap that a telephone-event explains, samples: its duration field.
const EVENT_MAX: i32 = 0xffff;

/// A packet on its way in.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// When it came.
    pub at: Instant,
    /// Its source.
    pub ssrc: u32,
    /// Its number.
    pub sequence: u16,
    /// When its first sample is, at 8 kHz.
    pub timestamp: u32,
    /// What it holds.
    pub content: Content<'a>,
}

/// What a packet holds, as far as the timeline cares.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Audio, a byte for each sample.
    Audio {
        /// Handed out again with the bytes, so that they can be decoded.
        payload_type: u8,
        /// The bytes.
        payload: &'a [u8],
    },
    /// A telephone-event: silence from the timestamp on.
    Event {
        /// Samples so far.
        duration: u16,
    },
    /// Comfort noise: silence until the next packet.
    Noise,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It has its place.
    Taken,
    /// It was there already, or its place was given up.
    Late,
    /// It does not fit the stream. Kept aside: another that follows it makes it a restart.
    Suspect,
    /// The stream has started anew, with the suspect before it and this one.
    Restarted,
}

/// A piece of the timeline.
#[derive(PartialEq, Eq)]
pub enum Item {
    /// Audio as it was sent.
    Audio {
        /// As it was put in.
        payload_type: u8,
        /// Wiped when dropped.
        payload: Zeroizing<Vec<u8>>,
    },
    /// Audio that never came.
    Lost {
        /// How much.
        samples: u32,
    },
    /// Nothing was said.
    Silence {
        /// How much.
        samples: u32,
    },
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Item::Audio { payload, .. } => write!(f, "Audio({})", payload.len()),
            Item::Lost { samples } => write!(f, "Lost({samples})"),
            Item::Silence { samples } => write!(f, "Silence({samples})"),
        }
    }
}

/// The buffer. Empty, it is a few words; while packets wait it holds at most [`limits::JITTER_PACKETS`] and
/// [`limits::JITTER_BYTES`].
#[derive(Debug)]
pub struct JitterBuffer {
    /// Waiting, by sequence number, all of `ssrc`.
    held: VecDeque<Held>,
    held_bytes: usize,
    /// In order, to be taken.
    ready: VecDeque<Item>,
    ssrc: u32,
    stream: Option<Stream>,
    suspect: Option<(u32, Held)>,
    wait: Duration,
    in_order: u32,
    playout: Option<Playout>,
}

/// Where the timeline stands.
#[derive(Debug)]
struct Stream {
    /// Nothing is handed over before, so that packets which overtook the very first find their place.
    starts: Instant,
    /// The number that comes next; the first one's until something was handed over.
    sequence: u16,
    /// Bit n: the packet n + 1 before `sequence` was given up.
    given_up: u64,
    /// Where what was handed over ends; `None` before the first.
    end: Option<u32>,
    /// Whether it ends with the silence of an event, which audio may overlap.
    event: bool,
    /// Samples of the last audio packet: the best guess at the length of a lost one.
    packet_samples: u32,
    /// Samples of silence that timestamps may still claim.
    reserve: i64,
    last_arrival: Instant,
}

#[derive(Debug)]
struct Held {
    at: Instant,
    sequence: u16,
    timestamp: u32,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Audio {
        payload_type: u8,
        payload: Zeroizing<Vec<u8>>,
    },
    Event {
        duration: u16,
    },
    Noise,
}

/// When a timestamp is to be heard.
#[derive(Clone, Copy, Debug)]
struct Playout {
    timestamp: u32,
    at: Instant,
}

impl Default for JitterBuffer {
    fn default() -> Self {
        JitterBuffer {
            held: VecDeque::new(),
            held_bytes: 0,
            ready: VecDeque::new(),
            ssrc: 0,
            stream: None,
            suspect: None,
            wait: WAIT_FIRST,
            in_order: 0,
            playout: None,
        }
    }
}

impl JitterBuffer {
    /// Takes in a packet. What it makes ready is to be taken with `pop` or `pull`.
    pub fn insert(&mut self, packet: Incoming<'_>) -> Inserted {
        let Some(stream) = &mut self.stream else {
            self.begin(packet.ssrc, Held::new(&packet));
            return Inserted::Taken;
        };
        let ahead = packet.sequence.wrapping_sub(stream.sequence) as i16;
        let starting = stream.end.is_none();
        if packet.ssrc != self.ssrc || !(MAX_MISORDER..MAX_DROPOUT).contains(&ahead) {
            return self.suspect(packet);
        }
        self.suspect = None;
        if ahead < 0 && !starting {
            let bit = 1u64.checked_shl(u32::from(ahead.unsigned_abs()) - 1).unwrap_or(0);
            if stream.given_up & bit != 0 {
                stream.given_up &= !bit;
                self.wait = (self.wait + WAIT_STEP).min(WAIT_MAX);
                self.in_order = 0;
            }
            return Inserted::Late;
        }
        // Nearly always it belongs at the end.
        let place = self
            .held
            .iter()
            .rposition(|held| packet.sequence.wrapping_sub(held.sequence) as i16 >= 0);
        if place.is_some_and(|place| self.held[place].sequence == packet.sequence) {
            return Inserted::Late;
        }
        if starting && ahead < 0 {
            stream.sequence = packet.sequence;
        }
        self.hold(place.map_or(0, |place| place + 1), Held::new(&packet));
        Inserted::Taken
    }

    /// What comes next in order, as soon as it is there; what is missing before it is told as lost once it was
    /// waited for.
    pub fn pop(&mut self, now: Instant) -> Option<Item> {
        if self.ready.is_empty() {
            self.advance(now);
        }
        self.ready.pop_front()
    }

    /// What is to be heard by now, for a listener who takes as much as time has passed: the buffer's wait after
    /// it came, as the earliest packets came. What is missing then is told as lost.
    pub fn pull(&mut self, now: Instant) -> Option<Item> {
        while self.ready.is_empty() {
            let front = self.held.front()?;
            if self
                .playout
                .is_some_and(|playout| now < playout.due(front.timestamp) + self.wait)
            {
                return None;
            }
            self.deliver_front();
        }
        self.ready.pop_front()
    }

    /// What is still held, in order and without waiting for what is missing: for the end of a recording.
    pub fn flush(&mut self) -> Option<Item> {
        while self.ready.is_empty() && !self.held.is_empty() {
            self.deliver_front();
        }
        self.ready.pop_front()
    }

    /// Packets held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether no packet is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// How long a missing packet is waited for.
    pub fn wait(&self) -> Duration {
        self.wait
    }

    fn begin(&mut self, ssrc: u32, first: Held) {
        // The claim to silence is not renewed by starting anew, or it would be worth nothing.
        let before = self.stream.take();
        let (reserve, last_arrival) = before.map_or((RESERVE_MAX, first.at), |s| (s.reserve, s.last_arrival));
        self.ssrc = ssrc;
        self.playout = None;
        self.stream = Some(Stream {
            starts: first.at + WAIT_MIN,
            sequence: first.sequence,
            given_up: 0,
            end: None,
            event: false,
            packet_samples: 160,
            reserve,
            last_arrival,
        });
        self.hold(self.held.len(), first);
    }

    /// A packet of another source, or far from the stream: two in a row are a new stream, one is a stray.
    fn suspect(&mut self, packet: Incoming<'_>) -> Inserted {
        match self.suspect.take() {
            Some((ssrc, first))
                if ssrc == packet.ssrc && first.sequence.wrapping_add(1) == packet.sequence =>
            {
                // What the old stream still owes comes before the new one.
                while !self.held.is_empty() {
                    self.deliver_front();
                }
                self.begin(ssrc, first);
                self.hold(self.held.len(), Held::new(&packet));
                Inserted::Restarted
            }
            _ => {
                self.suspect = Some((packet.ssrc, Held::new(&packet)));
                Inserted::Suspect
            }
        }
    }

    fn hold(&mut self, place: usize, held: Held) {
        let playout = self.playout.get_or_insert(Playout {
            timestamp: held.timestamp,
            at: held.at,
        });
        playout.observe(held.timestamp, held.at);
        self.held_bytes += held.bytes();
        self.held.insert(place, held);
        while self.held.len() > limits::JITTER_PACKETS || self.held_bytes > limits::JITTER_BYTES {
            self.deliver_front();
        }
    }

    /// Delivers what is in order, or was waited for.
    fn advance(&mut self, now: Instant) {
        while let (Some(stream), Some(front)) = (&self.stream, self.held.front()) {
            let in_order = front.sequence == stream.sequence;
            if stream.end.is_none() && now < stream.starts {
                return;
            }
            if !in_order {
                let since = self.held.iter().map(|held| held.at).min();
                if since.is_some_and(|since| now < since + self.wait) {
                    return;
                }
            }
            self.deliver_front();
        }
    }

    /// Puts the first held packet on the timeline, and before it what is missing.
    fn deliver_front(&mut self) {
        let (Some(stream), Some(held)) = (&mut self.stream, self.held.pop_front()) else {
            return;
        };
        self.held_bytes -= held.bytes();
        let missing = stream.advance_past(held.sequence);
        if missing == 0 {
            self.in_order += 1;
            if self.in_order >= PACKETS_TO_SHORTEN {
                self.in_order = 0;
                self.wait = self.wait.saturating_sub(WAIT_STEP / 4).max(WAIT_MIN);
            }
        }
        stream.earn(&held);

        let gap = stream
            .end
            .map_or(0, |end| held.timestamp.wrapping_sub(end) as i32);
        if gap > 0 {
            let granted = stream.spend(gap as u32);
            let lost = granted.min(u32::from(missing).saturating_mul(stream.packet_samples));
            push_samples(&mut self.ready, Item::Lost { samples: lost });
            push_samples(
                &mut self.ready,
                Item::Silence {
                    samples: granted - lost,
                },
            );
        }

        match held.body {
            Body::Audio {
                payload_type,
                mut payload,
            } => {
                let samples = payload.len() as u32;
                // Audio under an event is the tone that the event already stands for. Any other step back is a
                // sender whose timestamps started anew, or never counted samples: its audio is taken as it is.
                let under_event = stream.event && (-EVENT_MAX..0).contains(&gap);
                let overlap = if under_event {
                    gap.unsigned_abs() as usize
                } else {
                    0
                };
                if overlap < payload.len() {
                    payload.drain(..overlap);
                    self.ready.push_back(Item::Audio {
                        payload_type,
                        payload,
                    });
                    stream.event = false;
                    stream.packet_samples = samples;
                    stream.end = Some(held.timestamp.wrapping_add(samples));
                }
            }
            Body::Event { duration } => {
                let end = held.timestamp.wrapping_add(u32::from(duration));
                // What was there before the stream's first packet is nobody's business here.
                let reached = match stream.end {
                    None => end,
                    Some(reached) if gap < 0 => reached,
                    Some(_) => held.timestamp,
                };
                let fresh = end.wrapping_sub(reached) as i32;
                if fresh > 0 {
                    let samples = stream.spend(fresh as u32);
                    push_samples(&mut self.ready, Item::Silence { samples });
                }
                stream.event = true;
                stream.end = Some(if fresh > 0 { end } else { reached });
            }
            Body::Noise => {
                if gap >= 0 {
                    stream.end = Some(held.timestamp);
                }
            }
        }
        stream.reserve = stream.reserve.min(RESERVE_MAX);
    }
}

impl Stream {
    /// Goes on to the packet after `sequence`; tells how many before it were given up.
    fn advance_past(&mut self, sequence: u16) -> u16 {
        let missing = sequence.wrapping_sub(self.sequence);
        let shift = u32::from(missing) + 1;
        self.given_up = self.given_up.checked_shl(shift).unwrap_or(0);
        if missing > 0 {
            let all = 1u64
                .checked_shl(u32::from(missing))
                .map_or(u64::MAX, |bit| bit - 1);
            self.given_up |= all << 1;
        }
        self.sequence = sequence.wrapping_add(1);
        missing
    }

    /// Time that passed allows for silence, less what came as audio. A hundredth more, for clocks that differ.
    fn earn(&mut self, held: &Held) {
        let elapsed_us = held.at.since(self.last_arrival).as_micros() as u64;
        self.last_arrival = self.last_arrival.max(held.at);
        let elapsed = (elapsed_us / SAMPLE_US).min(1 << 40) as i64;
        let audio = match &held.body {
            Body::Audio { payload, .. } => payload.len() as i64,
            Body::Event { .. } | Body::Noise => 0,
        };
        self.reserve = (self.reserve + elapsed + elapsed / 100 - audio).max(0);
    }

    /// As much of `samples` as the timestamps may claim.
    fn spend(&mut self, samples: u32) -> u32 {
        let granted = i64::from(samples).min(self.reserve);
        self.reserve -= granted;
        granted as u32
    }
}

impl Held {
    fn new(packet: &Incoming<'_>) -> Self {
        Held {
            at: packet.at,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            body: match packet.content {
                Content::Audio {
                    payload_type,
                    payload,
                } => Body::Audio {
                    payload_type,
                    payload: Zeroizing::new(payload.to_vec()),
                },
                Content::Event { duration } => Body::Event { duration },
                Content::Noise => Body::Noise,
            },
        }
    }

    fn bytes(&self) -> usize {
        match &self.body {
            Body::Audio { payload, .. } => payload.len(),
            Body::Event { .. } | Body::Noise => 0,
        }
    }
}

impl Playout {
    fn due(self, timestamp: u32) -> Instant {
        let ahead_us = i64::from(timestamp.wrapping_sub(self.timestamp) as i32) * SAMPLE_US as i64;
        Instant::from_micros(self.at.as_micros().saturating_add_signed(ahead_us))
    }

    /// Follows the fastest packets at once, and slower ones by a small part, as clocks drift apart.
    fn observe(&mut self, timestamp: u32, at: Instant) {
        let due = self.due(timestamp);
        let late = at.since(due);
        *self = Playout {
            timestamp,
            at: if late > WAIT_MAX * 4 || at < due {
                at
            } else {
                due + late / 256
            },
        };
    }
}

fn push_samples(ready: &mut VecDeque<Item>, item: Item) {
    if !matches!(item, Item::Lost { samples: 0 } | Item::Silence { samples: 0 }) {
        ready.push_back(item);
    }
}

#[cfg(test)]
mod tests;
