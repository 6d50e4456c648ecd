//! Sealing and opening against the cipher alone, and storing durably against a bare write and fsync of the same bytes.
//!
//! `cargo bench --bench memo` prints both; set `TMPDIR` to a folder of the disk that is to be measured.

// What criterion's macros make cannot be documented.
#![allow(missing_docs)]

#[path = "common/loopback.rs"]
mod loopback;

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use obelus::config::Config;
use obelus::federation::server::{self, Asker, Policy, Proof};
use obelus::memo::journal::{self, JournalWriter};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::LinkBase;
use obelus::memo::record::Facts;
use obelus::memo::store::{NewMemo, Store};
use obelus::memo::token::AccessToken;
use obelus::memo::vault::{MemoMeta, Vault, VaultCommand};
use obelus::memo::{open, seal, wav};
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant, SystemTime};
use zeroize::Zeroizing;

/// One minute of audio.
const SAMPLES: usize = 60 * 8_000;
/// Recordings that go on at once.
const RECORDINGS: u64 = 1_000;
/// Answers of each kind of refusal.
const ANSWERS: usize = 10_000;
/// Memos that finish in one batch, in the second of the measurements of the store.
const BATCH: usize = 16;

fn audio(samples: usize) -> Zeroizing<Vec<u8>> {
    wav::encode(vec![Zeroizing::new(vec![1_234; samples])])
}

/// Runs each of them in turn, so that what else the machine does falls on all alike; gives their medians.
fn medians<const N: usize>(rounds: usize, mut runs: [&mut dyn FnMut() -> Duration; N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..rounds {
        for (times, run) in times.iter_mut().zip(&mut runs) {
            times.push(run());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[rounds / 2]
    })
}

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let result = run();
    let time = start.elapsed();
    drop(black_box(result));
    time
}

fn ciphers(_: &mut Criterion) {
    let (sealed, key) = seal::seal(audio(SAMPLES));
    let cipher = Aes256Gcm::new(&[7; 32].into());
    let [seal, open, alone] = medians(
        201,
        [
            &mut || {
                let audio = audio(SAMPLES);
                timed(|| seal::seal(audio))
            },
            &mut || {
                let ciphertext = sealed.ciphertext().to_vec();
                timed(|| open::open(&key, sealed.iv(), ciphertext))
            },
            &mut || {
                let mut audio = audio(SAMPLES);
                timed(|| {
                    let audio = InOutBuf::from(&mut audio[..]);
                    cipher.encrypt_inout_detached(&Nonce::from([1; 12]), b"", audio)
                })
            },
        ],
    );
    let bytes = audio(SAMPLES).len() as f64;
    for (name, time) in [("seal", seal), ("open", open), ("AES-GCM alone", alone)] {
        let seconds = time.as_secs_f64();
        println!(
            "one minute of audio, {name}: {:.0} MB/s, {:.2} of AES-GCM alone",
            bytes / seconds / 1e6,
            alone.as_secs_f64() / seconds
        );
    }
}

fn new_memo(samples: usize) -> NewMemo {
    let (sealed, _) = seal::seal(audio(samples));
    NewMemo {
        sealed,
        facts: Facts {
            mailbox: Some("main".into()),
            trunk: Some("line".into()),
            call_id: Some("00000000-0000-0000-0000-000000000000".into()),
            ..Facts::at(
                "memo.example.org",
                SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
            )
        },
    }
}

fn storing(_: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("data")).expect("a store");
    let samples = 15 * 8_000;
    let bytes = new_memo(samples).sealed.ciphertext().to_vec();
    let mut count = 0_u64;
    let store_many = |memos: usize| {
        let batch: Vec<NewMemo> = (0..memos).map(|_| new_memo(samples)).collect();
        timed(|| {
            let stored = store.insert(batch);
            assert!(stored.iter().all(Result::is_ok));
        })
    };
    let [one, bare, many] = medians(
        101,
        [
            &mut || store_many(1),
            &mut || {
                count += 1;
                let path = folder.path().join(count.to_string());
                timed(|| {
                    let mut file = File::create(path).expect("a file");
                    file.write_all(&bytes)
                        .and_then(|()| file.sync_all())
                        .expect("room on the disk");
                })
            },
            &mut || store_many(BATCH),
        ],
    );
    for (name, memos, time) in [
        ("one memo at a time", 1, one),
        ("write and fsync of the same bytes", 1, bare),
        ("sixteen memos in one batch", BATCH, many),
    ] {
        println!(
            "fifteen seconds of audio, durable, {name}: {:.0} a second",
            memos as f64 / time.as_secs_f64()
        );
    }
}

