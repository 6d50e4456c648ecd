//! What was changed of memos outlives the index: a memo that is built anew from its body does not come back as it was
//! before it expired, was used up, or was sealed anew. Under faults at every step, as in `memo_store`.

#[path = "common/fault_disk.rs"]
mod fault_disk;

use fault_disk::{Fault, FaultDisk, Left};
use obelus::config::Config;
use obelus::federation::server::{self, Asker, Policy, Proof, Refusal};
use obelus::memo::envelope::{self, Contents, Envelope};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::{Link, LinkBase};
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::{Facts, Millis, Record};
use obelus::memo::seal;
use obelus::memo::store::mailboxes::OwnerKey;
use obelus::memo::store::receipts::Reason;
use obelus::memo::store::telephone::SetLock;
use obelus::memo::store::{Durable, NewMemo, Store, StoreError};
use obelus::memo::telephone::code::MemoCode;
use obelus::memo::telephone::lock::TelephoneLock;
use obelus::memo::token::AccessToken;
use obelus::memo::wav;
use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

fn time(secs: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + secs)
}

/// An envelope of the memo to somebody.
fn envelope(id: &MemoId, key: &MemoKey) -> Envelope {
    let base = LinkBase::new("memo.example.org", None, true);
    let copy = MemoKey::from_text(&key.to_text()).unwrap();
    let contents = Contents::new(copy, &Link::new(&base, id, key));
    let owner = OwnerSeed::generate().public_key(Kem::X25519);
    envelope::seal(&owner, id, &contents).unwrap()
}

/// A memo that may be fetched once.
fn leave(store: &Store) -> (MemoId, MemoKey) {
    let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(vec![5; 800])]));
    let id = sealed.id();
    let facts = Facts {
        mailbox: Some("main".into()),
        envelope: Some(envelope(&id, &key)),
        max_accesses: Some(1),
        ..Facts::at("memo.example.org", time(0))
    };
    store.insert(vec![NewMemo { sealed, facts }]).remove(0).unwrap();
    (id, key)
}

fn expire(store: &Store, id: &MemoId, secs: u64) -> Result<(), StoreError> {
    let changed = store.update(id, Durable::Now, |record| {
        record.expires_at = Some(Millis::from_time(time(secs)));
        Ok::<(), Infallible>(())
    });
    changed.map(|changed| assert!(changed.is_some()))
}

fn lose_index(folder: &Path) -> Store {
    std::fs::remove_dir_all(folder.join("index")).unwrap();
    Store::open(folder).unwrap()
}

fn get(store: &Store, id: &MemoId) -> Record {
    store.get(id).unwrap().unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_lost_index_brings_nothing_back_that_was_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (id, key) = leave(&store);
    let (plain, _) = leave(&store);
    let anew = envelope(&id, &key);
    assert!(store.set_envelope(&id, anew.clone(), None).unwrap());
    expire(&store, &id, 60).unwrap();
    let code = MemoCode::generate();
    let lock = TelephoneLock::of_memo(&id, &key, code.locator, &code.secret);
    assert_eq!(store.telephone().set(&id, &lock).unwrap(), SetLock::Done);
    let shared = store.update(&id, Durable::Now, |record| {
        record.federation_shared = false;
        record.trusted_domains = vec!["peer.example.net".into()];
        Ok::<(), Infallible>(())
    });
    assert!(shared.unwrap().is_some());
    assert!(store.count_access(&id, time(5)).unwrap());
    let before = get(&store, &id);
    drop(store);

    let store = lose_index(folder.path());
    assert_eq!(store.report().bodies_adopted, 2);
    let after = get(&store, &id);
    assert_eq!(
        serde_json::to_value(&after).unwrap(),
        serde_json::to_value(&before).unwrap()
    );
    assert_eq!(after.sealed_envelope, Some(anew));
    assert!(after.is_expired(time(61)));
    assert!(!store.count_access(&id, time(6)).unwrap(), "it was used up");
    assert_eq!(store.by_locator(code.locator.number()), Some(id));
    assert!(store.count_access(&plain, time(6)).unwrap());
    // And once more, from an index that was built anew.
    expire(&store, &id, 90).unwrap();
    drop(store);
    let store = lose_index(folder.path());
    assert_eq!(get(&store, &id).expires_at, Some(Millis::from_time(time(90))));
    assert!(!store.count_access(&plain, time(7)).unwrap());
}

