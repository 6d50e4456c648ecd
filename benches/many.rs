//! A store of 100,000 memos: how long a start takes, the first page of a list, a count, a deletion, and how much memory
//! all of them need: the store by itself, and a whole switch that is paged over HTTP.
//!
//! `cargo bench --bench many` fills a store in a process of its own and prints the figures of another one that opens it,
//! and of `obelus run` over it; `-- --memos N` takes another number, `--transcript BYTES` envelopes with a transcript,
//! `--stored N` stores and fetches so many one after the other. Set `TMPDIR` to a folder of the disk that is to be
//! measured.

// A bench's items are nobody's interface.
#![allow(missing_docs)]

#[path = "common/loopback.rs"]
mod loopback;

use obelus::config::Config;
use obelus::federation::server::{self, Asker, Policy, Proof};
use obelus::memo::envelope::{self, Contents, Envelope};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::{Link, LinkBase};
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::Facts;
use obelus::memo::seal;
use obelus::memo::store::mailboxes::OwnerKey;
use obelus::memo::store::receipts::Reason;
use obelus::memo::store::{Durable, NewMemo, Store};
use obelus::memo::token::AccessToken;
use obelus::memo::wav;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use zeroize::Zeroizing;

/// Memos stored at a time.
const BATCH: usize = 2_000;
/// Mailboxes that the memos are in, in turn.
const MAILBOXES: usize = 4;
/// Memos on a page.
const PAGE: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)?.parse().ok())
            .unwrap_or(default)
    };
    let memos = number("--memos", 100_000);
    let transcript = number("--transcript", 0);
    let stored = number("--stored", 10_000);
    let own = |folder: &Path, part: &str| {
        let program = std::env::current_exe().expect("this program has a path");
        let done = Command::new(program)
            .args([
                part,
                "--memos",
                &memos.to_string(),
                "--transcript",
                &transcript.to_string(),
                "--stored",
                &stored.to_string(),
            ])
            .arg(folder)
            .status();
        assert!(done.expect("this program runs").success());
    };
    let folder = arguments.last().map(Path::new);
    match (arguments.get(1).map(String::as_str), folder) {
        (Some("fill"), Some(folder)) => fill(folder, memos, transcript),
        (Some("measure"), Some(folder)) => measure(folder, memos),
        (Some("switch"), Some(folder)) => switch(folder, memos),
        (Some("serve"), Some(folder)) => serve(folder, stored),
        _ => {
            let folder = tempfile::tempdir().expect("a temporary folder");
            for part in ["fill", "switch", "measure", "serve"] {
                own(folder.path(), part);
            }
        }
    }
}

fn shown(what: &str, time: Duration) {
    println!("{what:60} {:10.3} ms", time.as_secs_f64() * 1_000.0);
}

/// Resident memory, megabytes.
fn resident() -> f64 {
    memory_of("self", "VmRSS:")
}

/// A process's memory, megabytes.
fn memory_of(process: &str, field: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() * 1_024.0 / 1_000_000.0
}

fn at(number: usize) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + number as u64)
}

fn an_envelope(seed: &OwnerSeed, transcript: usize) -> Option<Envelope> {
    let (id, key) = (MemoId::generate(), MemoKey::generate());
    let link = Link::new(&LinkBase::new("memo.example.org", None, true), &id, &key);
    let mut contents = Contents::new(key, &link);
    contents.from = Zeroizing::new("+15550100123".into());
    contents.transcript = Zeroizing::new("x".repeat(transcript));
    envelope::seal(&seed.public_key(Kem::XWing), &id, &contents).ok()
}

fn new_memo(number: usize, envelope: Option<Envelope>) -> NewMemo {
    let (sealed, _) = seal::seal(wav::encode(vec![Zeroizing::new(vec![100; 16])]));
    NewMemo {
        sealed,
        facts: Facts {
            mailbox: Some(format!("mailbox-{}", number % MAILBOXES)),
            trunk: Some("line".into()),
            call_id: Some("00000000-0000-0000-0000-000000000000".into()),
            envelope,
            ..Facts::at("memo.example.org", at(number))
        },
    }
}

