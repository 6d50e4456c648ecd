//! Whole legs in virtual time over a network in memory.

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

#[test]
fn a_leg_opens_and_closes_and_leaves_nothing() {
    let mut rig = Rig::new();
    rig.open(LEG, 10_000);
    rig.open(LegId(2), 10_000);
    rig.open(LEG, 10_002);
    let results: Vec<bool> = rig
        .events
        .iter()
        .map(|event| matches!(event, Event::Opened { result: Ok(()), .. }))
        .collect();
    assert_eq!(results, [true, false, false]);
    rig.play(1, vec![prompt(1_000)]);
    rig.record(options());
    let expected = Counts {
        legs: 1,
        recordings: 1,
        plays: 1,
    };
    assert_eq!(rig.worker.counts(), expected);
    rig.events.clear();
    rig.close();
    assert_eq!(rig.worker.counts(), Counts::default());
    assert_eq!(rig.network.0.lock().unwrap().open.len(), 0);
    assert!(matches!(rig.events[0], Event::Played { finished: false, .. }));
    assert_eq!(rig.recorded(), Some((RecordEnd::Closed, 0)));
    // A leg that is not there is nobody's trouble.
    rig.events.clear();
    rig.command(Command::StopPlay { leg: LEG });
    rig.command(Command::Close { leg: LEG });
    assert_eq!(rig.events, []);
}

#[test]
fn a_prompt_goes_out_in_packets_of_20_ms() {
    let mut rig = Rig::agreed(session());
    rig.play(7, vec![prompt(90), Sound::Silence(Duration::from_millis(20))]);
    rig.run(120);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 6);
    let first = sent[0].rtp();
    for (n, sent) in sent.iter().enumerate() {
        let packet = sent.rtp();
        assert_eq!(sent.to, peer_address());
        assert_eq!(packet.marker, n == 0);
        assert_eq!(packet.sequence, first.sequence.wrapping_add(n as u16));
        assert_eq!(packet.timestamp, first.timestamp.wrapping_add(n as u32 * 160));
        assert_eq!(packet.payload.len(), 160);
        assert_eq!(packet.payload[0], if n < 5 { 0x80 } else { 0xff });
    }
    assert_eq!(sent[4].rtp().payload[80..], [0xff; 80]);
    assert_eq!(rig.events, []);
    // The end is told when the last frame has been heard.
    rig.run(20);
    let played = Event::Played {
        leg: LEG,
        play: PlayId(7),
        finished: true,
        samples: 880,
    };
    assert_eq!(rig.events, [played]);
}

#[test]
fn a_play_is_replaced_or_stopped_and_each_end_told_once() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(1_000)]);
    rig.run(100);
    rig.play(2, vec![prompt(1_000)]);
    rig.run(100);
    rig.command(Command::StopPlay { leg: LEG });
    rig.command(Command::StopPlay { leg: LEG });
    rig.play(3, Vec::new());
    rig.run(40);
    let ends: Vec<_> = rig
        .events
        .iter()
        .map(|event| match event {
            Event::Played {
                play,
                finished,
                samples,
                ..
            } => (play.0, *finished, *samples),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ends, [(1, false, 800), (2, false, 800), (3, true, 0)]);
}

#[test]
fn while_nothing_plays_a_frame_a_second_goes_out() {
    let mut rig = Rig::agreed(session());
    rig.run(5_000);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 5);
    for pair in sent.windows(2) {
        assert_eq!(pair[1].at.since(pair[0].at), Duration::from_secs(1));
        // Time went on between them, and each begins anew.
        let step = pair[1].rtp().timestamp.wrapping_sub(pair[0].rtp().timestamp);
        assert_eq!(step, 8_000);
        assert!(pair[1].rtp().marker);
        assert_eq!(pair[1].rtp().payload, [0xff; 160]);
    }
}

#[test]
fn continuous_silence_is_continuous() {
    let mut rig = Rig::agreed(Session {
        continuous_silence: true,
        codec: Codec::Pcma,
        payload_type: 8,
        ..session()
    });
    rig.run(1_000);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 50);
    assert_eq!(sent.iter().filter(|sent| sent.rtp().marker).count(), 1);
    assert_eq!(sent[9].rtp().payload, [0xd5; 160]);
}

#[test]
fn nothing_is_sent_on_hold_and_a_play_ends_in_its_time() {
    for direction in [Direction::RecvOnly, Direction::Inactive] {
        let mut rig = Rig::agreed(Session {
            direction,
            continuous_silence: true,
            ..session()
        });
        rig.play(1, vec![prompt(200)]);
        rig.send_digits("1", 100, 100);
        rig.run(240);
        assert_eq!(rig.sent(Stream::Rtp).len(), 0);
        assert!(matches!(
            rig.events[..],
            [Event::DigitsSent { .. }, Event::Played { finished: true, .. }]
        ));
    }
}