#[test]
fn what_was_marked_alone_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (id, _) = leave(&store);
    let heard = store.update(&id, Durable::Soon, |record| {
        record.heard = true;
        Ok::<(), Infallible>(())
    });
    assert!(heard.unwrap().is_some());
    assert!(files(&folder.path().join("changed")).is_empty());
    // A change takes the mark with it.
    expire(&store, &id, 60).unwrap();
    drop(store);
    assert!(get(&lose_index(folder.path()), &id).heard);
}

/// Makes a change with a stop at each step in turn; `is_done` says whether a record has it.
fn stop_at_each_step(
    change: impl Fn(&Store, &MemoId) -> Result<(), StoreError>,
    is_done: impl Fn(&Record) -> bool,
) {
    for left in [Left::Written, Left::Synced, Left::Torn] {
        for nth in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let disk = FaultDisk::new(folder.path());
            let store = Store::open_on(folder.path(), Arc::new(disk.clone()), None).unwrap();
            let (id, _) = leave(&store);
            expire(&store, &id, 1_000).unwrap();
            disk.arm(nth, Fault::Stop);
            let acknowledged = change(&store, &id).is_ok();
            drop(store);
            disk.crash(left);
            // As it is, and without an index.
            let (as_it_is, rebuilt) = (Store::open(folder.path()).unwrap(), |store: Store| {
                drop(store);
                lose_index(folder.path())
            });
            let of = |record: &Record| {
                assert!(
                    record.expires_at.is_some(),
                    "step {nth}: the change before is lost"
                );
                is_done(record)
            };
            let first = of(&get(&as_it_is, &id));
            let second = of(&get(&rebuilt(as_it_is), &id));
            if acknowledged {
                assert!(first && second, "step {nth}: acknowledged, but lost");
                assert!(
                    nth >= 6,
                    "a file made, written, synced, named; its name and the index synced: {nth}"
                );
                break;
            }
        }
    }
}

#[test]
fn a_change_that_was_acknowledged_outlives_a_crash_and_the_index() {
    let until = Millis::from_time(time(60));
    stop_at_each_step(
        |store, id| expire(store, id, 60),
        |record| record.expires_at == Some(until),
    );
}

#[test]
fn the_last_listening_outlives_a_crash_and_the_index() {
    stop_at_each_step(
        |store, id| store.count_access(id, time(5)).map(|served| assert!(served)),
        |record| record.access_count == 1,
    );
}

#[test]
fn a_full_disk_at_any_step_leaves_nothing_half_changed() {
    for nth in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let disk = FaultDisk::new(folder.path());
        let store = Store::open_on(folder.path(), Arc::new(disk.clone()), None).unwrap();
        let (id, _) = leave(&store);
        disk.arm(nth, Fault::Once(io::ErrorKind::StorageFull));
        let refused = expire(&store, &id, 60).err();
        let struck = disk.disarm();
        if let Some(error) = &refused {
            assert!(matches!(error, StoreError::Full), "step {nth}: {error}");
        }
        assert!(files(&folder.path().join("changed"))
            .iter()
            .all(|name| !name.ends_with(".tmp")));
        expire(&store, &id, 90).unwrap();
        drop(store);
        let after = get(&lose_index(folder.path()), &id);
        assert_eq!(after.expires_at, Some(Millis::from_time(time(90))), "step {nth}");
        if !struck {
            assert!(refused.is_none());
            return;
        }
    }
}

