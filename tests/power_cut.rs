//! A power cut, as far as a machine can show it without one: a store on a file system of its own, whose image is copied
//! while the program that writes to it is stopped. What was not synced is not in the image. The copy is mounted, its
//! journal replayed, and the store opened.
//!
//! Only root may mount; elsewhere the test says so and is left out. `tests/memo_journal.rs` shows the same on a modelled
//! disk, at every step.

#[path = "common/mount.rs"]
mod mount;
#[path = "common/owner.rs"]
mod owner;

use mount::{run, Mounted};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use obelus::memo::key::MemoId;
use obelus::memo::link::LinkBase;
use obelus::memo::owner::OwnerSeed;
use obelus::memo::store::receipts::{Issuer, Reason};
use obelus::memo::store::{Store, StoreError};
use obelus::memo::vault::{MemoMeta, Vault, VaultCommand, VaultEvent};
use obelus::rng::Rng;
use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use zeroize::Zeroizing;

/// Where the second copy of this program finds its store, and the name of its round.
const STORE: &str = "OBELUS_TEST_POWER_STORE";
const ROUND: &str = "OBELUS_TEST_POWER_ROUND";
const NAME: &str = "what_was_acknowledged_outlives_a_power_cut";
const ROUNDS: u64 = 12;
const SECOND: usize = 8_000;
/// Recordings at once: more than are synced one by one.
const RECORDINGS: u64 = 7;

fn audio(from: usize, samples: usize) -> Zeroizing<Vec<i16>> {
    Zeroizing::new((from..from + samples).map(|at| (at * 7) as i16).collect())
}

fn meta(call_id: &str) -> MemoMeta {
    MemoMeta {
        mailbox: Some("main".into()),
        call_id: Some(call_id.to_owned()),
        ..MemoMeta::at(UNIX_EPOCH)
    }
}

/// What the second copy does until it is stopped: recordings that begin, go on, end, are kept or discarded, and memos
/// that are deleted. It tells what it was told, each time in one write.
fn record_for_ever(folder: &Path, round: &str) {
    let store = Store::open(folder).unwrap();
    let base = LinkBase::new("memo.example.org", None, true);
    sign_receipts(&store);
    let mut vault = Vault::new(store.clone(), "memo.example.org".into(), base);
    let mut out = std::io::stdout().lock();
    let mut rng = Rng::from_seed(round.parse().unwrap());
    // The number of each recording that goes on, and its samples.
    let mut going: HashMap<u64, usize> = HashMap::new();
    let mut last = 0;
    loop {
        let mut commands = Vec::new();
        let mut tell = String::new();
        while (going.len() as u64) < RECORDINGS {
            last += 1;
            going.insert(last, 0);
            commands.push(VaultCommand::Begin {
                recording: last,
                meta: Box::new(meta(&format!("{round}-{last}"))),
                copies: Vec::new(),
            });
        }
        for (recording, samples) in &mut going {
            let more = SECOND / 2 * rng.below(4) as usize;
            commands.push(VaultCommand::Append {
                recording: *recording,
                samples: audio(*samples, more),
            });
            *samples += more;
        }
        assert!(vault.handle(commands).is_empty());
        let committed = vault.commit().run();
        assert!(vault.committed(committed).is_empty());
        for (recording, samples) in &going {
            tell += &format!("synced {round}-{recording} {}\n", samples / SECOND * SECOND);
        }
        out.write_all(tell.as_bytes()).unwrap();
        let enders: Vec<u64> = going
            .iter()
            .filter(|(_, samples)| **samples > 4 * SECOND)
            .map(|(recording, _)| *recording)
            .collect();
        for recording in enders {
            let samples = going.remove(&recording).unwrap();
            let call_id = format!("{round}-{recording}");
            let command = match rng.below(4) {
                0 => VaultCommand::Discard { recording },
                _ => VaultCommand::Finish {
                    recording,
                    meta: meta(&call_id),
                },
            };
            // What is on its way may be there or not, but is whole.
            out.write_all(format!("ends {call_id}\n").as_bytes()).unwrap();
            for event in vault.handle(vec![command]) {
                let VaultEvent::Stored { memo, .. } = event else {
                    panic!("{event:?}")
                };
                out.write_all(
                    format!("stored {call_id} {samples}\nnamed {} {call_id}\n", memo.id).as_bytes(),
                )
                .unwrap();
                if rng.below(3) == 0 {
                    out.write_all(format!("deletes {call_id}\n").as_bytes()).unwrap();
                    store.delete(&memo.id, Reason::Owner, UNIX_EPOCH).unwrap();
                    out.write_all(format!("deleted {call_id}\n").as_bytes()).unwrap();
                }
            }
        }
    }
}