#[test]
fn the_packets_of_an_event_are_these_bytes() {
    let mut rig = Rig::agreed(Session {
        continuous_silence: true,
        ..session()
    });
    rig.run(40);
    let before = rig.sent(Stream::Rtp);
    rig.forget_sent();
    // 50 ms: two slots and a half. The pause of 60 ms begins after the third.
    rig.send_digits("#", 50, 60);
    rig.run(140);
    let sent = rig.sent(Stream::Rtp);
    let last = before[before.len() - 1].rtp();
    let header = |marker: bool, payload_type: u8, n: u16, timestamp: u32| {
        let mut bytes = vec![0x80, payload_type | if marker { 0x80 } else { 0 }];
        bytes.extend(last.sequence.wrapping_add(n).to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(last.ssrc.to_be_bytes());
        bytes
    };
    let began = last.timestamp.wrapping_add(160);
    let payloads = [
        [11, 0x0a, 0x00, 0xa0],
        [11, 0x0a, 0x01, 0x40],
        [11, 0x8a, 0x01, 0x90],
        [11, 0x8a, 0x01, 0x90],
        [11, 0x8a, 0x01, 0x90],
    ];
    for (n, payload) in payloads.iter().enumerate() {
        let mut expected = header(n == 0, 101, n as u16 + 1, began);
        expected.extend(payload);
        assert_eq!(sent[n].bytes, expected, "packet {n}");
    }
    // One slot of the pause is left; then the audio goes on at its time, with a marker.
    assert_eq!(sent.len(), 6);
    let mut expected = header(true, 0, 6, began.wrapping_add(6 * 160));
    expected.extend([0xff; 160]);
    assert_eq!(sent[5].bytes, expected);
    assert!(matches!(
        rig.events[..],
        [Event::DigitsSent {
            sending: SendingId(9),
            ..
        }]
    ));
}

#[test]
fn where_no_events_were_agreed_a_digit_is_heard_as_its_two_tones() {
    let mut rig = Rig::agreed(Session {
        event_payload_type: None,
        ..session()
    });
    rig.run(20);
    rig.forget_sent();
    rig.send_digits("7F", 100, 100);
    rig.run(420);
    let audio: Vec<u8> = rig
        .sent(Stream::Rtp)
        .iter()
        .flat_map(|sent| sent.rtp().payload.to_vec())
        .collect();
    assert_eq!(audio.len(), 400 * 8);
    let digit = &audio[..800];
    for hz in [852.0, 1_209.0] {
        assert!(peak_at(digit, hz) > 4_000.0, "{hz}: {}", peak_at(digit, hz));
    }
    for hz in [697.0, 770.0, 941.0, 1_336.0, 1_477.0, 1_633.0] {
        assert!(peak_at(digit, hz) < 400.0, "{hz}: {}", peak_at(digit, hz));
    }
    // A flash is nothing to hear.
    assert!(audio[800..].iter().all(|&code| code == 0xff));
    assert!(matches!(rig.events[..], [Event::DigitsSent { .. }]));
}

#[test]
fn a_prompt_pauses_for_digits_and_goes_on_where_it_was() {
    let mut rig = Rig::agreed(session());
    let samples: Vec<i16> = (0..1_600).map(|n| n * 20).collect();
    let mut expected = Vec::new();
    Codec::Pcmu.encode(&samples, &mut expected);
    rig.play(1, vec![Sound::Prompt(Arc::new(Prompt::new(samples)))]);
    rig.run(100);
    rig.send_digits("1", 40, 40);
    rig.run(240);
    let audio: Vec<u8> = rig
        .sent(Stream::Rtp)
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 0)
        .flat_map(|packet| packet.payload.to_vec())
        .collect();
    assert!(audio[..1_600] == expected);
    let played = |event: &Event| {
        matches!(
            event,
            Event::Played {
                finished: true,
                samples: 1_600,
                ..
            }
        )
    };
    assert!(rig.events.iter().any(played), "{:?}", rig.events);
}

#[test]
fn tones_that_repeat_go_on_until_they_are_stopped() {
    let mut rig = Rig::agreed(session());
    rig.command(Command::Play {
        leg: LEG,
        play: PlayId(1),
        sounds: tone::BUSY.iter().copied().map(Sound::Tone).collect(),
        repeat: true,
    });
    rig.run(5_000);
    let audio: Vec<u8> = rig
        .sent(Stream::Rtp)
        .iter()
        .flat_map(|sent| sent.rtp().payload.to_vec())
        .collect();
    assert_eq!(audio.len(), 40_000);
    for second in audio.chunks(8_000) {
        assert!(second == &audio[..8_000]);
        // Between the edges, a whole number of periods of both.
        for hz in [480.0, 620.0] {
            let peak = peak_at(&second[400..3_600], hz);
            assert!((peak - 4_993.0).abs() < 50.0, "{hz}: {peak}");
        }
        assert!(second[4_000..].iter().all(|&code| code == 0xff));
    }
    assert_eq!(rig.told(), []);
    rig.command(Command::StopPlay { leg: LEG });
    assert!(matches!(
        rig.told()[..],
        [Event::Played {
            finished: false,
            samples: 40_000,
            ..
        }]
    ));
}