#[test]
fn nothing_is_kept_of_a_memo_that_is_deleted() {
    for left in [Left::Written, Left::Synced] {
        for nth in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let disk = FaultDisk::new(folder.path());
            let store = Store::open_on(folder.path(), Arc::new(disk.clone()), None).unwrap();
            let (id, _) = leave(&store);
            expire(&store, &id, 60).unwrap();
            disk.arm(nth, Fault::Stop);
            let deleted = store.delete(&id, Reason::Owner, time(9)).is_ok();
            drop(store);
            disk.crash(left);
            if deleted {
                assert!(files(&folder.path().join("changed")).is_empty());
            }
            let store = Store::open(folder.path()).unwrap();
            let changed = files(&folder.path().join("changed"));
            match store.get(&id).unwrap() {
                Some(record) => {
                    assert!(!deleted && record.expires_at.is_some());
                    assert_eq!(changed, [id.to_string()]);
                }
                None => assert!(changed.is_empty(), "step {nth}: {changed:?}"),
            }
            if deleted {
                break;
            }
        }
    }
}

#[test]
fn a_memo_whose_change_is_damaged_is_left_for_the_operator() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let (id, _) = leave(&store);
    expire(&store, &id, 60).unwrap();
    drop(store);
    let file = folder.path().join("changed").join(id.to_string());
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    // The index has it all.
    assert!(get(&Store::open(folder.path()).unwrap(), &id)
        .expires_at
        .is_some());
    let store = lose_index(folder.path());
    assert_eq!((store.count(), store.report().bodies_damaged), (0, 1));
    drop(store);
    std::fs::write(&file, &whole).unwrap();
    assert!(get(&Store::open(folder.path()).unwrap(), &id)
        .expires_at
        .is_some());
}

#[test]
fn mailboxes_outlive_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let owner = |seed: &OwnerSeed| {
        let public = seed.public_key(Kem::XWing);
        OwnerKey::new(&public, seed.listing_token().verifier(), time(0))
    };
    let (first, second) = (OwnerSeed::generate(), OwnerSeed::generate());
    for name in ["main", "100@default", "gone"] {
        store.mailboxes().set_owner(name, owner(&first)).unwrap();
    }
    store.mailboxes().set_owner("main", owner(&second)).unwrap();
    assert!(store.mailboxes().remove("gone").unwrap());
    drop(store);
    let store = lose_index(folder.path());
    let key = |name: &str| {
        let owner = store.mailboxes().owner(name).unwrap();
        owner.map(|owner| owner.public_key_text().to_owned())
    };
    assert_eq!(key("main"), Some(second.public_key(Kem::XWing).to_text()));
    assert_eq!(key("100@default"), Some(first.public_key(Kem::XWing).to_text()));
    assert_eq!(key("gone"), None);
    drop(store);
    // A store of before has no such files; the next start makes them.
    std::fs::remove_dir_all(folder.path().join("mailboxes")).unwrap();
    drop(Store::open(folder.path()).unwrap());
    let store = lose_index(folder.path());
    assert!(store.mailboxes().owner("main").unwrap().is_some());
}

#[test]
fn a_disk_that_fails_does_not_use_up_a_one_time_memo() {
    let folder = tempfile::tempdir().unwrap();
    let disk = FaultDisk::new(folder.path());
    let store = Store::open_on(folder.path(), Arc::new(disk.clone()), None).unwrap();
    let (id, key) = leave(&store);
    let length = std::fs::metadata(folder.path().join("memos").join(id.to_string()));
    let length = length.unwrap().len();
    let policy = Policy::new(&Config::default().federation);
    let proof = Proof::of_token(&AccessToken::derive(&key).to_text());
    let fetch = || server::fetch(&store, Some(id), proof, &policy, &Asker::OwnPage, time(0));
    // In the record, in the ciphertext, in its last byte.
    for from in [20, length - 800, length - 1] {
        disk.spoil(Some(from));
        assert!(
            matches!(fetch(), Err(Refusal::Failed(StoreError::Io(_)))),
            "{from}"
        );
        disk.spoil(None);
        assert_eq!(store.get(&id).unwrap().unwrap().access_count, 0);
    }
    let mut served = fetch().unwrap();
    let piece = served.ciphertext.piece().unwrap();
    assert_eq!(piece, Some(store.ciphertext(&id).unwrap()));
    assert!(matches!(fetch(), Err(Refusal::UsedUp)));
}