/// Deletions leave receipts from now on.
fn sign_receipts(store: &Store) {
    store.set_issuer(Issuer {
        domain: "memo.example.org".into(),
        sign: Arc::new(|_| ("key".into(), [7; 64])),
    });
}

/// What the second copies told.
#[derive(Default)]
struct Told {
    /// The memos that were stored, each with the call that it is of.
    named: HashMap<MemoId, String>,
    synced: HashMap<String, usize>,
    stored: HashMap<String, usize>,
    deleted: HashSet<String>,
}

impl Told {
    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The test harness prints words of its own before the first line.
        for (at, word) in words.iter().enumerate() {
            let name = |offset: usize| words.get(at + offset).map(|word| (*word).to_owned());
            let number = || words[at + 2].parse::<usize>().unwrap();
            match (*word, name(1)) {
                ("synced", Some(name)) => drop(self.synced.insert(name, number())),
                ("ends", Some(name)) => drop(self.synced.remove(&name)),
                ("stored", Some(name)) => drop(self.stored.insert(name, number())),
                ("named", Some(id)) => drop(self.named.insert(id.parse().unwrap(), words[at + 2].to_owned())),
                ("deletes", Some(name)) => drop(self.stored.remove(&name)),
                ("deleted", Some(name)) => drop(self.deleted.insert(name)),
                _ => {}
            }
        }
    }
}

fn check(folder: &Path, seed: &OwnerSeed, told: &Told, round: u64) {
    let store = Store::open(folder).unwrap();
    let count = |name: &str| std::fs::read_dir(folder.join(name)).unwrap().count();
    let page = store.list(None, None, 1_000_000).unwrap();
    assert_eq!(store.report().bodies_damaged, 0, "round {round}");
    assert_eq!(
        (count("memos"), count("journals")),
        (page.records.len(), 0),
        "round {round}: no orphan"
    );
    let mut there = HashMap::new();
    for record in &page.records {
        let name = record.metadata.call_id.clone().unwrap();
        let samples = owner::samples(&owner::open(&store, seed, record));
        assert_eq!(
            samples,
            **audio(0, samples.len()),
            "round {round}, {name}: what was said"
        );
        let before = there.insert(name.clone(), (samples.len(), record.complete));
        assert!(before.is_none(), "round {round}, {name}: there twice");
    }
    for (name, samples) in &told.stored {
        assert_eq!(
            there.get(name),
            Some(&(*samples, true)),
            "round {round}, {name}: acknowledged"
        );
    }
    for (name, samples) in &told.synced {
        let length = there.get(name).map_or(0, |(length, _)| *length);
        assert!(
            length >= *samples,
            "round {round}, {name}: {length} of {samples} synced samples"
        );
    }
    for name in &told.deleted {
        assert!(!there.contains_key(name), "round {round}, {name}: came back");
    }
    // A memo is there, or it has a receipt: never both, and neither only where it was not told to be stored.
    for (id, name) in &told.named {
        let receipt = store.receipt(id).unwrap();
        let what = format!("round {round}, {name}: {receipt:?}");
        assert!(receipt.is_none() || !there.contains_key(name), "{what}");
        assert!(receipt.is_some() || there.contains_key(name), "{what}");
    }
}

#[test]
fn what_was_acknowledged_outlives_a_power_cut() {
    if let (Some(folder), Ok(round)) = (std::env::var_os(STORE), std::env::var(ROUND)) {
        record_for_ever(Path::new(&folder), &round);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    std::fs::File::create(&image).unwrap().set_len(256 << 20).unwrap();
    let made = run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), image.as_os_str()]);
    let mounted = made
        .then(|| Mounted::new(&image, folder.path().join("disk")))
        .flatten();
    let Some(disk) = mounted else {
        println!("left out: this machine does not let a test mount a file system");
        return;
    };
    let data = disk.path().join("data");
    let seed = owner::own(&Store::open(&data).unwrap(), "main");
    let mut told = Told::default();
    let mut rng = Rng::from_seed(4);
    for round in 0..ROUNDS {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--nocapture", "--exact", NAME])
            .env(STORE, &data)
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        for _ in 0..20 + rng.below(150) {
            told.take(&lines.next().expect("the second copy records").unwrap());
        }
        let mut idle = Rng::from_seed(round);
        for _ in 0..rng.below(300_000) {
            std::hint::black_box(idle.u64());
        }
        let pid = Pid::from_raw(i32::try_from(process.id()).unwrap());
        kill(pid, Signal::SIGSTOP).unwrap();
        let copy = folder.path().join("copy");
        std::fs::copy(&image, &copy).unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        // What was in the pipe was told before the cut too.
        for line in lines {
            told.take(&line.unwrap());
        }
        let after =
            Mounted::new(&copy, folder.path().join("after")).expect("the file system replays its journal");
        check(&after.path().join("data"), &seed, &told, round);
        drop(after);
        // The disk itself has all that was written: what went on is an incomplete memo there from now on.
        let whole = Store::open(&data).unwrap();
        told.synced.clear();
        drop(whole);
    }
    assert!(!told.stored.is_empty() && !told.deleted.is_empty());
    println!(
        "{} memos stored and {} deleted in {ROUNDS} power cuts",
        told.stored.len(),
        told.deleted.len()
    );
}