#[test]
fn what_is_echoed_is_what_came_at_most_two_frames_later() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 100);
    rig.command(Command::Echo {
        leg: LEG,
        until: "#".into(),
    });
    rig.forget_sent();
    let mut said = Vec::new();
    for n in 0..200 {
        // Now and then a packet is late and comes with the next.
        for _ in 0..[1, 1, 0, 2, 1][n % 5] {
            let payload = peer.payload(160);
            said.push((rig.now, payload.clone()));
            peer.say(&mut rig, &payload);
        }
        rig.run(20);
    }
    // Since the first that was late, one is always on its way.
    rig.run(20);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 200);
    for (sent, (came, payload)) in sent.iter().zip(&said) {
        assert_eq!(sent.rtp().payload, payload);
        assert!(sent.at.since(*came) <= Duration::from_millis(40));
    }
    // Digits go back as events, but not the one that ends it.
    rig.forget_sent();
    peer.press(&mut rig, '5');
    rig.run(400);
    peer.press(&mut rig, '#');
    rig.run(400);
    peer.speak_for(&mut rig, 200);
    let sent = rig.sent(Stream::Rtp);
    let events: Vec<(u8, u16)> = sent
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 101)
        .filter_map(|packet| TelephoneEvent::parse(packet.payload))
        .filter(|event| event.end)
        .map(|event| (event.event, event.duration))
        .collect();
    assert_eq!(events, [(5, 800); 3]);
    assert_eq!(rig.digits(), "5#");
    // What was said after the end does not go back.
    let audio = sent
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 0);
    assert!(audio.into_iter().all(|packet| packet.payload == [0xff; 160]));
}

#[test]
fn an_echo_takes_the_place_of_what_plays_and_ends_when_told() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(10_000)]);
    rig.run(100);
    let until = String::new();
    rig.command(Command::Echo { leg: LEG, until });
    assert!(matches!(rig.events[..], [Event::Played { samples: 800, .. }]));
    rig.forget_sent();
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 100);
    assert_eq!(rig.sent(Stream::Rtp).len(), 5);
    rig.command(Command::StopEcho { leg: LEG });
    rig.forget_sent();
    peer.speak_for(&mut rig, 100);
    assert_eq!(rig.sent(Stream::Rtp).len(), 0);
}

#[test]
fn silence_and_noise_are_listened_for() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 200);
    let listen = |id, silence| Command::Listen {
        leg: LEG,
        listening: ListeningId(id),
        silence,
        lasting: Duration::from_millis(500),
    };
    rig.command(listen(1, true));
    peer.speak_for(&mut rig, 2_000);
    assert_eq!(rig.told(), []);
    let quiet_from = rig.now;
    for _ in 0..25 {
        peer.say(&mut rig, &[0xff; 160]);
        rig.run(20);
    }
    let heard = |id| Event::Heard {
        leg: LEG,
        listening: ListeningId(id),
    };
    assert_eq!(rig.told(), [heard(1)]);
    assert_eq!(rig.now.since(quiet_from), Duration::from_millis(500));
    rig.events.clear();
    // Noise, though nothing at all comes at first.
    rig.command(listen(2, false));
    rig.run(3_000);
    peer.speak_for(&mut rig, 480);
    assert_eq!(rig.told(), []);
    peer.speak_for(&mut rig, 20);
    assert_eq!(rig.told(), [heard(2)]);
    // One that was given up tells nothing.
    rig.events.clear();
    rig.command(listen(3, false));
    rig.command(Command::StopListen { leg: LEG });
    peer.speak_for(&mut rig, 2_000);
    assert_eq!(rig.told(), []);
}

#[test]
fn the_figures_are_told_with_each_report_to_the_peer() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 20_000);
    let received: Vec<u64> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Report { stats, .. } => Some(stats.received),
            _ => None,
        })
        .collect();
    assert_eq!(received.len(), rig.sent(Stream::Rtcp).len());
    assert!((3..=8).contains(&received.len()), "{received:?}");
    assert!(
        received.is_sorted() && received.last() > Some(&600),
        "{received:?}"
    );
}

#[test]
fn the_packet_time_asked_for_is_honoured() {
    let mut rig = Rig::agreed(Session {
        ptime_ms: 40,
        ..session()
    });
    rig.play(1, vec![prompt(100)]);
    rig.run(200);
    let sent = rig.sent(Stream::Rtp);
    let lens: Vec<usize> = sent.iter().map(|sent| sent.rtp().payload.len()).collect();
    assert_eq!(lens, [320, 320, 160]);
    let step = sent[1].rtp().timestamp.wrapping_sub(sent[0].rtp().timestamp);
    assert_eq!(step, 320);
}

