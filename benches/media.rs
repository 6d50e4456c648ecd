//! G.711, what one tick of a thousand legs costs without sockets, and what sockets add.
//!
//! `cargo bench --bench media` prints the time of a whole tick: divided by a thousand it is that of a leg, of
//! which a core has 20 ms to give away. A packet arrives for every leg in every tick, as on a live line.

// What criterion's macros make is public and without a word.
#![allow(missing_docs)]

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use obelus::codec::{Codec, FRAME_SAMPLES};
use obelus::media::io::portable::Portable;
use obelus::media::io::{Arrival, MediaIo, Pair, Stream};
use obelus::media::prompt::Prompt;
use obelus::media::worker::Worker;
use obelus::media::{Command, Direction, Event, LegId, PlayId, RecordOptions, RecordingId, Session, Sound};
use obelus::rng::Rng;
use obelus::rtp::packet::Header;
use obelus::time::{Duration, Instant};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use zeroize::Zeroizing;

const LEGS: u64 = 1_000;
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4_000);

/// A network on which every peer sends one packet a tick, and which forgets what it is given.
#[derive(Default)]
struct Peers {
    pairs: u32,
    speaking: bool,
    tick: u32,
}

impl MediaIo for Peers {
    fn open(&mut self, _address: IpAddr, _port: u16) -> std::io::Result<Pair> {
        self.pairs += 1;
        Ok(Pair(self.pairs - 1))
    }

    fn close(&mut self, _pair: Pair) {}

    fn receive(&mut self, now: Instant, each: &mut dyn FnMut(Arrival<'_>)) {
        if !self.speaking {
            return;
        }
        self.tick = self.tick.wrapping_add(1);
        let mut packet = [0x9a; 12 + FRAME_SAMPLES];
        for (index, byte) in packet.iter_mut().enumerate() {
            *byte = (index as u32).wrapping_mul(self.tick) as u8;
        }
        for pair in 0..self.pairs {
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: self.tick as u16,
                timestamp: self.tick.wrapping_mul(FRAME_SAMPLES as u32),
                ssrc: pair,
            };
            packet[..12].copy_from_slice(&header.to_bytes());
            each(Arrival {
                pair: Pair(pair),
                stream: Stream::Rtp,
                source: PEER,
                at: now,
                bytes: &packet,
            });
        }
    }

    fn send(&mut self, _now: Instant, _pair: Pair, _stream: Stream, _to: SocketAddr, bytes: &[u8]) {
        black_box(bytes);
    }
}

fn session(remote: SocketAddr) -> Session {
    Session {
        remote,
        remote_rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
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
        limit: Duration::from_secs(3_600),
        silence: None,
        terminators: "#".into(),
    }
}

/// What the legs of a measurement do.
#[derive(Clone, Copy)]
enum Load {
    /// Nothing: a silence frame a second, and nobody sends.
    Idle,
    /// Play a prompt, while the peer's packets are counted.
    Playing,
    /// Record the peer.
    Recording,
}

struct Ticks {
    worker: Worker,
    now: Instant,
}

impl Ticks {
    fn new(load: Load) -> Self {
        let io = Peers {
            speaking: !matches!(load, Load::Idle),
            ..Peers::default()
        };
        let mut worker = Worker::new(Box::new(io), Rng::from_seed(1));
        let now = Instant::from_secs(1);
        let prompt = Arc::new(Prompt::looping(vec![1_000; 8_000]));
        for id in 0..LEGS {
            let leg = LegId(id);
            let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
            worker.command(
                now,
                Command::Open {
                    leg,
                    address,
                    port: 0,
                },
            );
            let session = session(PEER);
            worker.command(now, Command::Negotiated { leg, session });
            let command = match load {
                Load::Idle => continue,
                Load::Playing => Command::Play {
                    leg,
                    play: PlayId(id),
                    sounds: vec![Sound::Prompt(prompt.clone())],
                    repeat: false,
                },
                Load::Recording => Command::Record {
                    leg,
                    recording: RecordingId(id),
                    options: options(),
                },
            };
            worker.command(now, command);
        }
        let mut ticks = Ticks { worker, now };
        for _ in 0..100 {
            ticks.tick(load);
        }
        ticks
    }

