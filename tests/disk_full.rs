//! A disk that is full, through a whole switch: a call whose recording finds no more room, and a start on a disk that has
//! none. Only root may mount such a disk; elsewhere these tests say so and are left out.

#[path = "common/caller.rs"]
mod caller;
#[path = "common/g711.rs"]
mod g711;
#[path = "common/mount.rs"]
mod mount;
#[path = "common/owner.rs"]
mod owner;
#[path = "common/switch.rs"]
mod switch;

use caller::{Caller, PACKET_TIME};
use g711::{mu_law, noise, packets_in, PACKET};
use mount::Mounted;
use obelus::memo::link::LinkBase;
use obelus::memo::owner::OwnerSeed;
use obelus::memo::record::Facts;
use obelus::memo::seal;
use obelus::memo::store::{NewMemo, Store, StoreError};
use obelus::memo::vault::{MemoMeta, Vault, VaultCommand, VaultEvent};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};
use switch::Switch;
use zeroize::Zeroizing;

const DIALPLAN: &str = "
[from-trunk]
exten => 1,1,Answer()
 same => n,Memo(main)
 same => n,Verbose(1,over with ${MEMO_STATUS} ${MEMO_ID})
 same => n,Hangup()
exten => h,1,Verbose(1,hung up with ${MEMO_STATUS})
";
const MIB: u64 = 1 << 20;

/// A folder for a switch, whose store is on a disk of its own of that many bytes; none where a test may not mount.
fn disk_of(size: u64) -> Option<(tempfile::TempDir, Mounted)> {
    let folder = tempfile::tempdir().unwrap();
    let mounted = Mounted::of_size(size as usize, folder.path().join("data"));
    if mounted.is_none() {
        println!("left out: this machine does not let a test mount a file system");
    }
    mounted.map(|mounted| (folder, mounted))
}

/// Speaks in packets of 20 ms until `is_enough`; how many packets were said.
fn speak(caller: &mut Caller, words: &[u8], is_enough: impl Fn(usize) -> bool) -> usize {
    let mut next = Instant::now();
    while !is_enough(caller.sent.len()) {
        let at = caller.sent.len() * PACKET % words.len();
        caller.speak(&words[at..at + PACKET]);
        next += PACKET_TIME;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        assert!(caller.sent.len() < 3_000, "nothing happens for a minute");
    }
    caller.sent.len()
}

/// Whether a line of the log so far says so.
fn has_said(switch: &Switch, text: &str) -> bool {
    switch.log().contains(text)
}

/// Bytes in journals.
fn journalled(data: &Path) -> u64 {
    let entries = std::fs::read_dir(data.join("journals")).unwrap();
    entries
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum()
}

/// What is in the one memo that the store has.
fn only_memo(data: &Path, seed: &OwnerSeed) -> (Vec<i16>, bool) {
    let store = Store::open(data).unwrap();
    let page = store.list(None, None, 10).unwrap();
    let [record] = &page.records[..] else {
        panic!("one memo: {:?}", page.records.len());
    };
    (
        owner::samples(&owner::open(&store, seed, record)),
        record.complete,
    )
}

fn call_on_a_disk_that_fills(left: u64, status: &str) {
    let Some((folder, disk)) = disk_of(24 * MIB) else {
        return;
    };
    let data = disk.path().to_owned();
    let seed = owner::own(&Store::open(&data).unwrap(), "main");
    let switch = Switch::start_in(folder, DIALPLAN);
    let words = noise(PACKET * 500);
    let mut caller = Caller::call(switch.udp, "1", "fills");
    // Three seconds are in the journal; then somebody else takes the room.
    let before = speak(&mut caller, &words, |_| journalled(&data) > 3 * 16_028);
    let filler = disk.fill_up_to(left);
    speak(&mut caller, &words, |_| has_said(&switch, "over with"));
    let over = switch.log();
    assert!(over.contains(&format!("over with {status}")), "{status}");
    assert!(over.contains("the disk is full"), "the log has the cause");
    switch.wait_for_message("hung up with");
    std::fs::remove_file(filler).unwrap();
    let folder = switch.stop();
    let (heard, complete) = only_memo(&data, &seed);
    let said: Vec<i16> = words.iter().map(|octet| mu_law(*octet)).collect();
    let said = &said[..before.min(150) * PACKET];
    assert!(
        packets_in(&heard, said) > 140,
        "the caller's audio so far is kept"
    );
    assert!(!complete || status == "INCOMPLETE");

    // With room again, all is as before.
    let switch = Switch::start_in(folder, DIALPLAN);
    let mut caller = Caller::call(switch.udp, "1", "again");
    speak(&mut caller, &words, |packets| packets >= 150);
    caller.hang_up();
    switch.wait_for_message("hung up with STORED");
    let folder = switch.stop();
    drop(disk);
    drop(folder);
}

#[test]
fn a_call_whose_disk_fills_ends_as_incomplete_and_what_was_said_is_kept() {
    call_on_a_disk_that_fills(5 * MIB, "INCOMPLETE");
}

#[test]
fn where_not_even_the_index_has_room_the_next_start_keeps_what_was_said() {
    call_on_a_disk_that_fills(MIB, "FAILED");
}

