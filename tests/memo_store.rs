//! The store under faults: whatever happens at whichever step, a memo is whole or absent, and one that was
//! acknowledged is whole.

#[path = "common/fault_disk.rs"]
mod fault_disk;

use fault_disk::{Fault, FaultDisk, Left};
use obelus::memo::envelope::{self, Contents};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::{Link, LinkBase};
use obelus::memo::open;
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::{Facts, Source};
use obelus::memo::seal;
use obelus::memo::store::receipts::{Issuer, Reason};
use obelus::memo::store::retention::Retention;
use obelus::memo::store::staging::{self, Staging};
use obelus::memo::store::telephone::Locked;
use obelus::memo::store::{NewMemo, Store, StoreError};
use obelus::memo::telephone::code::{Locator, MemoCode, Proof};
use obelus::memo::telephone::lock::TelephoneLock;
use obelus::memo::wav;
use sha2::Digest as _;
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

fn time(secs: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + secs)
}

fn facts(secs: u64) -> Facts {
    Facts {
        mailbox: Some("main".into()),
        trunk: Some("line".into()),
        call_id: Some("call-1".into()),
        ..Facts::at("memo.example.org", time(secs))
    }
}

/// A memo of `samples` samples.
fn memo(samples: usize, secs: u64) -> (NewMemo, MemoKey) {
    let audio = (0..samples).map(|n| n as i16).collect::<Vec<_>>();
    let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(audio)]));
    let facts = facts(secs);
    (NewMemo { sealed, facts }, key)
}

fn insert_one(store: &Store, secs: u64) -> (MemoId, MemoKey) {
    let (new, key) = memo(800, secs);
    let id = new.sealed.id();
    store.insert(vec![new]).remove(0).expect("the disk works");
    (id, key)
}

/// Every memo of the store has a body that opens with its key, and every body has a record.
fn assert_whole(store: &Store, folder: &Path, keys: &HashMap<MemoId, MemoKey>) {
    let page = store.list(None, None, 1_000).unwrap();
    for record in &page.records {
        let ciphertext = store.ciphertext(&record.id).unwrap();
        assert_eq!(ciphertext.len() as u64, record.file_size_bytes);
        open::open(&keys[&record.id], &record.encryption_iv, ciphertext).expect("the memo opens");
    }
    let mut names: Vec<String> = std::fs::read_dir(folder.join("memos"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut ids: Vec<String> = page.records.iter().map(|record| record.id.to_string()).collect();
    names.sort();
    ids.sort();
    assert_eq!(names, ids, "bodies and records agree");
}

fn open_faulty(folder: &Path) -> (Store, FaultDisk) {
    let disk = FaultDisk::new(folder);
    let store = Store::open_on(folder, Arc::new(disk.clone()), None).unwrap();
    (store, disk)
}

/// The index itself, as soon as sled's own threads have let go of it after it was closed.
fn open_index(path: &Path) -> sled::Db {
    loop {
        match sled::open(path) {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                std::thread::yield_now();
            }
            opened => return opened.unwrap(),
        }
    }
}

#[test]
fn what_was_stored_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (id, key) = insert_one(&Store::open(folder.path()).unwrap(), 1);
    let store = Store::open(folder.path()).unwrap();
    let record = store.get(&id).unwrap().unwrap();
    assert_eq!(record.created_at.to_time(), time(1));
    assert_eq!(record.metadata.call_id.as_deref(), Some("call-1"));
    assert_eq!(record.duration(), Some(Duration::from_millis(100)));
    let audio = open::open(&key, &record.encryption_iv, store.ciphertext(&id).unwrap()).unwrap();
    assert_eq!(audio.len(), 44 + 1_600);
    assert_eq!(store.report().memos, 1);
    assert_eq!(store.report().records_removed + store.report().bodies_adopted, 0);
}

#[test]
fn a_store_in_use_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap();
    let second = Store::open(folder.path()).err().expect("the lock is held");
    assert!(matches!(second, StoreError::Locked(_)), "{second}");
    assert!(second.to_string().contains("in use by another process"));
    drop(first);
    Store::open(folder.path()).expect("the lock goes with the handle");
}

