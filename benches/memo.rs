//! Sealing and opening against the cipher alone, and storing durably against a bare write and fsync of the same bytes.
//!
//! `cargo bench --bench memo` prints both; set `TMPDIR` to a folder of the disk that is to be measured.

// What criterion's macros make cannot be documented.
#![allow(missing_docs)]

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce};
use criterion::{criterion_group, criterion_main, BatchSize, Criterion, Throughput};
use obelus::federation::server::{self, Asker, Proof};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::record::Facts;
use obelus::memo::store::{NewMemo, Store};
use obelus::memo::{open, seal, wav};
use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// One minute of audio.
const SAMPLES: usize = 60 * 8_000;
/// Memos that finish in one batch, in the second of the measurements of the store.
const BATCH: usize = 16;

fn audio(samples: usize) -> Zeroizing<Vec<u8>> {
    wav::encode(vec![Zeroizing::new(vec![1_234; samples])])
}

fn ciphers(c: &mut Criterion) {
    let mut group = c.benchmark_group("one minute of audio");
    group.throughput(Throughput::Bytes(audio(SAMPLES).len() as u64));
    group.bench_function("seal", |b| {
        b.iter_batched(|| audio(SAMPLES), seal::seal, BatchSize::LargeInput);
    });
    let (sealed, key) = seal::seal(audio(SAMPLES));
    group.bench_function("open", |b| {
        b.iter_batched(
            || sealed.ciphertext().to_vec(),
            |ciphertext| open::open(&key, sealed.iv(), ciphertext),
            BatchSize::LargeInput,
        );
    });
    let cipher = Aes256Gcm::new(&[7; 32].into());
    group.bench_function("aes-gcm alone, encrypting", |b| {
        b.iter_batched(
            || audio(SAMPLES),
            |mut audio| {
                let tag =
                    cipher.encrypt_inout_detached(&Nonce::from([1; 12]), b"", InOutBuf::from(&mut audio[..]));
                black_box(tag.map(|_| audio))
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
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

fn storing(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("data")).expect("a store");
    let samples = 15 * 8_000;
    let mut group = c.benchmark_group("fifteen seconds of audio, durable");
    group.sample_size(20);
    group.throughput(Throughput::Elements(1));
    group.bench_function("one memo", |b| {
        b.iter_batched(
            || vec![new_memo(samples)],
            |batch| store.insert(batch),
            BatchSize::LargeInput,
        );
    });
    let bytes = new_memo(samples).sealed.ciphertext().to_vec();
    let mut count = 0_u64;
    group.bench_function("write and fsync of the same bytes", |b| {
        b.iter(|| {
            count += 1;
            let mut file = File::create(folder.path().join(count.to_string())).expect("a file");
            file.write_all(&bytes)
                .and_then(|()| file.sync_all())
                .expect("room on the disk");
        });
    });
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("sixteen memos in one batch", |b| {
        b.iter_batched(
            || (0..BATCH).map(|_| new_memo(samples)).collect(),
            |batch: Vec<NewMemo>| store.insert(batch),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

/// A stranger must not learn from the time of an answer whether a memo exists.
fn refusing(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("data")).expect("a store");
    let known = new_memo(800);
    let id = known.sealed.id();
    assert!(store.insert(vec![known]).iter().all(Result::is_ok));
    let proof = Proof::of_key(&MemoKey::generate().to_text());
    let now = SystemTime::now();
    let mut group = c.benchmark_group("refusing");
    for (name, id) in [("wrong key", id), ("unknown memo", MemoId::generate())] {
        group.bench_function(name, |b| {
            b.iter(|| server::verify(&store, Some(black_box(id)), proof, Asker::UnsignedPeer, now).is_err());
        });
    }
    group.finish();
}

criterion_group!(benches, ciphers, storing, refusing);
criterion_main!(benches);
