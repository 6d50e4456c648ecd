//! kill -9 at any moment of a call: what the caller had said until a second before opens with the owner's key, what was
//! acknowledged is whole, and nothing is left over.
//!
//! A whole switch runs as its own process and records several callers at once, some of whom hang up before the end; it
//! is killed at a moment that a seed chooses, and its store is opened. Every other time the moment is the next one at which
//! no thread of it is behind, so that it is known what must be there. `OBELUS_KILL_ROUNDS` says how often.

#[path = "common/caller.rs"]
mod caller;
#[path = "common/g711.rs"]
mod g711;
#[path = "common/owner.rs"]
mod owner;

use caller::{Caller, PACKET_TIME};
use g711::{mu_law, noise, PACKET};
use obelus::memo::owner::OwnerSeed;
use obelus::memo::store::Store;
use obelus::rng::Rng;
use serde_json::Value;
use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

const DIALPLAN: &str = "
[from-trunk]
exten => _X.,1,Answer()
 same => n,Memo(main)
 same => n,Hangup()
";
/// Callers at once.
const CALLERS: usize = 6;
/// The longest that a round's callers speak.
const LONGEST: Duration = Duration::from_millis(3_200);
/// What may be missing at the end of a recording: the second that is not sealed yet.
const UNSEALED: Duration = Duration::from_secs(1);
/// What a packet takes on its way into the journal where no thread waits for the processor or the disk: ticks of 20 ms,
/// and a packet that waits for another.
const ON_ITS_WAY: Duration = Duration::from_millis(300);
/// No test waits so long while all is well.
const PATIENCE: Duration = Duration::from_secs(60);
/// Packets that the system may have let come so late that the recorder did not wait for them.
const LATE: usize = 5;

/// A switch as its own process.
struct Process {
    child: Child,
    sip: SocketAddr,
    lines: Receiver<String>,
}

impl Process {
    fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_obelus"))
            .args(["run", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in log.split(b'\n').map_while(Result::ok) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        let mut process = Process {
            child,
            sip: SocketAddr::from(([0, 0, 0, 0], 0)),
            lines,
        };
        loop {
            let line = process.lines.recv_timeout(PATIENCE).expect("the switch starts");
            if let Some((_, rest)) = line.split_once("listening for SIP on udp:") {
                let end = rest.find(['"', ' ', ',']).unwrap_or(rest.len());
                process.sip = rest[..end].parse().unwrap();
            }
            if line.contains("\"ready") {
                return process;
            }
        }
    }

    /// Whether each of its threads waits for something to come, and none for the processor or the disk. Looked at again
    /// for each hand that audio goes through: one may have been given something after it was looked at.
    fn is_abreast(&self) -> bool {
        (0..3).all(|_| self.is_waiting())
    }

    fn is_waiting(&self) -> bool {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        threads.flatten().all(|thread| {
            // One that ends meanwhile has nothing left to do.
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ")
                .is_none_or(|(_, state)| state.starts_with('S'))
        })
    }

    /// Kills it, and gives the memos that it had said to have stored.
    fn kill(mut self) -> HashSet<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // The reader ends with the pipe; all that was written before the kill is in it.
        self.lines
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
            .filter(|line| line["message"] == "memo stored")
            .map(|line| line["memo"].as_str().expect("its id").to_owned())
            .collect()
    }
}

fn configuration(folder: &Path) -> PathBuf {
    let dialplan = folder.join("dialplan.conf");
    std::fs::write(&dialplan, DIALPLAN).unwrap();
    let first = 30_000 + std::process::id() as u16 % 10 * 200;
    let config = folder.join("obelus.toml");
    let text = format!(
        r#"
[sip]
listen = ["udp:127.0.0.1:0"]
max_calls = 50
[media]
ports = "{first}-{last}"
[http]
listen = "127.0.0.1:0"
[store]
path = "{data}"
[dialplan]
file = "{dialplan}"
[log]
level = "debug"
format = "json"
[[mailbox]]
name = "main"
beep = false
min_secs = 0
silence_secs = 0
"#,
        last = first + 199,
        data = folder.join("data").display(),
        dialplan = dialplan.display(),
    );
    std::fs::write(&config, text).unwrap();
    config
}

/// The callers of one round, from their calls to the kill.
struct Round {
    callers: Vec<Caller>,
    /// When the switch had done all that was due, just before it was killed; none where nobody looked.
    abreast: Option<Instant>,
    acknowledged: HashSet<String>,
}