#[test]
fn nobody_else_may_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let (id, _) = insert_one(&Store::open(&path).unwrap(), 1);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("memos")), 0o700);
    assert_eq!(mode(&path.join("memos").join(id.to_string())), 0o600);
    assert_eq!(mode(&path.join("index/db")), 0o600);
}

#[test]
fn the_list_is_newest_first_in_pages() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let ids: Vec<MemoId> = [30, 10, 20, 40].map(|secs| insert_one(&store, secs).0).to_vec();
    let first = store.list(None, None, 3).unwrap();
    assert_eq!(first.total, 4);
    let listed: Vec<MemoId> = first.records.iter().map(|record| record.id).collect();
    assert_eq!(listed, [ids[3], ids[0], ids[2]]);
    let cursor = first.next.unwrap().to_string().parse().unwrap();
    let second = store.list(None, Some(cursor), 3).unwrap();
    assert_eq!(
        second.records.iter().map(|record| record.id).collect::<Vec<_>>(),
        [ids[1]]
    );
    assert_eq!(second.next, None);
}

#[test]
fn a_deleted_memo_is_gone_with_its_body() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (id, _) = insert_one(&store, 1);
    assert!(store.delete(&id, Reason::Owner, time(2)).unwrap().is_some());
    assert!(store.delete(&id, Reason::Owner, time(2)).unwrap().is_none());
    assert!(store.get(&id).unwrap().is_none());
    assert_eq!(store.count(), 0);
    assert!(!folder.path().join("memos").join(id.to_string()).exists());
}

#[test]
fn access_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (id, _) = insert_one(&store, 1);
    assert!(store.count_access(&id, time(5)).unwrap());
    assert!(store.count_access(&id, time(6)).unwrap());
    assert!(!store.count_access(&MemoId::generate(), time(6)).unwrap());
    drop(store);
    let record = Store::open(folder.path()).unwrap().get(&id).unwrap().unwrap();
    assert_eq!(record.access_count, 2);
    assert_eq!(record.last_accessed_at.map(|at| at.to_time()), Some(time(6)));
}

/// Stores a batch of two beside a memo that is there, with a stop at each step in turn, and looks at what is left.
fn stop_at_each_step_of_an_insert(left: Left) {
    for nth in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (store, disk) = open_faulty(folder.path());
        let mut keys = HashMap::from([insert_one(&store, 1)]);
        disk.arm(nth, Fault::Stop);
        let mut batch = Vec::new();
        for secs in [2, 3] {
            let (new, key) = memo(8_000, secs);
            keys.insert(new.sealed.id(), key);
            batch.push(new);
        }
        let acknowledged: Vec<MemoId> = store
            .insert(batch)
            .into_iter()
            .flatten()
            .map(|record| record.id)
            .collect();
        drop(store);
        disk.crash(left);
        let store = Store::open(folder.path()).unwrap();
        assert_whole(&store, folder.path(), &keys);
        for id in &acknowledged {
            assert!(
                store.get(id).unwrap().is_some(),
                "step {nth}: acknowledged, but lost"
            );
        }
        assert!(
            store.count() > acknowledged.len(),
            "step {nth}: the old memo is lost"
        );
        if acknowledged.len() == 2 {
            assert!(
                nth >= 12,
                "two creations, four writes, two syncs, two renames, two syncs: {nth}"
            );
            return;
        }
    }
}

#[test]
fn a_kill_at_any_step_leaves_each_memo_whole_or_absent() {
    stop_at_each_step_of_an_insert(Left::Written);
}

#[test]
fn a_power_cut_at_any_step_leaves_each_memo_whole_or_absent() {
    stop_at_each_step_of_an_insert(Left::Synced);
}