#[test]
fn a_late_tick_is_caught_up_with_and_never_by_a_burst() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(60_000)]);
    rig.run(100);
    rig.forget_sent();
    rig.now += Duration::from_millis(40);
    rig.run(20);
    assert_eq!(rig.sent(Stream::Rtp).len(), 3);
    rig.forget_sent();
    let before = rig.now;
    rig.now += Duration::from_secs(3);
    rig.run(20);
    let burst = rig.sent(Stream::Rtp);
    assert!(burst.len() <= 4, "{}", burst.len());
    let last = burst[burst.len() - 1].rtp().timestamp;
    rig.forget_sent();
    rig.run(100);
    let sent = rig.sent(Stream::Rtp);
    assert_eq!(sent.len(), 5);
    // The prompt goes on where it was, without a hole.
    assert!(sent.iter().all(|sent| !sent.rtp().marker));
    assert_eq!(sent[0].rtp().timestamp, last.wrapping_add(160));
    assert!(rig.now.since(before) > Duration::from_secs(3));
}

#[test]
fn digits_are_sent_as_events_and_the_timestamp_goes_on() {
    let mut rig = Rig::agreed(Session {
        continuous_silence: true,
        ..session()
    });
    rig.run(100);
    rig.send_digits("5x#", 100, 100);
    rig.run(500);
    let sent = rig.sent(Stream::Rtp);
    let start = sent[0].rtp().timestamp;
    let events: Vec<_> = sent
        .iter()
        .map(Sent::rtp)
        .filter(|packet| packet.payload_type == 101)
        .map(|packet| (packet, TelephoneEvent::parse(packet.payload).unwrap()))
        .collect();
    assert_eq!(events.len(), 14);
    for (digit, packets) in [(5, &events[..7]), (11, &events[7..])] {
        let durations: Vec<u16> = packets.iter().map(|(_, event)| event.duration).collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800]);
        assert!(packets.iter().all(|(_, event)| event.event == digit));
        assert_eq!(packets.iter().filter(|(_, event)| event.end).count(), 3);
        assert!(packets
            .iter()
            .all(|(packet, _)| packet.timestamp == packets[0].0.timestamp));
        assert_eq!(packets.iter().filter(|(packet, _)| packet.marker).count(), 1);
    }
    // Every slot's timestamp is where it would be without the digits, and the numbers have no gap.
    let (first, last) = (&sent[0], sent.last().unwrap());
    let slots = last.at.since(first.at).as_millis() as u32 / 20;
    assert_eq!(last.rtp().timestamp.wrapping_sub(start), slots * 160);
    assert_eq!(
        last.rtp().sequence.wrapping_sub(first.rtp().sequence),
        sent.len() as u16 - 1
    );
    assert_eq!(events[7].0.timestamp.wrapping_sub(events[0].0.timestamp), 1_600);
}

#[test]
fn a_recording_is_exact_for_every_packet_time() {
    for packet_ms in [10, 20, 30, 40, 60] {
        let mut rig = Rig::agreed(session());
        let mut peer = Peer::new(peer_address(), packet_ms);
        peer.speak_for(&mut rig, 100);
        peer.said.clear();
        rig.record(options());
        for n in 0..100 {
            peer.speak(&mut rig, packet_ms as u32 * 8);
            // Bunched: every seventh packet's tick is late.
            if n % 7 != 0 {
                rig.run(packet_ms.next_multiple_of(20));
            }
        }
        rig.run(20);
        rig.command(Command::StopRecord { leg: LEG });
        assert_eq!(rig.audio.len(), peer.said.len(), "{packet_ms} ms");
        assert!(rig.audio == peer.said, "{packet_ms} ms: not the same samples");
        let samples = peer.said.len();
        assert_eq!(rig.recorded(), Some((RecordEnd::Stopped, samples as u64)));
        let (last, whole) = rig.chunks.split_last().unwrap();
        assert!(whole.iter().all(|&len| len == 4_000) && *last <= 4_000);
        let stats = rig.close();
        assert_eq!((stats.lost, stats.concealed, stats.ignored), (0, 0, 0));
        assert_eq!(stats.received, 105);
        assert!(stats.level_in > 0.5);
    }
}

#[test]
fn what_came_before_the_end_is_in_the_recording_and_what_came_before_the_start_is_not() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak(&mut rig, 160);
    rig.record(options());
    peer.said.clear();
    peer.speak(&mut rig, 160);
    rig.command(Command::StopRecord { leg: LEG });
    assert!(rig.audio == peer.said);
    assert_eq!(rig.recorded(), Some((RecordEnd::Stopped, 160)));
}

#[test]
fn what_is_held_at_the_end_is_in_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    // Fewer packets than the buffer's start lets through, the second after the third.
    peer.speak(&mut rig, 160);
    peer.speak(&mut rig, 160);
    peer.speak(&mut rig, 160);
    rig.network.0.lock().unwrap().inbox.swap(1, 2);
    rig.run(20);
    rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!(rig.recorded(), Some((RecordEnd::Closed, 480)));
}

