//! Recordings under faults: whatever happens at whichever step, what was sealed opens with the owner's key, what was
//! acknowledged is whole, and nothing is left over.

#[path = "common/fault_disk.rs"]
mod fault_disk;
#[path = "common/owner.rs"]
mod owner;

use fault_disk::{Fault, FaultDisk, Left};
use obelus::config::Config;
use obelus::federation::server::{self, Asker, Policy, Proof};
use obelus::memo::envelope;
use obelus::memo::journal;
use obelus::memo::key::MemoId;
use obelus::memo::link::LinkBase;
use obelus::memo::owner::OwnerSeed;
use obelus::memo::record::Encryption;
use obelus::memo::store::receipts::Reason;
use obelus::memo::store::Store;
use obelus::memo::token::AccessToken;
use obelus::memo::vault::{MemoMeta, StoredMemo, Vault, VaultCommand, VaultEvent};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use zeroize::Zeroizing;

const SECOND: usize = 8_000;

fn base() -> LinkBase {
    LinkBase::new("memo.example.org", None, true)
}

fn meta(mailbox: &str) -> MemoMeta {
    MemoMeta {
        mailbox: Some(mailbox.into()),
        from: "+15550100123".into(),
        call_id: Some("call-1".into()),
        ..MemoMeta::at(UNIX_EPOCH + Duration::from_secs(1_800_000_000))
    }
}

fn begin(recording: u64, mailbox: &str) -> VaultCommand {
    VaultCommand::Begin {
        recording,
        meta: Box::new(meta(mailbox)),
        copies: Vec::new(),
    }
}

fn finish(recording: u64, mailbox: &str) -> VaultCommand {
    VaultCommand::Finish {
        recording,
        meta: meta(mailbox),
    }
}

/// The samples of a recording from one on: each tells which recording it is of, and where it stands.
fn audio(recording: u64, from: usize, samples: usize) -> Zeroizing<Vec<i16>> {
    let sample = |at: usize| (at * 7 + recording as usize * 1_000) as i16;
    Zeroizing::new((from..from + samples).map(sample).collect())
}

fn append(recording: u64, from: usize, samples: usize) -> VaultCommand {
    VaultCommand::Append {
        recording,
        samples: audio(recording, from, samples),
    }
}

/// A store on a faulty disk, whose mailbox `main` has an owner.
struct Rig {
    folder: tempfile::TempDir,
    disk: FaultDisk,
    store: Store,
    vault: Vault,
    seed: OwnerSeed,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = FaultDisk::new(folder.path());
        let store = Store::open_on(folder.path(), Arc::new(disk.clone()), None).unwrap();
        let seed = owner::own(&store, "main");
        let vault = Vault::new(store.clone(), "memo.example.org".into(), base());
        Rig {
            folder,
            disk,
            store,
            vault,
            seed,
        }
    }

    fn commit(&mut self) -> Vec<VaultEvent> {
        let committed = self.vault.commit().run();
        self.vault.committed(committed)
    }

    /// Stops here, with that left of the disk, and starts again.
    fn restart(self, left: Left) -> (tempfile::TempDir, Store, OwnerSeed) {
        let Rig {
            folder,
            disk,
            store,
            vault,
            seed,
        } = self;
        drop((vault, store));
        disk.crash(left);
        let store = Store::open(folder.path()).unwrap();
        (folder, store, seed)
    }
}

/// How many files each of the store's folders has.
fn files(folder: &Path) -> (usize, usize) {
    let count = |name: &str| std::fs::read_dir(folder.join(name)).unwrap().count();
    (count("memos"), count("journals"))
}

/// The one that was stored.
fn stored(events: &[VaultEvent]) -> Option<&StoredMemo> {
    events.iter().find_map(|event| match event {
        VaultEvent::Stored { memo, .. } => Some(&**memo),
        _ => None,
    })
}

/// What is sure to be there of a recording.
#[derive(Clone, Copy, Default, Debug)]
struct Sure {
    /// Samples whose frames the operating system took.
    written: usize,
    /// Samples whose frames were told to be durable.
    synced: usize,
    /// It was told to be stored, whole, with that many samples.
    stored: Option<usize>,
    /// It was told to be deleted, or nobody wants it.
    gone: bool,
}