/// A store with one memo of the mailbox `main`, and the seed that opens it.
fn store_with_a_memo(data: &Path, said: &[i16]) -> OwnerSeed {
    let store = Store::open(data).unwrap();
    let seed = owner::own(&store, "main");
    let base = LinkBase::new("memo.example.org", None, true);
    let mut vault = Vault::new(store, "memo.example.org".into(), base);
    let meta = MemoMeta {
        mailbox: Some("main".into()),
        ..MemoMeta::at(SystemTime::now())
    };
    let events = vault.handle(vec![
        VaultCommand::Begin {
            recording: 1,
            meta: Box::new(meta.clone()),
            copies: Vec::new(),
        },
        VaultCommand::Append {
            recording: 1,
            samples: Zeroizing::new(said.to_vec()),
        },
        VaultCommand::Finish { recording: 1, meta },
    ]);
    assert!(matches!(&events[..], [VaultEvent::Stored { .. }]), "{events:?}");
    seed
}

/// A subcommand, beside the running switch.
fn obelus(switch: &Switch, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_obelus"))
        .args(arguments)
        .arg("--config")
        .arg(switch.folder().join("obelus.toml"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The ids of all memos, the newest first.
fn memos(switch: &Switch) -> Vec<String> {
    let listed = obelus(switch, &["memo", "list", "--json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let id = |memo: &serde_json::Value| memo["id"].as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(id).collect()
}

#[test]
fn a_switch_starts_on_a_full_disk_and_refuses_to_record_until_there_is_room() {
    let Some((folder, disk)) = disk_of(24 * MIB) else {
        return;
    };
    let data = disk.path().to_owned();
    let said: Vec<i16> = (0..8_000).collect();
    let seed = store_with_a_memo(&data, &said);
    // The newer of the two, which is deleted.
    let place = Store::open(&data).unwrap();
    let (sealed, _) = seal::seal(Zeroizing::new(vec![0; 64]));
    let facts = Facts::at("memo.example.org", SystemTime::now() + Duration::from_secs(60));
    assert!(place.insert(vec![NewMemo { sealed, facts }])[0].is_ok());
    drop(place);
    let filler = disk.fill_up_to(0);
    let switch = Switch::start_in(folder, DIALPLAN);
    assert!(has_said(
        &switch,
        "no call is recorded before 8 MiB of it are free"
    ));
    let words = noise(PACKET * 500);
    let mut caller = Caller::call(switch.udp, "1", "refused");
    speak(&mut caller, &words, |_| has_said(&switch, "over with"));
    assert!(has_said(&switch, "over with FAILED"), "the dialplan is told");
    assert!(has_said(&switch, "a recording could not begin") && has_said(&switch, "the disk is full"));
    // What is to be deleted is noted in the room that the reserve gave.
    let id = memos(&switch)[0].clone();
    let deleted = obelus(&switch, &["memo", "delete", &id]);
    assert!(deleted.status.success(), "{deleted:?}");
    assert!(obelus(&switch, &["memo", "receipt", &id]).status.success());
    // Stopped and started anew, it starts again: the reserve is gone, but the room is still there.
    let folder = switch.stop();
    let switch = Switch::start_in(folder, DIALPLAN);
    std::fs::remove_file(filler).unwrap();
    // No start is needed when there is room again.
    let mut caller = Caller::call(switch.udp, "1", "taken");
    speak(&mut caller, &words, |packets| packets >= 150);
    caller.hang_up();
    switch.wait_for_message("hung up with STORED");
    let folder = switch.stop();
    let store = Store::open(&data).unwrap();
    let page = store.list(None, None, 10).unwrap();
    assert_eq!(page.records.len(), 2);
    let first = owner::open(&store, &seed, &page.records[1]);
    assert_eq!(owner::samples(&first), said);
    // And the next start holds room in reserve again.
    assert_eq!(std::fs::metadata(data.join("reserve")).unwrap().len(), 4 * MIB);
    drop(store);
    drop(disk);
    drop(folder);
}

#[test]
fn a_recording_that_a_full_disk_and_a_crash_left_is_taken_up_on_the_full_disk() {
    let Some((folder, disk)) = disk_of(24 * MIB) else {
        return;
    };
    let data = disk.path().to_owned();
    let seed = owner::own(&Store::open(&data).unwrap(), "main");
    let switch = Switch::start_in(folder, DIALPLAN);
    let words = noise(PACKET * 500);
    let mut caller = Caller::call(switch.udp, "1", "crash");
    speak(&mut caller, &words, |_| journalled(&data) > 2 * 16_028);
    let folder = switch.killed();
    disk.fill_up_to(0);
    let switch = Switch::start_in(folder, DIALPLAN);
    assert!(has_said(&switch, "kept a recording that was cut off"));
    let folder = switch.stop();
    let (heard, complete) = only_memo(&data, &seed);
    assert!(heard.len() >= 16_000 && !complete);
    drop(disk);
    drop(folder);
}

#[test]
fn where_there_is_no_reserve_the_error_names_the_disk_and_what_to_do() {
    let Some((folder, disk)) = disk_of(24 * MIB) else {
        return;
    };
    let said: Vec<i16> = (0..8_000).collect();
    let seed = store_with_a_memo(disk.path(), &said);
    std::fs::remove_file(disk.path().join("reserve")).unwrap();
    let filler = disk.fill_up_to(0);
    let error = Store::open(disk.path()).err().expect("there is no room");
    let text = error.to_string();
    assert!(matches!(error, StoreError::NoRoomToOpen(_)), "{text}");
    assert!(
        text.contains(&disk.path().display().to_string()) && text.contains("make some"),
        "{text}"
    );
    std::fs::remove_file(filler).unwrap();
    let (heard, complete) = only_memo(disk.path(), &seed);
    assert!(heard == said && complete, "nothing is lost");
    // One that has nothing yet says the same.
    let other = disk.path().join("other");
    disk.fill_up_to(0);
    let error = Store::open(&other).err().expect("there is no room").to_string();
    assert!(error.contains("other is full"), "{error}");
    drop(disk);
    drop(folder);
}