#[test]
fn a_lost_packet_is_concealed() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    let tone: Vec<u8> = (0..160)
        .map(|n| g711::mulaw_encode((8_000.0 * (n as f64 * std::f64::consts::TAU / 80.0).sin()) as i16))
        .collect();
    for n in 0..50 {
        peer.say(&mut rig, &tone);
        if n == 30 {
            rig.network.0.lock().unwrap().inbox.clear();
        }
        rig.run(20);
    }
    rig.run(200);
    let stats = rig.close();
    assert_eq!((stats.lost, stats.concealed), (1, 1));
    assert_eq!(rig.audio.len(), peer.said.len());
    let hole = 30 * 160..31 * 160;
    for (n, (made, real)) in rig.audio.iter().zip(&peer.said).enumerate() {
        if hole.contains(&n) {
            // A tone is continued nearly as it was; the second half has begun to fade.
            assert!(
                (i32::from(*made) - i32::from(*real)).abs() < 2_500,
                "{n}: {made} {real}"
            );
        } else {
            assert_eq!(made, real, "{n}");
        }
    }
}

#[test]
fn a_recording_ends_exactly_at_its_limit() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(RecordOptions {
        limit: Duration::from_millis(1_010),
        ..options()
    });
    peer.speak_for(&mut rig, 2_000);
    assert_eq!(rig.recorded(), Some((RecordEnd::Limit, 8_080)));
    assert!(rig.audio == peer.said[..8_080]);
    assert_eq!(rig.worker.counts().recordings, 0);
}

#[test]
fn a_recording_ends_after_silence_heard_or_not() {
    let silent = RecordOptions {
        silence: Some(Duration::from_secs(3)),
        ..options()
    };
    // Spoken, then packets of silence.
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(silent.clone());
    peer.speak_for(&mut rig, 1_000);
    for _ in 0..140 {
        peer.say(&mut rig, &[0xff; 160]);
        rig.run(20);
        assert!(rig.recorded().is_none());
    }
    for _ in 0..15 {
        peer.say(&mut rig, &[0xff; 160]);
        rig.run(20);
    }
    assert_eq!(rig.recorded(), Some((RecordEnd::Silence, 32_000)));

    // Spoken, then nothing at all, as silence suppression has it.
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(silent.clone());
    peer.speak_for(&mut rig, 1_000);
    rig.run(2_900);
    assert!(rig.recorded().is_none());
    rig.run(200);
    assert_eq!(rig.recorded(), Some((RecordEnd::Silence, 8_000)));

    // Nothing from the beginning.
    let mut rig = Rig::agreed(session());
    rig.record(silent);
    rig.run(2_980);
    assert!(rig.recorded().is_none());
    rig.run(20);
    assert_eq!(rig.recorded(), Some((RecordEnd::Silence, 0)));
}

#[test]
fn without_any_audio_the_limit_ends_a_recording_too() {
    let mut rig = Rig::agreed(session());
    rig.record(options());
    rig.run(69_980);
    assert!(rig.recorded().is_none());
    rig.run(40);
    assert_eq!(rig.recorded(), Some((RecordEnd::Limit, 0)));
}

#[test]
fn a_terminator_ends_the_recording_and_is_neither_in_it_nor_told_again() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 500);
    peer.press(&mut rig, '#');
    assert_eq!(rig.recorded(), Some((RecordEnd::Digit('#'), 4_000)));
    assert!(rig.audio == peer.said);
    assert_eq!(rig.digits(), "");
    // The next one is a digit like any other.
    peer.press(&mut rig, '#');
    assert_eq!(rig.digits(), "#");
}

#[test]
fn other_digits_are_told_and_are_silence_in_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 200);
    peer.press(&mut rig, '4');
    peer.speak_for(&mut rig, 200);
    rig.close();
    assert_eq!(rig.digits(), "4");
    assert_eq!(rig.audio.len(), (200 + 140 + 200) * 8);
    assert!(rig.audio[..1_600] == peer.said[..1_600]);
    assert!(rig.audio[1_600..2_720].iter().all(|&sample| sample == 0));
    assert!(rig.audio[2_720..] == peer.said[1_600..]);
}

#[test]
fn a_digit_is_told_while_a_prompt_plays_and_when_its_end_is_lost() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(10_000)]);
    let mut peer = Peer::new(peer_address(), 1);
    peer.press(&mut rig, '9');
    assert_eq!(rig.digits(), "9");
    peer.press(&mut rig, '8');
    let duration = rig.events.iter().find_map(|event| match event {
        Event::Digit { duration, .. } => Some(*duration),
        _ => None,
    });
    assert_eq!(duration, Some(Duration::from_millis(100)));
    let event = TelephoneEvent {
        event: 7,
        end: false,
        volume: 10,
        duration: 160,
    };
    peer.header.payload_type = 101;
    let bytes = peer.datagram(&event.to_bytes(), 0);
    rig.arrive(Stream::Rtp, peer.source, bytes);
    rig.run(300);
    assert_eq!(rig.digits(), "987");
    assert_eq!(rig.worker.counts().plays, 1);
}