/// Two recordings, one that ends and is deleted, and one that goes on; and a third that is discarded. Tells what is sure
/// to be there at the end or at the fault.
fn run(rig: &mut Rig, id_of_first: &mut Option<MemoId>) -> [Sure; 3] {
    let mut sure = [Sure::default(); 3];
    let overrun = |events: &[VaultEvent]| {
        events
            .iter()
            .any(|event| matches!(event, VaultEvent::Overrun { .. }))
    };
    let steps: [(usize, &[u64]); 4] = [(0, &[0, 1, 2]), (1, &[0, 1, 2]), (2, &[1]), (3, &[1])];
    for (second, recordings) in steps {
        for &recording in recordings {
            let mut commands = Vec::new();
            if second == 0 {
                commands.push(begin(recording, "main"));
            }
            commands.push(append(recording, second * SECOND, SECOND / 2));
            commands.push(append(recording, second * SECOND + SECOND / 2, SECOND / 2));
            if overrun(&rig.vault.handle(commands)) {
                return sure;
            }
            sure[recording as usize].written = (second + 1) * SECOND;
        }
        if !rig.commit().is_empty() {
            return sure;
        }
        if rig.disk.has_stopped() {
            return sure;
        }
        for &recording in recordings {
            sure[recording as usize].synced = (second + 1) * SECOND;
        }
        match second {
            1 => {
                let events = rig
                    .vault
                    .handle(vec![append(0, 2 * SECOND, 777), finish(0, "main")]);
                let Some(memo) = stored(&events) else { return sure };
                *id_of_first = Some(memo.id);
                sure[0].stored = memo.complete.then_some(2 * SECOND + 777);
                rig.vault.handle(vec![VaultCommand::Discard { recording: 2 }]);
                sure[2] = Sure::default();
            }
            2 => {
                let Some(id) = id_of_first else { return sure };
                match rig.store.delete(id, Reason::Owner, UNIX_EPOCH) {
                    Ok(Some(_)) => sure[0].gone = true,
                    _ => {
                        // Half gone perhaps; nobody was told.
                        sure[0] = Sure::default();
                        return sure;
                    }
                }
                // The names of what was discarded and deleted are made durable with the next frames.
            }
            3 => sure[2].gone = true,
            _ => {}
        }
    }
    sure
}

/// Looks at all that is left after a restart.
fn check(folder: &Path, store: &Store, seed: &OwnerSeed, sure: &[Sure; 3], left: Left, what: &str) {
    let page = store.list(None, None, 100).unwrap();
    assert_eq!(files(folder), (page.records.len(), 0), "{what}: no orphan");
    assert_eq!(store.report().bodies_damaged, 0, "{what}");
    let mut found = [None; 3];
    for record in &page.records {
        let opened = owner::open(store, seed, record);
        let samples = owner::samples(&opened);
        let recording = samples[0] as u64 / 1_000;
        assert_eq!(
            samples,
            **audio(recording, 0, samples.len()),
            "{what}: what was said, from its beginning"
        );
        assert!(
            found[recording as usize].is_none(),
            "{what}: {recording} is there twice"
        );
        found[recording as usize] = Some((samples.len(), record.complete));
    }
    for (recording, (sure, found)) in sure.iter().zip(found).enumerate() {
        let least = match left {
            Left::Written => sure.written,
            Left::Synced | Left::Torn => sure.synced,
        };
        let length = found.map_or(0, |(length, _)| length);
        if sure.gone {
            assert_eq!(found, None, "{what}: {recording} came back");
        } else if let Some(whole) = sure.stored {
            assert_eq!(
                found,
                Some((whole, true)),
                "{what}: {recording} was told to be stored"
            );
        } else {
            assert!(
                length >= least,
                "{what}: {recording} has {length} samples of {least}"
            );
        }
    }
}

