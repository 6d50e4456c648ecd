//! Whole legs in virtual time over a network in memory.

mod hearing;
mod on_a_thread;
mod recording;
mod reports;
mod sending;

use super::io::{Arrival, MediaIo, Pair, Stream};
use super::prompt::Prompt;
use super::thread::{MediaThread, Parts};
use super::worker::{Counts, Worker};
use super::*;
use crate::codec::g711;
use crate::limits;
use crate::rng::Rng;
use crate::rtp::packet::{Header, Packet};
use crate::rtp::rtcp::{self, Compound, ReportBlock, SenderInfo};
use crate::rtp::telephone_event::{self, TelephoneEvent};
use crate::time::Instant;
use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{mpsc, Mutex};

const LEG: LegId = LegId(1);
const RECORDING: RecordingId = RecordingId(5);

#[derive(Default)]
struct Wire {
    inbox: VecDeque<(Pair, Stream, SocketAddr, Vec<u8>)>,
    sent: Vec<Sent>,
    open: BTreeSet<Pair>,
    panics_on: Option<Pair>,
}

#[derive(Clone, Debug)]
struct Sent {
    at: Instant,
    stream: Stream,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl Sent {
    fn rtp(&self) -> Packet<'_> {
        Packet::parse(&self.bytes).unwrap()
    }
}

#[derive(Clone, Default)]
struct Network(Arc<Mutex<Wire>>);

impl MediaIo for Network {
    fn open(&mut self, _address: IpAddr, port: u16) -> std::io::Result<Pair> {
        let pair = Pair(u32::from(port) / 2 - 5_000);
        if self.0.lock().unwrap().open.insert(pair) {
            Ok(pair)
        } else {
            Err(std::io::ErrorKind::AddrInUse.into())
        }
    }

    fn close(&mut self, pair: Pair) {
        self.0.lock().unwrap().open.remove(&pair);
    }