#[test]
fn a_stranger_is_never_in_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    let mut stranger = Peer::new(attacker(), 2);
    // The stranger knows the peer's numbers, too.
    stranger.header = peer.header;
    rig.record(options());
    peer.speak_for(&mut rig, 20);
    stranger.header.sequence = stranger.header.sequence.wrapping_add(1);
    for _ in 0..50 {
        for _ in 0..3 {
            stranger.speak(&mut rig, 160);
        }
        peer.speak(&mut rig, 160);
        rig.run(20);
    }
    stranger.press(&mut rig, '#');
    let malformed = [
        vec![],
        vec![0x80; 5],
        vec![0; 60],
        vec![0x80, 200, 0, 1, 0, 0, 0, 0],
    ];
    for bytes in malformed {
        rig.arrive(Stream::Rtp, peer_address(), bytes);
    }
    rig.run(20);
    let stats = rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!(stats.ignored, 150 + 7 + 4);
    assert_eq!(stats.received, 51);
    assert_eq!(rig.digits(), "");
}

#[test]
fn a_peer_behind_a_nat_is_heard_from_its_first_packet_and_answered_there() {
    let public = address("198.51.100.20:31337");
    let mut rig = Rig::agreed(Session {
        remote: address("10.1.2.3:4000"),
        remote_rtcp: address("10.1.2.3:4001"),
        ..session()
    });
    let mut peer = Peer::new(public, 1);
    rig.record(options());
    peer.speak_for(&mut rig, 400);
    rig.forget_sent();
    rig.run(8_000);
    assert!(rig.sent(Stream::Rtp).iter().all(|sent| sent.to == public));
    let reports = rig.sent(Stream::Rtcp);
    assert!(!reports.is_empty());
    assert!(reports
        .iter()
        .all(|sent| sent.to == address("198.51.100.20:31338")));
    let stats = rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!((stats.ignored, stats.received), (0, 20));
}

#[test]
fn a_reinvite_moves_the_leg_and_the_recording_goes_on() {
    let mut rig = Rig::agreed(session());
    let mut old = Peer::new(peer_address(), 1);
    rig.record(options());
    old.speak_for(&mut rig, 200);
    let remote = address("192.0.2.77:5000");
    rig.command(Command::Negotiated {
        leg: LEG,
        session: Session {
            remote,
            remote_rtcp: address("192.0.2.77:5001"),
            codec: Codec::Pcma,
            payload_type: 8,
            ..session()
        },
    });
    let mut new = Peer::new(remote, 2);
    new.header.payload_type = 8;
    for _ in 0..10 {
        let payload = new.payload(160);
        new.said
            .extend(payload.iter().map(|&code| g711::alaw_decode(code)));
        let bytes = new.datagram(&payload, 160);
        rig.arrive(Stream::Rtp, remote, bytes);
        rig.run(20);
    }
    rig.forget_sent();
    rig.run(2_000);
    let sent = rig.sent(Stream::Rtp);
    assert!(sent
        .iter()
        .all(|sent| sent.to == remote && sent.rtp().payload_type == 8));
    rig.close();
    let said: Vec<i16> = old.said.iter().chain(&new.said).copied().collect();
    assert!(rig.audio == said);
}

#[test]
fn a_source_that_starts_anew_is_followed() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 200);
    peer.header.ssrc ^= 0xffff;
    peer.header.sequence = 5;
    peer.header.timestamp = 77;
    peer.speak_for(&mut rig, 200);
    peer.header.sequence = 40_000;
    peer.speak_for(&mut rig, 200);
    let stats = rig.close();
    assert!(rig.audio == peer.said);
    assert_eq!((stats.received, stats.lost), (30, 0));
}

#[test]
fn reports_go_out_by_the_rules_and_bye_at_the_end() {
    let mut rig = Rig::agreed(session());
    rig.play(1, vec![prompt(60_000)]);
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 30_000);
    let reports = rig.sent(Stream::Rtcp);
    // Every 2.05 to 6.16 s.
    assert!((5..=15).contains(&reports.len()), "{}", reports.len());
    let rtp = rig.sent(Stream::Rtp);
    for report in &reports {
        assert_eq!(report.to, address("192.0.2.1:4001"));
        let compound = Compound::parse(&report.bytes).unwrap();
        let sender = compound.sender.expect("we send, so this is a sender report");
        let before = rtp.iter().filter(|sent| sent.at <= report.at).count();
        assert_eq!(sender.packets as usize, before);
        assert_eq!(sender.octets as usize, before * 160);
        assert_eq!(compound.reports[0].ssrc, peer.header.ssrc);
        assert_eq!(compound.reports[0].fraction_lost, 0);
    }
    rig.forget_sent();
    rig.close();
    let last = rig.sent(Stream::Rtcp);
    let compound = Compound::parse(&last[0].bytes).unwrap();
    assert_eq!(compound.byes[..], [compound.ssrc]);
}