#[test]
fn a_full_disk_at_any_step_leaves_nothing_half_kept() {
    let mut refused = 0;
    for nth in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (store, disk) = open_faulty(folder.path());
        let mut keys = HashMap::from([insert_one(&store, 1)]);
        disk.arm(nth, Fault::Once(io::ErrorKind::StorageFull));
        let mut batch = Vec::new();
        for secs in [2, 3] {
            let (new, key) = memo(8_000, secs);
            keys.insert(new.sealed.id(), key);
            batch.push(new);
        }
        let results = store.insert(batch);
        let stored = results.iter().filter(|result| result.is_ok()).count();
        if let Some(error) = results.iter().find_map(|result| result.as_ref().err()) {
            assert!(matches!(error, StoreError::Full), "step {nth}: {error}");
            refused += 1;
        }
        assert_eq!(store.count(), 1 + stored);
        assert_whole(&store, folder.path(), &keys);
        let struck = disk.disarm();
        // The disk has room again: the store goes on as if nothing had been.
        let (id, key) = insert_one(&store, 4);
        keys.insert(id, key);
        assert_eq!(store.count(), 2 + stored);
        drop(store);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.count(), 2 + stored);
        assert_whole(&store, folder.path(), &keys);
        if !struck {
            assert_eq!(refused, nth);
            return;
        }
    }
}

#[test]
fn a_stop_at_any_step_of_deleting_leaves_the_memo_whole_or_absent() {
    for left in [Left::Written, Left::Synced] {
        for nth in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let (store, disk) = open_faulty(folder.path());
            let keys = HashMap::from([insert_one(&store, 1), insert_one(&store, 2)]);
            let victim = *keys.keys().next().unwrap();
            disk.arm(nth, Fault::Stop);
            let deleted = store.delete(&victim, Reason::Owner, time(9));
            drop(store);
            disk.crash(left);
            let store = Store::open(folder.path()).unwrap();
            assert_whole(&store, folder.path(), &keys);
            assert!(store.count() >= 1, "the other memo stays");
            if deleted.is_ok() {
                assert_eq!(store.count(), 1, "a deleted memo does not come back");
                break;
            }
        }
    }
}

/// Lets the store leave receipts, whose signatures are 64 sevens.
fn sign_receipts(store: &Store) {
    store.set_issuer(Issuer {
        domain: "memo.example.org".into(),
        sign: Arc::new(|_| ("key".into(), [7; 64])),
    });
}

/// What the receipt of a deleted memo says of its ciphertext; none without a receipt.
fn receipt(store: &Store, id: &MemoId) -> Option<serde_json::Value> {
    let receipt = store.receipt(id).unwrap()?;
    let statement: serde_json::Value = serde_json::from_str(&receipt.signed).unwrap();
    assert_eq!(statement["memo_id"], id.to_string());
    Some(statement["ciphertext_sha256"].clone())
}

/// Each memo is whole and no receipt says otherwise, or it is gone and its receipt says what it was. How many are gone.
fn assert_receipts(store: &Store, hashes: &HashMap<MemoId, String>, what: &str) -> usize {
    let is_gone = |(id, hash): &(&MemoId, &String)| {
        let is_there = store.get(id).unwrap().is_some();
        let expected = (!is_there).then(|| serde_json::Value::from(hash.as_str()));
        assert_eq!(receipt(store, id), expected, "{what}: there: {is_there}");
        !is_there
    };
    hashes.iter().filter(is_gone).count()
}

fn hashes(store: &Store, ids: &[MemoId]) -> HashMap<MemoId, String> {
    let hash = |id: &MemoId| hex::encode(sha2::Sha256::digest(store.ciphertext(id).unwrap()));
    ids.iter().map(|id| (*id, hash(id))).collect()
}

#[test]
fn a_stop_between_receipt_and_deletion_leaves_both_or_neither() {
    for left in [Left::Written, Left::Synced, Left::Torn] {
        for nth in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let (store, disk) = open_faulty(folder.path());
            sign_receipts(&store);
            let keys: HashMap<_, _> = (1..=3).map(|secs| insert_one(&store, secs)).collect();
            let victims: Vec<MemoId> = keys.keys().copied().take(2).collect();
            let hashes = hashes(&store, &victims);
            disk.arm(nth, Fault::Stop);
            let deleted = store.delete_all(&victims, Reason::Owner, time(9));
            drop(store);
            disk.crash(left);
            let store = Store::open(folder.path()).unwrap();
            sign_receipts(&store);
            let what = format!("step {nth}, {left:?}");
            assert_whole(&store, folder.path(), &keys);
            let gone = assert_receipts(&store, &hashes, &what);
            assert_eq!(store.count(), 3 - gone, "{what}");
            if deleted.is_ok() {
                assert_eq!(gone, 2, "{what}: told to be deleted");
                assert!(nth >= 6, "{nth} steps");
                break;
            }
            // Whoever asks again gets what was asked for.
            store.delete_all(&victims, Reason::Owner, time(10)).unwrap();
            assert_eq!(assert_receipts(&store, &hashes, &what), 2);
        }
    }
}