fn fill(folder: &Path, memos: usize, transcript: usize) {
    let store = Store::open(&folder.join("data")).expect("a store");
    // One for all: what is measured is the store, and all are of one size.
    let envelope = an_envelope(&OwnerSeed::generate(), transcript);
    let start = Instant::now();
    let mut in_store = Duration::ZERO;
    for first in (0..memos).step_by(BATCH) {
        let batch = (first..memos.min(first + BATCH))
            .map(|number| new_memo(number, envelope.clone()))
            .collect();
        let start = Instant::now();
        assert!(store.insert(batch).iter().all(Result::is_ok));
        in_store += start.elapsed();
    }
    shown("sealing and storing all", start.elapsed());
    shown("of that in the store", in_store);
    // What is measured next does not wait for what this left to be written.
    let root = std::fs::File::open(folder).expect("the folder");
    nix::unistd::syncfs(&root).expect("a sync");
    println!(
        "{:60} {:10.1} MB",
        "memory of the process that stored them",
        resident()
    );
}

fn measure(folder: &Path, memos: usize) {
    let before = resident();
    let start = Instant::now();
    let store = Store::open(&folder.join("data")).expect("a store");
    shown("start", start.elapsed());
    println!("{:60} {:10.1} MB", "memory before", before);
    println!("{:60} {:10.1} MB", "memory after the start", resident());
    assert_eq!(store.count(), memos);

    let start = Instant::now();
    let page = store.list(Some("mailbox-1"), None, PAGE).expect("a page");
    shown(
        "first page of a mailbox, 200 memos with envelopes",
        start.elapsed(),
    );
    assert_eq!(page.records.len(), PAGE.min(memos / MAILBOXES));
    let mut after = page.next;
    let start = Instant::now();
    let mut pages = 1_u32;
    while let Some(next) = after {
        after = store
            .list(Some("mailbox-1"), Some(next), PAGE)
            .expect("a page")
            .next;
        pages += 1;
    }
    shown("each of the mailbox's other pages", start.elapsed() / pages);
    println!(
        "{:60} {:10.1} MB",
        "memory after reading all of a mailbox",
        resident()
    );
    let mut after = Some(None);
    while let Some(from) = after {
        let next = store.list(None, from, PAGE).expect("a page").next;
        after = next.map(Some);
    }
    println!("{:60} {:10.1} MB", "memory after reading all", resident());

    let ids: Vec<MemoId> = page.records.iter().map(|record| record.id).collect();
    let start = Instant::now();
    for id in &ids {
        assert!(store.count_access(id, at(memos)).expect("a count"));
    }
    shown("counting a fetch", start.elapsed() / ids.len() as u32);
    let start = Instant::now();
    for id in &ids {
        let marked = store.update::<()>(id, Durable::Soon, |record| {
            record.heard = true;
            Ok(())
        });
        assert!(marked.is_ok());
    }
    shown("a mark", start.elapsed() / ids.len() as u32);
    let start = Instant::now();
    for id in &ids[..ids.len().min(20)] {
        assert!(store.delete(id, Reason::Owner, at(memos)).is_ok());
    }
    shown("a deletion", start.elapsed() / ids.len().min(20) as u32);
    let start = Instant::now();
    drop(store);
    shown("stop", start.elapsed());
    let start = Instant::now();
    let store = Store::open(&folder.join("data")).expect("a store");
    shown("start anew", start.elapsed());
    pages_over_http(&store);
}

/// As a browser asks for them.
fn pages_over_http(store: &Store) {
    let seed = OwnerSeed::generate();
    let token = seed.listing_token();
    let key = OwnerKey::new(&seed.public_key(Kem::X25519), token.verifier(), at(0));
    store.mailboxes().set_owner("mailbox-1", key).expect("an owner");
    let mut connection = loopback::Connection::open(loopback::serve(store.clone()));
    for limit in [50, PAGE] {
        let path = format!("/api/mailboxes/mailbox-1/memos?limit={limit}");
        let request = loopback::Connection::request(&path, &token.to_text());
        let mut times = Vec::new();
        for _ in 0..21 {
            let start = Instant::now();
            let (status, _) = connection.ask(&request);
            times.push(start.elapsed());
            assert_eq!(status, 200);
        }
        shown(
            &format!("first page of {limit} over HTTP, the first time"),
            times[0],
        );
        times.sort_unstable();
        shown(
            &format!("first page of {limit} over HTTP, median of 21"),
            times[10],
        );
    }
}