#[test]
fn the_peers_reports_give_loss_and_round_trip_and_a_strangers_do_not() {
    let mut rig = Rig::agreed(session());
    rig.run(4_000);
    let ours = rig.sent(Stream::Rtcp)[0].clone();
    let compound = Compound::parse(&ours.bytes).unwrap();
    let elapsed = rig.now.since(ours.at);
    let held = elapsed.saturating_sub(Duration::from_millis(60)) + Duration::from_millis(20);
    let report = |fraction_lost| {
        rtcp::Report {
            ssrc: 99,
            sender: Some(SenderInfo {
                ntp: 0x1234_5678_9abc_def0,
                rtp_timestamp: 0,
                packets: 1,
                octets: 1,
            }),
            block: Some(ReportBlock {
                ssrc: compound.ssrc,
                fraction_lost,
                cumulative_lost: 7,
                jitter: 20,
                last_sr: rtcp::middle(compound.sender.unwrap().ntp),
                delay_since_last_sr: rtcp::middle(rtcp::ntp(Instant::ZERO + held)),
                ..ReportBlock::default()
            }),
            cname: "peer",
            bye: false,
        }
        .to_bytes()
    };
    rig.arrive(Stream::Rtcp, attacker(), report(255));
    rig.arrive(Stream::Rtcp, address("192.0.2.1:4001"), report(64));
    rig.run(20);
    // Our next report echoes theirs.
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 100);
    rig.forget_sent();
    rig.run(7_000);
    let echo = Compound::parse(&rig.sent(Stream::Rtcp)[0].bytes).unwrap().reports[0];
    assert_eq!(echo.last_sr, 0x5678_9abc);
    assert!(echo.delay_since_last_sr > 0);
    rig.command(Command::Report { leg: LEG });
    let Some(Event::Report { stats, .. }) = rig.events.last() else {
        panic!("a report was asked for");
    };
    assert_eq!(stats.remote_loss, Some(0.25));
    assert_eq!((stats.remote_lost, stats.remote_jitter_ms), (Some(7), Some(2.5)));
    let round_trip = stats.round_trip_ms.unwrap();
    assert!((round_trip - 60.0).abs() < 1.0, "{round_trip}");
    assert_eq!(stats.ignored, 1);
}

#[test]
fn a_silent_peer_is_told_of_once_until_it_speaks_again() {
    let mut rig = Rig::agreed(session());
    let timeout = limits::MEDIA_TIMEOUT.as_millis() as u64;
    let silent = |rig: &Rig| {
        rig.events
            .iter()
            .filter(|e| matches!(e, Event::Silent { .. }))
            .count()
    };
    rig.run(timeout - 20);
    assert_eq!(silent(&rig), 0);
    rig.run(20 + timeout);
    assert_eq!(silent(&rig), 1);
    Peer::new(peer_address(), 1).speak_for(&mut rig, 20);
    rig.run(timeout);
    assert_eq!(silent(&rig), 2);
    // On hold nothing is expected.
    let mut rig = Rig::agreed(Session {
        direction: Direction::SendOnly,
        ..session()
    });
    rig.run(2 * timeout);
    assert_eq!(silent(&rig), 0);
}

#[test]
fn audio_that_cannot_be_taken_ends_the_recording() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 600);
    rig.worker.overrun(rig.now, RECORDING);
    rig.drain();
    let (end, samples) = rig.recorded().unwrap();
    assert_eq!(end, RecordEnd::Overrun);
    assert!(samples >= 4_000);
    assert_eq!(rig.audio.len(), 4_000);
    assert_eq!(rig.worker.counts().recordings, 0);
}

#[test]
fn an_overrun_that_comes_after_the_end_alters_it() {
    let mut rig = Rig::agreed(session());
    let mut peer = Peer::new(peer_address(), 1);
    rig.record(options());
    peer.speak_for(&mut rig, 200);
    rig.worker.command(rig.now, Command::StopRecord { leg: LEG });
    rig.worker.overrun(rig.now, RECORDING);
    rig.drain();
    assert_eq!(rig.recorded().map(|(end, _)| end), Some(RecordEnd::Overrun));
    assert_eq!(rig.audio.len(), 0);
}

#[test]
fn a_second_recording_ends_the_first() {
    let mut rig = Rig::agreed(session());
    rig.record(options());
    rig.command(Command::Record {
        leg: LEG,
        recording: RecordingId(6),
        options: options(),
    });
    assert_eq!(rig.recorded(), Some((RecordEnd::Stopped, 0)));
    assert_eq!(rig.worker.counts().recordings, 1);
}