#[test]
fn a_disk_that_is_really_full_ends_a_recording_and_keeps_what_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Mounted::of_size(20 << 20, folder.path().join("disk")) else {
        println!("left out: this machine does not let a test mount a file system");
        return;
    };
    let data = disk.path().join("data");
    let store = Store::open(&data).unwrap();
    let seed = owner::own(&store, "main");
    let base = LinkBase::new("memo.example.org", None, true);
    let mut vault = Vault::new(store.clone(), "memo.example.org".into(), base);
    let begin = |recording: u64| VaultCommand::Begin {
        recording,
        meta: Box::new(meta(&format!("call-{recording}"))),
        copies: Vec::new(),
    };
    vault.handle(vec![begin(1), begin(2)]);
    let mut seconds = [0; 2];
    let mut ended = [false; 2];
    // Until neither finds room; a quarter of an hour is more than the disk holds.
    for _ in 0..900 {
        for recording in 1..=2 {
            let at = recording as usize - 1;
            let samples = audio(seconds[at] * SECOND, SECOND);
            let events = vault.handle(vec![VaultCommand::Append { recording, samples }]);
            assert!(events.len() <= usize::from(!ended[at]), "told once: {events:?}");
            ended[at] |= !events.is_empty();
            seconds[at] += usize::from(!ended[at]);
        }
        let committed = vault.commit().run();
        for event in vault.committed(committed) {
            ended[event.recording() as usize - 1] = true;
        }
    }
    assert!(ended == [true; 2] && seconds[0] > 30, "{ended:?} {seconds:?}");
    let finish = |recording: u64| VaultCommand::Finish {
        recording,
        meta: meta(&format!("call-{recording}")),
    };
    // There is room for what is little, but not to write either of them once more.
    let events = vault.handle(vec![begin(3)]);
    assert!(
        matches!(&events[..], [VaultEvent::Overrun { recording: 3 }]),
        "{events:?}"
    );
    let events = vault.handle(vec![finish(1), finish(2), finish(3)]);
    for event in &events {
        match event {
            VaultEvent::Stored { memo, .. } => assert!(!memo.complete),
            VaultEvent::Failed { recording: 3, .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let whole = |store: &Store| {
        let page = store.list(None, None, 10).unwrap();
        assert_eq!(page.records.len(), 2);
        for record in &page.records {
            assert!(!record.complete);
            let at = usize::from(record.metadata.call_id.as_deref() == Some("call-2"));
            let samples = owner::samples(&owner::open(store, &seed, record));
            let said = audio(0, samples.len());
            // What was told to have no room any more may be in the journal, and is no loss.
            assert!(samples == **said && samples.len() >= seconds[at] * SECOND);
        }
        assert_eq!(std::fs::read_dir(data.join("journals")).unwrap().count(), 0);
        page.records[0].id
    };
    let id = whole(&store);
    // Somebody else takes the last byte: what cannot be written is refused, and all goes on when there is room again.
    // The index itself must not be in the middle of a write, as it then goes on only after a new start.
    store.sync().unwrap();
    let filler = disk.path().join("filler");
    let fills = std::fs::File::create(&filler).and_then(|mut file| {
        let block = [1; 4_096];
        while file.write(&block)? > 0 {}
        Ok(())
    });
    assert!(fills.is_err());
    let full = store.count_access(&id, UNIX_EPOCH);
    assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
    std::fs::remove_file(&filler).unwrap();
    assert!(store.count_access(&id, UNIX_EPOCH).unwrap());
    drop((vault, store));
    let store = Store::open(&data).unwrap();
    whole(&store);
    // And with room for them, recordings too.
    store.delete(&id, Reason::Owner, UNIX_EPOCH).unwrap();
    let mut vault = Vault::new(store.clone(), "a".into(), LinkBase::new("a", None, true));
    let samples = audio(0, SECOND);
    let append = VaultCommand::Append {
        recording: 4,
        samples,
    };
    let events = vault.handle(vec![begin(4), append, finish(4)]);
    let [VaultEvent::Stored { memo, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert!(memo.complete);
}