    fn tick(&mut self, load: Load) {
        self.now += Duration::from_millis(20);
        self.worker.tick(self.now);
        while let Some(chunk) = self.worker.poll_audio() {
            black_box(&chunk.samples);
        }
        while let Some(event) = self.worker.poll_event() {
            // An hour's recording ends; the leg begins the next.
            if let Event::Recorded { leg, recording, .. } = event {
                let options = options();
                if matches!(load, Load::Recording) {
                    let command = Command::Record {
                        leg,
                        recording,
                        options,
                    };
                    self.worker.command(self.now, command);
                }
            }
        }
    }
}

fn g711(c: &mut Criterion) {
    let mut group = c.benchmark_group("G.711, a frame of 20 ms");
    group.throughput(Throughput::Elements(FRAME_SAMPLES as u64));
    let samples: Vec<i16> = (0..FRAME_SAMPLES as i32)
        .map(|n| (n * 397 - 31_000) as i16)
        .collect();
    for codec in Codec::ALL {
        let mut encoded = Vec::with_capacity(FRAME_SAMPLES);
        group.bench_function(format!("encode {}", codec.name()), |b| {
            b.iter(|| {
                encoded.clear();
                codec.encode(black_box(&samples), &mut encoded);
                black_box(&encoded);
            });
        });
        let mut decoded = Zeroizing::new(Vec::with_capacity(FRAME_SAMPLES));
        group.bench_function(format!("decode {}", codec.name()), |b| {
            b.iter(|| {
                decoded.clear();
                codec.decode(black_box(&encoded), &mut decoded);
                black_box(&decoded);
            });
        });
    }
    group.finish();
}

fn tick(c: &mut Criterion) {
    let mut group = c.benchmark_group("a tick of 1,000 legs");
    group.throughput(Throughput::Elements(LEGS));
    for (name, load) in [
        ("idle", Load::Idle),
        ("playing", Load::Playing),
        ("recording", Load::Recording),
    ] {
        let mut ticks = Ticks::new(load);
        group.bench_function(name, |b| b.iter(|| ticks.tick(load)));
    }
    group.finish();
}

/// Callers who play to a switch that records them, over sockets on loopback: both sides' system calls, and the
/// kernel's work between.
fn loopback(c: &mut Criterion) {
    const CALLS: u64 = 200;
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mut now = Instant::from_secs(1);
    let side = |seed| {
        let mut worker = Worker::new(Box::new(Portable::new()), Rng::from_seed(seed));
        let mut ports = Vec::new();
        let mut free = (20_000..60_000).step_by(2);
        for id in 0..CALLS {
            let leg = LegId(id);
            loop {
                let port = free.next().expect("some ports are free");
                worker.command(now, Command::Open { leg, address, port });
                if matches!(worker.poll_event(), Some(Event::Opened { result: Ok(()), .. })) {
                    ports.push(port);
                    break;
                }
            }
        }
        (worker, ports)
    };
    let ((mut callers, caller_ports), (mut switch, switch_ports)) = (side(1), side(2));
    let prompt = Arc::new(Prompt::looping(vec![1_000; 8_000]));
    for (id, (caller, switched)) in (0..).zip(caller_ports.into_iter().zip(switch_ports)) {
        let leg = LegId(id);
        let session = |port| session(SocketAddr::new(address, port));
        callers.command(
            now,
            Command::Negotiated {
                leg,
                session: session(switched),
            },
        );
        switch.command(
            now,
            Command::Negotiated {
                leg,
                session: session(caller),
            },
        );
        let (play, sounds) = (PlayId(id), vec![Sound::Prompt(prompt.clone())]);
        let repeat = false;
        callers.command(
            now,
            Command::Play {
                leg,
                play,
                sounds,
                repeat,
            },
        );
        let (recording, options) = (RecordingId(id), options());
        switch.command(
            now,
            Command::Record {
                leg,
                recording,
                options,
            },
        );
    }
    let mut group = c.benchmark_group("a tick of 200 callers and 200 recordings over loopback");
    group.throughput(Throughput::Elements(CALLS));
    let mut heard = 0;
    for (name, both) in [("both sides", true), ("the callers alone", false)] {
        group.bench_function(name, |b| {
            b.iter(|| {
                now += Duration::from_millis(20);
                callers.tick(now);
                if both {
                    switch.tick(now);
                    while let Some(chunk) = switch.poll_audio() {
                        heard += chunk.samples.len();
                    }
                }
            });
        });
    }
    group.finish();
    assert!(heard > 0, "nothing was recorded");
}

criterion_group!(benches, g711, tick, loopback);
criterion_main!(benches);