    fn receive(&mut self, now: Instant, each: &mut dyn FnMut(Arrival<'_>)) {
        let inbox = std::mem::take(&mut self.0.lock().unwrap().inbox);
        for (pair, stream, source, bytes) in inbox {
            each(Arrival {
                pair,
                stream,
                source,
                at: now,
                bytes: &bytes,
            });
        }
    }

    fn send(&mut self, now: Instant, pair: Pair, stream: Stream, to: SocketAddr, bytes: &[u8]) {
        let panics_on = self.0.lock().unwrap().panics_on;
        assert_ne!(panics_on, Some(pair), "a fault that a test asked for");
        self.0.lock().unwrap().sent.push(Sent {
            at: now,
            stream,
            to,
            bytes: bytes.to_vec(),
        });
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn peer_address() -> SocketAddr {
    address("192.0.2.1:4000")
}

fn attacker() -> SocketAddr {
    address("203.0.113.66:6666")
}

fn session() -> Session {
    Session {
        remote: peer_address(),
        remote_rtcp: address("192.0.2.1:4001"),
        codec: Codec::Pcmu,
        payload_type: 0,
        event_payload_type: Some(101),
        direction: Direction::SendRecv,
        ptime_ms: 20,
        continuous_silence: false,
    }
}

fn options() -> RecordOptions {
    RecordOptions {
        limit: Duration::from_secs(60),
        silence: None,
        terminators: "#".into(),
    }
}

fn prompt(ms: usize) -> Sound {
    Sound::Prompt(Arc::new(Prompt::new(vec![8_031 * 4; ms * 8])))
}

/// A worker with its network, time, and all that it has told.
struct Rig {
    worker: Worker,
    network: Network,
    now: Instant,
    events: Vec<Event>,
    audio: Vec<i16>,
    chunks: Vec<usize>,
}

impl Rig {
    fn new() -> Self {
        let network = Network::default();
        Rig {
            worker: Worker::new(Box::new(network.clone()), Rng::from_seed(11)),
            network,
            now: Instant::from_secs(1),
            events: Vec::new(),
            audio: Vec::new(),
            chunks: Vec::new(),
        }
    }

    /// With a leg that is open and agreed.
    fn agreed(session: Session) -> Self {
        let mut rig = Rig::new();
        rig.open(LEG, 10_000);
        rig.command(Command::Negotiated { leg: LEG, session });
        rig.events.clear();
        rig
    }

    fn open(&mut self, leg: LegId, port: u16) {
        let address = IpAddr::from([127, 0, 0, 1]);
        self.command(Command::Open { leg, address, port });
    }

    fn command(&mut self, command: Command) {
        self.worker.command(self.now, command);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(chunk) = self.worker.poll_audio() {
            self.chunks.push(chunk.samples.len());
            self.audio.extend_from_slice(&chunk.samples);
        }
        self.events
            .extend(std::iter::from_fn(|| self.worker.poll_event()));
    }

    /// The events but for the reports, which come by themselves.
    fn told(&self) -> Vec<Event> {
        let events = self.events.iter();
        events
            .filter(|event| !matches!(event, Event::Report { .. }))
            .cloned()
            .collect()
    }

    /// Ticks until so many milliseconds have passed.
    fn run(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            self.now += Duration::from_millis(20);
            self.worker.tick(self.now);
            self.drain();
        }
    }

    fn arrive(&mut self, stream: Stream, source: SocketAddr, bytes: Vec<u8>) {
        let mut wire = self.network.0.lock().unwrap();
        wire.inbox.push_back((Pair(0), stream, source, bytes));
    }

    fn sent(&self, stream: Stream) -> Vec<Sent> {
        let wire = self.network.0.lock().unwrap();
        wire.sent
            .iter()
            .filter(|sent| sent.stream == stream)
            .cloned()
            .collect()
    }

    fn forget_sent(&self) {
        self.network.0.lock().unwrap().sent.clear();
    }

    fn play(&mut self, play: u64, sounds: Vec<Sound>) {
        let play = PlayId(play);
        self.command(Command::Play {
            leg: LEG,
            play,
            sounds,
            repeat: false,
        });
    }

    fn send_digits(&mut self, digits: &str, length_ms: u64, gap_ms: u64) {
        self.command(Command::SendDigits {
            leg: LEG,
            sending: SendingId(9),
            digits: digits.into(),
            length: Duration::from_millis(length_ms),
            gap: Duration::from_millis(gap_ms),
        });
    }

    fn record(&mut self, options: RecordOptions) {
        self.command(Command::Record {
            leg: LEG,
            recording: RECORDING,
            options,
        });
    }

    fn recorded(&self) -> Option<(RecordEnd, u64)> {
        self.events.iter().find_map(|event| match event {
            Event::Recorded { end, samples, .. } => Some((*end, *samples)),
            _ => None,
        })
    }

    fn digits(&self) -> String {
        let digit = |event: &Event| match event {
            Event::Digit { digit, .. } => Some(*digit),
            _ => None,
        };
        self.events.iter().filter_map(digit).collect()
    }

    fn close(&mut self) -> LegStats {
        self.command(Command::Close { leg: LEG });
        match self.events.last() {
            Some(Event::Closed { stats, .. }) => *stats,
            other => panic!("{other:?} where the leg was closed"),
        }
    }
}

/// Somebody who sends RTP.
struct Peer {
    source: SocketAddr,
    header: Header,
    rng: Rng,
    /// All that was sent as audio, decoded.
    said: Vec<i16>,
}

impl Peer {
    fn new(source: SocketAddr, seed: u64) -> Self {
        let mut rng = Rng::from_seed(seed);
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: rng.u32() as u16,
            timestamp: rng.u32(),
            ssrc: rng.u32(),
        };
        Peer {
            source,
            header,
            rng,
            said: Vec::new(),
        }
    }

    fn payload(&mut self, samples: u32) -> Vec<u8> {
        (0..samples).map(|_| self.rng.u32() as u8).collect()
    }

    fn datagram(&mut self, payload: &[u8], samples: u32) -> Vec<u8> {
        let mut bytes = self.header.to_bytes().to_vec();
        bytes.extend(payload);
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(samples);
        bytes
    }

    /// A packet of noise.
    fn speak(&mut self, rig: &mut Rig, samples: u32) {
        let payload = self.payload(samples);
        self.say(rig, &payload);
    }

    fn say(&mut self, rig: &mut Rig, payload: &[u8]) {
        self.said
            .extend(payload.iter().map(|&code| g711::mulaw_decode(code)));
        let bytes = self.datagram(payload, payload.len() as u32);
        rig.arrive(Stream::Rtp, self.source, bytes);
    }

    /// Noise for so long, in packets of 20 ms.
    fn speak_for(&mut self, rig: &mut Rig, ms: u64) {
        for _ in 0..ms / 20 {
            self.speak(rig, 160);
            rig.run(20);
        }
    }

    /// A key held for 100 ms.
    fn press(&mut self, rig: &mut Rig, digit: char) {
        self.header.payload_type = 101;
        for n in 1..=7u16 {
            let event = TelephoneEvent {
                event: telephone_event::code(digit).unwrap(),
                end: n >= 5,
                volume: 10,
                duration: n.min(5) * 160,
            };
            let bytes = self.datagram(&event.to_bytes(), 0);
            rig.arrive(Stream::Rtp, self.source, bytes);
            rig.run(20);
        }
        self.header.payload_type = 0;
        self.header.timestamp = self.header.timestamp.wrapping_add(7 * 160);
    }
}

/// The power of encoded audio at a frequency, as the peak of a sine that has it: Goertzel's algorithm.
fn peak_at(payload: &[u8], hz: f64) -> f64 {
    let turn = 2.0 * (2.0 * std::f64::consts::PI * hz / 8_000.0).cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for &code in payload {
        let s = f64::from(g711::mulaw_decode(code)) + turn * s1 - s2;
        (s2, s1) = (s1, s);
    }
    let power: f64 = s1 * s1 + s2 * s2 - turn * s1 * s2;
    2.0 * power.max(0.0).sqrt() / payload.len() as f64
}