fn stop_at_each_step(left: Left) {
    for nth in 0.. {
        let mut rig = Rig::new();
        rig.disk.arm(nth, Fault::Stop);
        let mut first = None;
        let sure = run(&mut rig, &mut first);
        let stopped = rig.disk.has_stopped();
        let (folder, store, seed) = rig.restart(left);
        check(folder.path(), &store, &seed, &sure, left, &format!("step {nth}"));
        if !stopped {
            assert!(nth > 30, "{nth} steps");
            // What goes on is there as far as it was said.
            assert_eq!(store.count(), 1);
            return;
        }
    }
}

#[test]
fn a_kill_at_any_step_loses_no_frame_that_was_written() {
    stop_at_each_step(Left::Written);
}

#[test]
fn a_power_cut_at_any_step_loses_no_frame_that_was_synced() {
    stop_at_each_step(Left::Synced);
}

#[test]
fn a_power_cut_while_the_disk_writes_leaves_whole_frames() {
    stop_at_each_step(Left::Torn);
}

#[test]
fn an_interrupted_recovery_is_finished_by_the_next_start() {
    for left in [Left::Written, Left::Synced, Left::Torn] {
        for nth in 0.. {
            let mut rig = Rig::new();
            let commands = vec![
                begin(0, "main"),
                append(0, 0, 3 * SECOND + 5),
                begin(1, "main"),
                append(1, 0, SECOND),
                begin(2, "nobody"),
                append(2, 0, SECOND),
            ];
            rig.vault.handle(commands);
            rig.commit();
            // Half a frame at the end of one, as a kill within a write leaves it.
            for entry in std::fs::read_dir(rig.folder.path().join("journals")).unwrap() {
                use obelus::memo::store::disk::Disk as _;
                rig.disk.append(&entry.unwrap().path(), &[1, 2, 3]).unwrap();
            }
            let (disk, folder) = (rig.disk.clone(), rig.folder.path().to_owned());
            drop((rig.vault, rig.store));
            disk.arm(nth, Fault::Stop);
            let opened = Store::open_on(&folder, Arc::new(disk.clone()), None);
            let stopped = disk.has_stopped();
            drop(opened);
            disk.crash(left);
            let store = Store::open(&folder).unwrap();
            let sure = [
                Sure {
                    written: 3 * SECOND,
                    synced: 3 * SECOND,
                    ..Sure::default()
                },
                Sure {
                    written: SECOND,
                    synced: SECOND,
                    ..Sure::default()
                },
                Sure {
                    gone: true,
                    ..Sure::default()
                },
            ];
            check(
                &folder,
                &store,
                &rig.seed,
                &sure,
                left,
                &format!("{left:?}, step {nth}"),
            );
            if !stopped {
                assert!(nth > 8, "{nth} steps");
                break;
            }
        }
    }
}

#[test]
fn a_full_disk_at_any_step_ends_a_recording_and_keeps_what_is_sealed() {
    let mut told = 0;
    for nth in 0.. {
        let mut rig = Rig::new();
        rig.disk.arm(nth, Fault::Full);
        let mut events = Vec::new();
        let mut ended = false;
        let mut written = 0;
        events.extend(rig.vault.handle(vec![begin(0, "main")]));
        for second in 0..3 {
            ended |= events
                .iter()
                .any(|event| matches!(event, VaultEvent::Overrun { .. }));
            // The call stops the recording once it is told; what was on its way still comes.
            let piece = rig.vault.handle(vec![append(0, second * SECOND, SECOND)]);
            ended |= !piece.is_empty();
            events.extend(piece);
            if !ended {
                written = (second + 1) * SECOND;
            }
            events.extend(rig.commit());
        }
        let overruns = events
            .iter()
            .filter(|event| matches!(event, VaultEvent::Overrun { .. }));
        assert_eq!(overruns.count(), usize::from(ended), "step {nth}: told once");
        let events = rig
            .vault
            .handle(vec![append(0, 3 * SECOND, 123), finish(0, "main")]);
        let struck = rig.disk.disarm();
        let complete = match &events[..] {
            [VaultEvent::Stored { memo, .. }] => {
                let record = rig
                    .store
                    .get(&memo.id)
                    .unwrap()
                    .expect("a stored memo is in the index");
                assert_eq!(record.complete, memo.complete);
                assert!(record.complete || record.metadata.encryption == Encryption::Stream);
                let length = owner::samples(&owner::open(&rig.store, &rig.seed, &record)).len();
                assert!(length >= written, "step {nth}: {length} of {written}");
                assert_eq!(memo.seconds, length as f64 / SECOND as f64);
                memo.complete
            }
            [VaultEvent::Failed { .. }] => {
                assert_eq!(written, 0, "step {nth}: what is sealed is kept");
                false
            }
            other => panic!("step {nth}: {other:?}"),
        };
        told += usize::from(!complete);
        // There is room again: all goes on as if nothing had been.
        let events = rig
            .vault
            .handle(vec![begin(1, "main"), append(1, 0, 900), finish(1, "main")]);
        assert!(
            stored(&events).is_some_and(|memo| memo.complete),
            "step {nth}: {events:?}"
        );
        rig.commit();
        let (memos, journals) = files(rig.folder.path());
        assert_eq!((memos, journals), (rig.store.count(), 0), "step {nth}");
        if !struck {
            assert!(complete && told == nth, "step {nth}: {told} were cut");
            return;
        }
    }
}