/// `obelus run` over the store: its start, its pages, and its memory.
fn switch(folder: &Path, memos: usize) {
    let mailboxes: Vec<String> = (0..MAILBOXES).map(|number| format!("mailbox-{number}")).collect();
    let seed = OwnerSeed::generate();
    let token = seed.listing_token();
    {
        let store = Store::open(&folder.join("data")).expect("a store");
        for name in &mailboxes {
            let key = OwnerKey::new(&seed.public_key(Kem::X25519), token.verifier(), at(0));
            store.mailboxes().set_owner(name, key).expect("an owner");
        }
    }
    let config = folder.join("obelus.toml");
    let text = format!(
        "[sip]\nlisten = [\"udp:127.0.0.1:0\"]\n[http]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {:?}\n[log]\nformat = \"json\"\n",
        folder.join("data")
    );
    std::fs::write(&config, text).expect("a file");
    let mut starts = Vec::new();
    for _ in 1..STARTS {
        let (switch, _, start) = Running::start(&config);
        starts.push(start);
        drop(switch);
    }
    let (switch, http, start) = Running::start(&config);
    starts.push(start);
    starts.sort_unstable();
    shown(
        "switch: from its launch until it is ready, median",
        starts[STARTS / 2],
    );
    switch.show_memory("after the start");

    let mut connection = loopback::Connection::open(http);
    let mut ask = |name: &str, limit: usize, after: Option<&str>| {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let path = format!("/api/mailboxes/{name}/memos?limit={limit}{after}");
        let start = Instant::now();
        let (status, page) = connection.ask(&loopback::Connection::request(&path, &token.to_text()));
        let time = start.elapsed();
        assert_eq!(status, 200);
        (
            serde_json::from_slice::<serde_json::Value>(&page).expect("JSON"),
            time,
        )
    };
    shown("switch: first page of 50", ask(&mailboxes[1], 50, None).1);
    switch.show_memory("after the first page");
    let (mut seen, mut times) = (0, Vec::new());
    for name in &mailboxes {
        let mut after = None;
        loop {
            let (page, time) = ask(name, PAGE, after.as_deref());
            times.push(time);
            seen += page["memos"].as_array().map_or(0, Vec::len);
            after = page["next"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        switch.show_memory(&format!("after {seen} memos on pages of {PAGE}"));
    }
    assert_eq!(seen, memos);
    times.sort_unstable();
    shown("switch: a page of 200, median of all", times[times.len() / 2]);
    for _ in 0..21 {
        times.push(ask(&mailboxes[1], 50, None).1);
    }
    let firsts = times.len() - 21;
    times[firsts..].sort_unstable();
    shown("switch: first page of 50, median of 21", times[firsts + 10]);
}

/// How often a start is measured.
const STARTS: usize = 5;

/// A switch, killed when it is dropped.
struct Running(Child);

impl Running {
    /// Also where it answers, and how long it took until it did.
    fn start(config: &Path) -> (Self, SocketAddr, Duration) {
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_obelus"))
            .args(["run", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the switch");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let http = lines.find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line.ok()?).ok()?;
            line["message"].as_str().filter(|message| *message == "ready")?;
            line["http"].as_str()?.parse().ok()
        });
        let took = start.elapsed();
        // Read on, so that the switch never waits for somebody to read its log.
        std::thread::spawn(move || lines.count());
        (Running(child), http.expect("ready"), took)
    }

    fn show_memory(&self, when: &str) {
        let process = self.0.id().to_string();
        println!(
            "{:60} {:10.1} MB, {:.1} MB of it data",
            format!("switch: memory {when}"),
            memory_of(&process, "VmRSS:"),
            memory_of(&process, "RssAnon:")
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let process = nix::unistd::Pid::from_raw(self.0.id() as i32);
        // In order, as an operator stops it: what is measured next is a start, not a recovery.
        let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

/// What storing and fetching leaves in memory.
fn serve(folder: &Path, stored: usize) {
    let store = Store::open(&folder.join("other")).expect("a store");
    let policy = Policy::new(&Config::default().federation);
    let before = resident();
    const EACH: usize = 2_000;
    for round in 0..stored.div_ceil(EACH) {
        for number in 0..EACH {
            let audio = Zeroizing::new(vec![100; 8_000]);
            let (sealed, key) = seal::seal(wav::encode(vec![audio]));
            let id = sealed.id();
            let proof = proof(&key);
            let facts = Facts::at("memo.example.org", at(round * EACH + number));
            assert!(store
                .insert(vec![NewMemo { sealed, facts }])
                .iter()
                .all(Result::is_ok));
            assert!(server::fetch(&store, Some(id), proof, &policy, &Asker::OwnPage, at(0)).is_ok());
        }
        println!(
            "{:60} {:10.1} MB",
            format!("memory after {} memos stored and fetched", (round + 1) * EACH),
            resident() - before
        );
    }
}

fn proof(key: &MemoKey) -> Proof {
    Proof::of_token(&AccessToken::derive(key).to_text())
}
