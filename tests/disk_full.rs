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
use obelus::memo::owner::OwnerSeed;
use obelus::memo::store::Store;
use std::path::Path;
use std::time::Instant;
use switch::Switch;

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
    switch.wait_for_line("ended the call", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("hung up with"))
    });
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
    switch.wait_for_line("kept the memo", |line| {
        line["message"]
            .as_str()
            .is_some_and(|text| text.contains("hung up with STORED"))
    });
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