#[test]
fn a_deletion_that_a_disk_refused_half_way_is_asked_again_and_its_receipt_knows_what_is_gone() {
    for nth in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (store, disk) = open_faulty(folder.path());
        sign_receipts(&store);
        let (victim, _) = insert_one(&store, 1);
        let hashes = hashes(&store, &[victim]);
        disk.arm(nth, Fault::Once(io::ErrorKind::Other));
        let first = store.delete(&victim, Reason::Owner, time(9));
        disk.disarm();
        let what = format!("step {nth}");
        if assert_receipts(&store, &hashes, &what) == 0 {
            assert!(first.is_err(), "{what}");
            store.delete(&victim, Reason::Operator, time(10)).unwrap();
        }
        assert_eq!(assert_receipts(&store, &hashes, &what), 1);
        if first.is_ok() {
            assert!(nth >= 4, "{nth} steps");
            return;
        }
    }
}

#[test]
fn a_crash_leaves_no_temporary_file_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (id, _) = insert_one(&Store::open(folder.path()).unwrap(), 1);
    let memos = folder.path().join("memos");
    std::fs::write(memos.join(format!("{}.tmp", MemoId::generate())), b"half").unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.report().temporary_removed, 1);
    assert_eq!(store.report().memos, 1);
    assert!(store.get(&id).unwrap().is_some());
    assert_eq!(std::fs::read_dir(memos).unwrap().count(), 1);
}

#[test]
fn a_lost_index_is_built_anew_from_the_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let keys = {
        let store = Store::open(folder.path()).unwrap();
        HashMap::from([insert_one(&store, 1), insert_one(&store, 2)])
    };
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.report().bodies_adopted, 2);
    assert_whole(&store, folder.path(), &keys);
}

#[test]
fn a_damaged_index_costs_no_memo() {
    let folder = tempfile::tempdir().unwrap();
    let keys: HashMap<MemoId, MemoKey> = {
        let store = Store::open(folder.path()).unwrap();
        (0..20).map(|secs| insert_one(&store, secs)).collect()
    };
    let db = folder.path().join("index/db");
    let whole = std::fs::read(&db).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 16) {
        let mut damaged = whole.clone();
        let end = (at + 64).min(damaged.len());
        damaged[at..end].fill(0xa5);
        std::fs::write(&db, damaged).unwrap();
        let opened = match Store::open(folder.path()) {
            Err(StoreError::IndexDamaged { .. }) => {
                std::fs::remove_dir_all(folder.path().join("index")).unwrap();
                Store::open(folder.path())
            }
            other => other,
        };
        let store = opened.unwrap_or_else(|error| panic!("at {at}: {error}"));
        assert_eq!(store.count(), 20, "at {at}");
        assert_whole(&store, folder.path(), &keys);
    }
}

#[test]
fn a_record_that_cannot_be_read_is_taken_from_its_body() {
    let folder = tempfile::tempdir().unwrap();
    let keys = HashMap::from([insert_one(&Store::open(folder.path()).unwrap(), 1)]);
    {
        let db = open_index(&folder.path().join("index"));
        let id = keys.keys().next().unwrap();
        db.open_tree("voice_memos")
            .unwrap()
            .insert(id.as_bytes(), b"{")
            .unwrap();
        db.flush().unwrap();
    }
    let store = Store::open(folder.path()).unwrap();
    assert_whole(&store, folder.path(), &keys);
}