#[test]
fn a_panic_in_one_leg_ends_that_leg_alone() {
    let mut rig = Rig::agreed(session());
    rig.record(options());
    rig.open(LegId(2), 10_002);
    rig.command(Command::Negotiated {
        leg: LegId(2),
        session: session(),
    });
    rig.network.0.lock().unwrap().panics_on = Some(Pair(0));
    rig.run(2_000);
    let closed = |event: &Event| matches!(event, Event::Closed { leg: LEG, .. });
    assert!(rig.events.iter().any(closed));
    assert_eq!(rig.recorded().map(|(end, _)| end), Some(RecordEnd::Overrun));
    assert_eq!(rig.worker.counts().legs, 1);
    assert_eq!(rig.sent(Stream::Rtp).len(), 2);
    rig.worker.close_all(rig.now);
    assert_eq!(rig.worker.counts(), Counts::default());
}

#[test]
fn nothing_is_heard_before_the_session_is_agreed() {
    let mut rig = Rig::new();
    rig.open(LEG, 10_000);
    rig.record(options());
    let mut peer = Peer::new(peer_address(), 1);
    peer.speak_for(&mut rig, 200);
    assert_eq!(rig.sent(Stream::Rtp).len() + rig.sent(Stream::Rtcp).len(), 0);
    rig.command(Command::Negotiated {
        leg: LEG,
        session: session(),
    });
    peer.said.clear();
    peer.speak_for(&mut rig, 200);
    rig.close();
    assert!(rig.audio == peer.said);
}

#[test]
fn a_recording_takes_little_memory() {
    // The piece of half a second and the jitter buffer at its fullest, beside the leg itself.
    let held = recorder::CHUNK_SAMPLES * 2 + limits::JITTER_BYTES;
    assert!(held <= 16_000, "{held}");
    assert!(
        std::mem::size_of::<leg::Leg>() <= 1_536,
        "{}",
        std::mem::size_of::<leg::Leg>()
    );
}

/// A thread over that network, with a clock that jumps, and what it tells, in its order.
fn thread(network: &Network, room: bool) -> (MediaThread, mpsc::Receiver<Told>) {
    let (events, told) = mpsc::channel();
    let audio = events.clone();
    let clock = AtomicU64::new(0);
    let thread = MediaThread::spawn(Parts {
        name: "media-test".into(),
        io: Box::new(network.clone()),
        rng: Rng::from_seed(3),
        clock: Box::new(move || Instant::from_millis(clock.fetch_add(7, Ordering::Relaxed))),
        on_event: Box::new(move |event| events.send(Told::Event(event)).unwrap()),
        on_audio: Box::new(move |chunk| {
            audio.send(Told::Audio(chunk.samples.len())).unwrap();
            room
        }),
    });
    (thread.unwrap(), told)
}

#[derive(Debug, PartialEq)]
enum Told {
    Event(Event),
    Audio(usize),
}

/// A leg that records, and is told to stop once its packets have been taken in.
fn record_on_a_thread(room: bool) -> Vec<Told> {
    let network = Network::default();
    let (thread, told) = thread(&network, room);
    let address = IpAddr::from([127, 0, 0, 1]);
    let send = |command| assert!(thread.send(command));
    send(Command::Open {
        leg: LEG,
        address,
        port: 10_000,
    });
    let opened = Event::Opened {
        leg: LEG,
        result: Ok(()),
    };
    assert_eq!(told.recv(), Ok(Told::Event(opened)));
    send(Command::Negotiated {
        leg: LEG,
        session: session(),
    });
    send(Command::Record {
        leg: LEG,
        recording: RECORDING,
        options: RecordOptions {
            limit: Duration::from_millis(100),
            ..options()
        },
    });
    // A report comes after the record command was obeyed; what is sent from then on is recorded.
    send(Command::Report { leg: LEG });
    assert!(matches!(told.recv(), Ok(Told::Event(Event::Report { .. }))));
    let mut rig = Rig::new();
    rig.network = network;
    let mut peer = Peer::new(peer_address(), 1);
    for _ in 0..5 {
        peer.speak(&mut rig, 160);
    }
    let mut heard: Vec<Told> = told.iter().take(2).collect();
    drop(thread);
    heard.extend(told.iter());
    assert_eq!(rig.network.0.lock().unwrap().open.len(), 0);
    heard
}

#[test]
fn a_thread_hands_over_audio_before_the_end_and_closes_when_dropped() {
    let heard = record_on_a_thread(true);
    assert_eq!(heard[0], Told::Audio(800));
    let Told::Event(Event::Recorded { end, samples, .. }) = &heard[1] else {
        panic!("{heard:?}");
    };
    assert_eq!((*end, *samples), (RecordEnd::Limit, 800));
    assert!(matches!(heard.last(), Some(Told::Event(Event::Closed { .. }))));
}

#[test]
fn a_thread_whose_audio_is_refused_tells_of_the_overrun() {
    let heard = record_on_a_thread(false);
    let overrun = |told: &Told| {
        matches!(
            told,
            Told::Event(Event::Recorded {
                end: RecordEnd::Overrun,
                ..
            })
        )
    };
    assert!(heard.iter().any(overrun), "{heard:?}");
}