fn play(config: &Path, data: &Path, round: u64, words: &[u8]) -> Round {
    let mut rng = Rng::from_seed(round);
    let process = Process::start(config);
    let mut callers: Vec<Caller> = (0..CALLERS)
        .map(|n| Caller::call(process.sip, "15550199", &format!("kill-{round}-{n}")))
        .collect();
    // All are recorded before the first word.
    wait_until("all callers are recorded", || {
        std::fs::read_dir(data.join("journals")).unwrap().count() == CALLERS
    });
    let below = |rng: &mut Rng, most: Duration| Duration::from_micros(rng.below(most.as_micros() as u64));
    let start = Instant::now();
    let end = start + below(&mut rng, LONGEST);
    // Half of the callers hang up at some time, which may be after the kill.
    let hang_ups: Vec<Option<Instant>> = (0..CALLERS)
        .map(|n| (n % 2 == 0).then(|| start + below(&mut rng, LONGEST)))
        .collect();
    // Each speaks in packets of its own phase.
    let mut next: Vec<Instant> = (0..CALLERS)
        .map(|_| start + below(&mut rng, PACKET_TIME))
        .collect();
    loop {
        let due = next.iter().min().copied().expect("callers");
        if due >= end {
            std::thread::sleep(end.saturating_duration_since(Instant::now()));
            break;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        for (n, caller) in callers.iter_mut().enumerate() {
            if next[n] != due {
                continue;
            }
            next[n] += PACKET_TIME;
            match hang_ups[n] {
                Some(at) if at <= due => {
                    if !caller.hung_up {
                        caller.hang_up();
                    }
                }
                _ => {
                    let at = caller.sent.len() * PACKET;
                    caller.speak(&words[at..at + PACKET]);
                }
            }
        }
    }
    // Every other round it is killed in the middle of whatever it does: how far it is then, only its threads know.
    let abreast = (round % 2 == 1).then(|| {
        let mut looked = Instant::now();
        wait_until("the switch has done what is due", || {
            looked = Instant::now();
            process.is_abreast()
        });
        looked
    });
    Round {
        acknowledged: process.kill(),
        callers,
        abreast,
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::yield_now();
    }
}

/// Opens the store as the next start does, and looks for everything that is to be there.
fn check(
    data: &Path,
    seed: &OwnerSeed,
    round: u64,
    played: &Round,
    words: &[i16],
    known: &mut HashSet<String>,
) {
    let store = Store::open(data).unwrap();
    let count = |name: &str| std::fs::read_dir(data.join(name)).unwrap().count();
    let report = store.report();
    assert_eq!(report.bodies_damaged, 0, "round {round}: {report:?}");
    assert_eq!(count("journals"), 0, "round {round}: no orphan: {report:?}");
    let page = store.list(None, None, 1_000_000).unwrap();
    assert_eq!(
        count("memos"),
        page.records.len(),
        "round {round}: no orphan: {report:?}"
    );
    known.extend(played.acknowledged.iter().cloned());
    let there: HashSet<String> = page.records.iter().map(|record| record.id.to_string()).collect();
    assert!(known.is_subset(&there), "round {round}: acknowledged, but lost");
    for caller in &played.callers {
        let what = format!("round {round}, {}", caller.call_id);
        let of_call = |record: &&obelus::memo::record::Record| {
            record.metadata.call_id.as_deref() == Some(&caller.call_id)
        };
        let records: Vec<_> = page.records.iter().filter(of_call).collect();
        assert!(records.len() <= 1, "{what}: there twice");
        let heard = match records.first() {
            None => Vec::new(),
            Some(record) => {
                let acknowledged = played.acknowledged.contains(&record.id.to_string());
                assert!(
                    record.complete || !acknowledged,
                    "{what}: acknowledged, but not whole"
                );
                owner::samples(&owner::open(&store, seed, record))
            }
        };
        let sure = played.abreast.map(|at| at - UNSEALED - ON_ITS_WAY);
        let sent = caller.sent.iter().filter(|at| Some(**at) < sure).count();
        let (first, found) = find(&heard, &words[..caller.sent.len() * PACKET]);
        assert!(
            found + first + LATE >= sent,
            "{what}: sent {sent} packets until {UNSEALED:?} before the kill, {} in all; {found} of them, from number \
             {first} on, are among the {} samples that are there (hung up: {})",
            caller.sent.len(),
            heard.len(),
            caller.hung_up,
        );
        // The beginning is not what a kill takes away.
        assert!(
            heard.is_empty() || first <= 25,
            "{what}: it begins with packet {first}"
        );
    }
}

/// Which packet of what was sent is the first that was heard, and how many from there on were, in order.
fn find(heard: &[i16], sent: &[i16]) -> (usize, usize) {
    let packets = sent.len() / PACKET;
    let first = (0..packets).find(|n| at(heard, &sent[n * PACKET..][..PACKET]).is_some());
    let Some(first) = first else { return (0, 0) };
    (first, g711::packets_in(heard, &sent[first * PACKET..]))
}

fn at(heard: &[i16], packet: &[i16]) -> Option<usize> {
    heard
        .windows(PACKET)
        .take(4 * PACKET)
        .position(|window| window == packet)
}

#[test]
fn a_kill_at_any_moment_of_a_call_loses_at_most_its_last_second() {
    let rounds =
        std::env::var("OBELUS_KILL_ROUNDS").map_or(5, |text| text.parse().expect("a number of rounds"));
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path());
    let data = folder.path().join("data");
    let seed = owner::own(&Store::open(&data).unwrap(), "main");
    let packets = LONGEST.as_millis() as usize / 20 + 2;
    let words = noise(packets * PACKET);
    let samples: Vec<i16> = words.iter().copied().map(mu_law).collect();
    let mut known = HashSet::new();
    for round in 0..rounds {
        let played = play(&config, &data, round, &words);
        check(&data, &seed, round, &played, &samples, &mut known);
    }
    println!(
        "{} memos were acknowledged in {rounds} rounds, and are there",
        known.len()
    );
    assert!(rounds < 5 || !known.is_empty());
}