#[test]
fn a_body_that_was_cut_short_is_left_for_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let (id, _) = insert_one(&Store::open(folder.path()).unwrap(), 1);
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    let body = folder.path().join("memos").join(id.to_string());
    let whole = std::fs::read(&body).unwrap();
    for length in [0, 7, 100, whole.len() - 1] {
        std::fs::write(&body, &whole[..length]).unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!((store.count(), store.report().bodies_damaged), (0, 1), "{length}");
        assert!(body.exists());
    }
    std::fs::write(&body, &whole).unwrap();
    assert_eq!(Store::open(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_mailbox_lists_its_own_memos() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (mut other, _) = memo(800, 5);
    other.facts.mailbox = Some("office".into());
    let id = other.sealed.id();
    store.insert(vec![other]).remove(0).unwrap();
    insert_one(&store, 6);
    let page = store.list(Some("office"), None, 10).unwrap();
    assert_eq!((page.total, page.records[0].id, page.records.len()), (1, id, 1));
    assert_eq!(store.list(Some("nobody"), None, 10).unwrap().total, 0);
    assert_eq!(store.list(None, None, 10).unwrap().total, 2);
}

#[test]
fn a_memo_whose_body_is_gone_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (id, _) = insert_one(&Store::open(folder.path()).unwrap(), 1);
    std::fs::remove_file(folder.path().join("memos").join(id.to_string())).unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.report().records_removed, 1);
    assert_eq!(store.count(), 0);
}