/// What a second of audio costs on its way into a journal, and back.
fn journals(c: &mut Criterion) {
    let key = MemoKey::generate();
    let samples = vec![1_234_i16; SAMPLES];
    let mut group = c.benchmark_group("one minute of audio as a stream");
    group.throughput(Throughput::Bytes(2 * SAMPLES as u64));
    let write = || {
        let mut writer = JournalWriter::new(&key, &[3; 12]);
        let mut frames = Vec::with_capacity(2 * SAMPLES + SAMPLES / 100);
        for mut piece in samples.chunks(4_000) {
            while !piece.is_empty() {
                frames.extend_from_slice(writer.push(&mut piece).unwrap_or_default());
            }
        }
        frames
    };
    group.bench_function("seal", |b| b.iter(write));
    let frames = write();
    group.bench_function("open", |b| b.iter(|| journal::open(&key, &[3; 12], &frames)));
    group.finish();

    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("data")).expect("a store");
    let base = LinkBase::new("memo.example.org", None, true);
    let mut vault = Vault::new(store, "memo.example.org".into(), base);
    let command = |recording| VaultCommand::Begin {
        recording,
        meta: Box::new(MemoMeta::at(SystemTime::UNIX_EPOCH)),
        copies: Vec::new(),
    };
    vault.handle((0..RECORDINGS).map(command).collect());
    let mut group = c.benchmark_group("a second of 1,000 recordings");
    group.sample_size(20);
    group.throughput(Throughput::Elements(RECORDINGS));
    let second = || {
        (0..RECORDINGS)
            .map(|recording| VaultCommand::Append {
                recording,
                samples: Zeroizing::new(vec![1_234; 8_000]),
            })
            .collect::<Vec<_>>()
    };
    // Seconds that nobody discards fill the disk: what is measured is a second, not an hour.
    let mut begun = 0;
    let mut anew = |vault: &mut Vault| {
        begun += 1;
        if begun % 30 == 0 {
            let discard = |recording| VaultCommand::Discard { recording };
            vault.handle((0..RECORDINGS).map(discard).collect());
            vault.handle((0..RECORDINGS).map(command).collect());
        }
        second()
    };
    group.bench_function("sealed and appended", |b| {
        b.iter_custom(|rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                let commands = anew(&mut vault);
                let start = Instant::now();
                black_box(vault.accept(commands));
                time += start.elapsed();
                vault.commit().run();
            }
            time
        });
    });
    group.bench_function("made durable", |b| {
        b.iter_custom(|rounds| {
            let mut time = Duration::ZERO;
            for _ in 0..rounds {
                let commands = anew(&mut vault);
                vault.accept(commands);
                let start = Instant::now();
                vault.commit().run();
                time += start.elapsed();
            }
            time
        });
    });
    group.finish();
    let mut group = c.benchmark_group("from hang-up to a durable memo, fifteen seconds of audio");
    group.sample_size(20);
    for batch in [1, BATCH as u64] {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(format!("{batch} at once"), |b| {
            b.iter_custom(|rounds| {
                let mut time = Duration::ZERO;
                for _ in 0..rounds {
                    let numbers = RECORDINGS..RECORDINGS + batch;
                    let recorded = numbers.clone().flat_map(|recording| {
                        let samples = Zeroizing::new(vec![1_234; 15 * 8_000]);
                        [command(recording), VaultCommand::Append { recording, samples }]
                    });
                    vault.accept(recorded.collect());
                    vault.commit().run();
                    let finish = |recording| VaultCommand::Finish {
                        recording,
                        meta: MemoMeta::at(SystemTime::UNIX_EPOCH),
                    };
                    let ends = numbers.map(finish).collect();
                    let start = Instant::now();
                    black_box(vault.handle(ends));
                    time += start.elapsed();
                }
                time
            });
        });
    }
    group.finish();
}

/// A stranger must not learn from the time of an answer whether a memo exists: the medians of 10,000 answers of each kind,
/// one of the one and one of the other in turn, so that whatever else the machine does befalls both.
fn refusing(_: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("data")).expect("a store");
    let known: Vec<NewMemo> = (0..64).map(|_| new_memo(80)).collect();
    let ids: Vec<MemoId> = known.iter().map(|memo| memo.sealed.id()).collect();
    assert!(store.insert(known).iter().all(Result::is_ok));
    let key = MemoKey::generate();
    let (of_key, of_token) = (
        Proof::of_key(&key.to_text()),
        Proof::of_token(&AccessToken::derive(&key).to_text()),
    );
    let policy = Policy::new(&Config::default().federation);
    let now = SystemTime::now();
    for (name, proof, asker) in [
        ("by key", of_key, Asker::UnsignedPeer),
        ("by token", of_token, Asker::OwnPage),
    ] {
        let time = |id: MemoId| {
            let start = Instant::now();
            let refused = server::fetch(&store, Some(black_box(id)), proof, &policy, &asker, now).is_err();
            let time = start.elapsed();
            assert!(refused);
            time.as_nanos()
        };
        compared(name, in_turns(&ids, time));
    }

    let address = loopback::serve(store);
    let mut connection = loopback::Connection::open(address);
    let token = AccessToken::derive(&key).to_text();
    let time = |id: MemoId| {
        let request = loopback::Connection::request(&format!("/voice/{id}/audio"), &token);
        let start = Instant::now();
        let (status, _) = connection.ask(&request);
        let time = start.elapsed();
        assert_eq!(status, 404);
        time.as_nanos()
    };
    compared("over HTTP on loopback", in_turns(&ids, time));
}

/// Times of the refusals of known memos and of unknown ones. Whoever comes second finds the caches warmer: each does in its
/// turn.
fn in_turns(known: &[MemoId], mut time: impl FnMut(MemoId) -> u128) -> (Vec<u128>, Vec<u128>) {
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    for turn in 0..ANSWERS {
        let stranger = MemoId::generate();
        // In no order either: a processor learns one that comes again, and then goes faster there.
        let known = known[usize::from(stranger.as_bytes()[1]) % known.len()];
        if turn % 2 == 0 {
            wrong.push(time(known));
            unknown.push(time(stranger));
        } else {
            unknown.push(time(stranger));
            wrong.push(time(known));
        }
    }
    (wrong, unknown)
}

fn compared(name: &str, (wrong, unknown): (Vec<u128>, Vec<u128>)) {
    let median = |mut times: Vec<u128>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    let (wrong, unknown) = (median(wrong), median(unknown));
    let apart = (wrong as f64 / unknown as f64 - 1.0) * 100.0;
    println!("refusing {name}, medians of {ANSWERS}: wrong key {wrong} ns, unknown memo {unknown} ns, {apart:+.1} %");
}

criterion_group!(benches, ciphers, journals, storing, refusing);
criterion_main!(benches);