#[test]
fn a_disk_that_fails_altogether_leaves_the_journal_to_the_next_start() {
    for (mailbox, kept) in [("main", 1), ("nobody", 0)] {
        let mut rig = Rig::new();
        rig.vault
            .handle(vec![begin(0, mailbox), append(0, 0, 2 * SECOND)]);
        rig.commit();
        rig.disk.arm(0, Fault::Stop);
        let events = rig.vault.handle(vec![finish(0, mailbox)]);
        assert!(matches!(&events[..], [VaultEvent::Failed { .. }]), "{events:?}");
        let (folder, store, seed) = rig.restart(Left::Written);
        assert_eq!((store.count(), files(folder.path())), (kept, (kept, 0)));
        for record in store.list(None, None, 10).unwrap().records {
            assert!(!record.complete);
            assert_eq!(
                owner::samples(&owner::open(&store, &seed, &record)).len(),
                2 * SECOND
            );
        }
    }
}

#[test]
fn a_sync_that_fails_ends_the_recordings_whose_audio_it_was_for() {
    let mut rig = Rig::new();
    rig.vault
        .handle(vec![begin(0, "main"), begin(1, "main"), append(0, 0, SECOND)]);
    rig.disk.arm(0, Fault::Once(io::ErrorKind::Other));
    let events = rig.commit();
    assert!(
        matches!(&events[..], [VaultEvent::Overrun { recording: 0 }]),
        "{events:?}"
    );
    // It is tried again: names that were not made durable are not forgotten.
    assert!(rig.vault.is_dirty());
    assert!(rig.commit().is_empty());
    assert!(!rig.vault.is_dirty());
    let events = rig
        .vault
        .handle(vec![append(1, 0, SECOND), finish(0, "main"), finish(1, "main")]);
    let complete: Vec<bool> = events
        .iter()
        .map(|event| match event {
            VaultEvent::Stored { memo, .. } => memo.complete,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(complete, [false, true]);
}

#[test]
fn a_thousand_recordings_cost_one_sync_a_second() {
    const RECORDINGS: u64 = 1_000;
    const SECONDS: usize = 2;
    let mut rig = Rig::new();
    rig.vault
        .handle((0..RECORDINGS).map(|n| begin(n, "nobody")).collect());
    let before = rig.disk.syncs();
    for second in 0..SECONDS {
        let pieces = (0..RECORDINGS)
            .map(|n| append(n, second * SECOND, SECOND))
            .collect();
        assert!(rig.vault.handle(pieces).is_empty());
        assert_eq!(rig.vault.commit_interval(), Duration::from_secs(1));
        assert!(rig.commit().is_empty());
    }
    assert_eq!(rig.disk.syncs() - before, SECONDS);
    // All that end together become memos with few syncs: their bodies, their names, and the index.
    let before = rig.disk.syncs();
    let events = rig
        .vault
        .handle((0..RECORDINGS).map(|n| finish(n, "nobody")).collect());
    let stored = events
        .iter()
        .filter(|event| matches!(event, VaultEvent::Stored { .. }));
    assert_eq!(stored.count() as u64, RECORDINGS);
    assert!(rig.commit().is_empty());
    assert_eq!(
        rig.disk.syncs() - before,
        4,
        "and one for the journals that are gone"
    );
    assert_eq!(files(rig.folder.path()), (RECORDINGS as usize, 0));
}

#[test]
fn few_recordings_are_synced_one_by_one_as_their_seconds_are_full() {
    let mut rig = Rig::new();
    rig.vault.handle(vec![begin(0, "main"), begin(1, "main")]);
    rig.commit();
    let before = rig.disk.syncs();
    rig.vault
        .handle(vec![append(0, 0, SECOND), append(1, 0, SECOND / 2)]);
    assert_eq!(rig.vault.commit_interval(), Duration::ZERO);
    rig.commit();
    assert_eq!(rig.disk.syncs() - before, 1, "only what has a new frame");
}

#[test]
fn a_memo_that_is_deleted_does_not_come_back_from_its_journal() {
    let mut rig = Rig::new();
    rig.vault.handle(vec![begin(0, "main"), append(0, 0, 2 * SECOND)]);
    rig.commit();
    let events = rig.vault.handle(vec![finish(0, "main")]);
    let id = stored(&events).unwrap().id;
    // The journal's removal is not durable yet.
    assert!(rig
        .store
        .delete(&id, Reason::Owner, UNIX_EPOCH)
        .unwrap()
        .is_some());
    let (folder, store, _) = rig.restart(Left::Synced);
    assert_eq!((store.count(), files(folder.path())), (0, (0, 0)));
}

#[test]
fn a_memo_whose_journal_is_still_there_is_not_doubled() {
    let mut rig = Rig::new();
    rig.vault.handle(vec![begin(0, "main"), append(0, 0, 2 * SECOND)]);
    rig.commit();
    let events = rig.vault.handle(vec![finish(0, "main")]);
    assert!(stored(&events).is_some());
    let (folder, store, seed) = rig.restart(Left::Synced);
    assert_eq!(store.report().journals_removed, 1);
    assert_eq!((store.count(), files(folder.path())), (1, (1, 0)));
    let record = store.list(None, None, 10).unwrap().records.remove(0);
    assert!(record.complete);
    assert_eq!(
        owner::samples(&owner::open(&store, &seed, &record)).len(),
        2 * SECOND
    );
}

#[test]
fn a_recording_that_was_cut_off_is_given_out_as_its_frames() {
    const SECONDS: usize = 5;
    let mut rig = Rig::new();
    rig.vault
        .handle(vec![begin(0, "main"), append(0, 0, SECONDS * SECOND)]);
    rig.commit();
    let (_folder, store, seed) = rig.restart(Left::Synced);
    let record = store.list(None, None, 10).unwrap().records.remove(0);
    assert_eq!(record.metadata.encryption, Encryption::Stream);
    let sealed = record.sealed_envelope.as_ref().unwrap();
    let key = envelope::open(&seed, &record.id, sealed).unwrap().key;
    let policy = Policy::new(&Config::default().federation);
    let proof = Proof::of_token(&AccessToken::derive(&key).to_text());
    let served = server::fetch(
        &store,
        Some(record.id),
        proof,
        &policy,
        &Asker::OwnPage,
        UNIX_EPOCH,
    );
    let mut ciphertext = served.unwrap().ciphertext;
    assert_eq!(ciphertext.bytes(), record.file_size_bytes);
    let mut frames = Vec::new();
    while let Some(piece) = ciphertext.piece().unwrap() {
        frames.extend(piece);
    }
    let opened = journal::open(&key, &record.encryption_iv, &frames).unwrap();
    assert!(!opened.complete);
    assert!(owner::samples(&opened.wav)[..] == audio(0, 0, SECONDS * SECOND)[..]);
}