#[test]
fn a_missing_folder_of_bodies_is_an_error_and_not_the_end_of_all_records() {
    let folder = tempfile::tempdir().unwrap();
    insert_one(&Store::open(folder.path()).unwrap(), 1);
    let (memos, away) = (folder.path().join("memos"), folder.path().join("elsewhere"));
    std::fs::rename(&memos, &away).unwrap();
    let error = Store::open(folder.path()).err().unwrap();
    assert!(matches!(error, StoreError::BodiesMissing(_)), "{error}");
    std::fs::rename(&away, &memos).unwrap();
    assert_eq!(Store::open(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_index_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    insert_one(&Store::open(folder.path()).unwrap(), 1);
    {
        let db = open_index(&folder.path().join("index"));
        db.insert(b"format", &7u32.to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    let error = Store::open(folder.path()).err().unwrap();
    assert!(
        matches!(error, StoreError::Format { found: 7, known: 1 }),
        "{error}"
    );
}

#[test]
fn one_damaged_body_spoils_neither_the_list_nor_the_rest_nor_its_own_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let owner = OwnerSeed::generate().public_key(Kem::X25519);
    let (mut first, mut ids) = (Some(Store::open(folder.path()).unwrap()), Vec::new());
    for secs in 0..3 {
        let (mut new, key) = memo(800, secs);
        let link = Link::new(
            &LinkBase::new("memo.example.org", None, true),
            &new.sealed.id(),
            &key,
        );
        let contents = Contents::new(key, &link);
        new.facts.envelope = envelope::seal(&owner, &new.sealed.id(), &contents).ok();
        ids.push(new.sealed.id());
        assert!(first.as_ref().unwrap().insert(vec![new])[0].is_ok());
    }
    let path = folder.path().join("memos").join(ids[1].to_string());
    let mut body = std::fs::read(&path).unwrap();
    // The first of the record: no longer JSON, whatever else is random in it.
    body[12] ^= 0x55;
    std::fs::write(&path, body).unwrap();
    for _ in 0..2 {
        let store = first
            .take()
            .unwrap_or_else(|| Store::open(folder.path()).unwrap());
        let page = store.list(Some("main"), None, 10).expect("a list");
        let sealed: Vec<(MemoId, bool)> = page
            .records
            .iter()
            .map(|record| (record.id, record.sealed_envelope.is_some()))
            .collect();
        assert_eq!(sealed, [(ids[2], true), (ids[1], false), (ids[0], true)]);
        assert!(matches!(store.ciphertext(&ids[1]), Err(StoreError::Corrupt(_))));
    }
    let store = Store::open(folder.path()).unwrap();
    assert!(store
        .delete(&ids[1], Reason::Owner, time(10))
        .expect("a deletion")
        .is_some());
    assert_eq!(store.count(), 2);
    assert!(!path.exists());
}

#[test]
fn memos_left_in_a_browser_do_not_push_out_those_of_calls() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let calls: Vec<MemoId> = (0..3).map(|secs| insert_one(&store, secs).0).collect();
    let left: Vec<MemoId> = (10..30)
        .map(|secs| {
            let (mut new, _) = memo(8, secs);
            new.facts.source = Source::Web;
            let id = new.sealed.id();
            assert!(store.insert(vec![new])[0].is_ok());
            id
        })
        .collect();
    let three = Retention {
        memos: Some(3),
        ..Retention::default()
    };
    store.retain("main", three, time(100)).expect("it is cleared out");
    let page = store.list(Some("main"), None, 100).unwrap();
    let mut kept: Vec<MemoId> = page.records.iter().map(|record| record.id).collect();
    kept.reverse();
    assert_eq!(kept, [&calls[..], &left[17..]].concat());
}

#[test]
fn what_an_import_left_that_was_killed_goes_at_the_next_start_and_one_that_goes_on_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (id, _) = insert_one(&Store::open(folder.path()).unwrap(), 1);
    let (record, ciphertext) = staging::read_body(folder.path(), &id).unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(Store::open(other.path()).unwrap());
    let mut going = Staging::new(other.path()).unwrap();
    assert!(going.add(&record, &ciphertext).unwrap());
    // As the kill of an import leaves it, with its lock file and, by an earlier program, without.
    for (name, has_lock) in [("import-killed", true), ("import-old", false)] {
        let left = other.path().join(name);
        std::fs::create_dir(&left).unwrap();
        std::fs::copy(going.path().join(id.to_string()), left.join(id.to_string())).unwrap();
        if has_lock {
            std::fs::write(left.join("lock"), "").unwrap();
        }
    }
    let notes = other.path().join("import-notes.txt");
    std::fs::write(&notes, "somebody's own").unwrap();
    let store = Store::open(other.path()).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(other.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("import-"))
        .collect();
    names.sort();
    let mut expected = vec![
        going.path().file_name().unwrap().to_str().unwrap().to_owned(),
        "import-notes.txt".to_owned(),
    ];
    expected.sort();
    assert_eq!(names, expected);
    assert_eq!(store.count(), 0);
    assert_eq!(store.adopt(going.path()).unwrap().stored, 1);
    assert!(store.get(&id).unwrap().is_some());
}

#[test]
fn a_lock_that_waits_and_a_locator_of_no_memo_wait_for_the_disk_as_a_wrong_code_does() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data");
    let disk = FaultDisk::new(&folder);
    let store = Store::open_on(&folder, Arc::new(disk.clone()), None).unwrap();
    let (id, key) = insert_one(&store, 0);
    let code = MemoCode::generate();
    let lock = TelephoneLock::of_memo(&id, &key, code.locator, &code.secret);
    store.telephone().set(&id, &lock).unwrap();
    let nobodys: Locator = format!("{:06}", (code.locator.number() + 1) % 1_000_000)
        .parse()
        .unwrap();
    // The secret of decoys is made once.
    store.telephone().parameters(nobodys, |_| true).unwrap();
    let waits_for_disk = |locator: Locator| {
        let before = disk.syncs();
        let wrong = Proof::generate();
        let opened = store.telephone().open(locator, &wrong, time(0), |_| true);
        let locked = opened.unwrap().unwrap_err();
        (locked, disk.syncs() - before)
    };
    let wrong = waits_for_disk(code.locator);
    assert_eq!(wrong, (Locked::Wrong, wrong.1));
    assert!(wrong.1 > 0, "a wrong code is counted durably");
    for _ in 1..10 {
        assert_eq!(waits_for_disk(code.locator), wrong);
    }
    let (locked, syncs) = waits_for_disk(code.locator);
    assert!(matches!(locked, Locked::Waits(_)));
    assert_eq!(syncs, wrong.1);
    assert_eq!(waits_for_disk(nobodys), wrong);
}
