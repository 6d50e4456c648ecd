//! kill -9 at any moment loses no memo that was reported as stored. A second copy of this program stores memos and prints
//! each link as soon as it is told that the memo is stored; it is killed in the middle, and everything it printed must
//! open.

use obelus::memo::link::{LinkBase, ParsedLink};
use obelus::memo::open::open_stored;
use obelus::memo::store::Store;
use obelus::memo::vault::{MemoMeta, Vault, VaultCommand, VaultEvent};
use obelus::rng::Rng;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// Where the second copy finds its store.
const STORE: &str = "OBELUS_TEST_KILL_STORE";
const ROUNDS: u64 = 20;
const SAMPLES: usize = 4_000;

/// What the second copy does, until it is killed: memos in batches of one to four.
fn store_for_ever(folder: &Path) {
    let store = Store::open(folder).unwrap();
    let base = LinkBase::new("memo.example.org", None, true);
    let mut vault = Vault::new(store, "memo.example.org".into(), base);
    let mut out = std::io::stdout().lock();
    for recording in (0_u64..).step_by(4) {
        let commands = (recording..recording + 1 + recording / 4 % 4)
            .flat_map(|recording| {
                let samples = Zeroizing::new(vec![7; SAMPLES]);
                let meta = MemoMeta::at(SystemTime::UNIX_EPOCH + Duration::from_secs(recording));
                [
                    VaultCommand::Append { recording, samples },
                    VaultCommand::Finish { recording, meta },
                ]
            })
            .collect();
        for event in vault.handle(commands) {
            let VaultEvent::Stored { memo, .. } = event else {
                panic!("{event:?}")
            };
            // One write for the whole line, so that a kill leaves no half of one.
            out.write_all(format!("{}\n", memo.link.expose()).as_bytes())
                .unwrap();
        }
    }
}

/// The link in a line; the test harness prints words of its own, before the first one in the same line.
fn link(line: String) -> Option<String> {
    line.split_whitespace()
        .find(|word| word.contains("/voice/"))
        .map(str::to_owned)
}

#[test]
fn a_kill_at_any_moment_loses_no_memo_that_was_reported_as_stored() {
    if let Some(folder) = std::env::var_os(STORE) {
        store_for_ever(Path::new(&folder));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Rng::from_seed(20);
    let mut links: Vec<String> = Vec::new();
    for round in 0..ROUNDS {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--nocapture",
                "--exact",
                "a_kill_at_any_moment_loses_no_memo_that_was_reported_as_stored",
            ])
            .env(STORE, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut lines = output.lines().map(Result::unwrap).filter_map(link);
        // Reads so many reports, then a little computing of random length, so that the kill comes anywhere in a batch.
        let reports = 1 + rng.below(12) as usize;
        let mut seen: Vec<String> = lines.by_ref().take(reports).collect();
        assert_eq!(seen.len(), reports, "round {round}: the second copy stores");
        let mut idle = Rng::from_seed(round);
        for _ in 0..rng.below(300_000) {
            std::hint::black_box(idle.u64());
        }
        process.kill().unwrap();
        process.wait().unwrap();
        // What was in the pipe when the kill came was reported too.
        seen.extend(lines);
        links.extend(seen);

        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.report().bodies_damaged, 0, "round {round}");
        for link in &links {
            let link = ParsedLink::parse(link).unwrap();
            let audio = open_stored(&store, &link)
                .unwrap_or_else(|error| panic!("round {round}: {} was reported as stored: {error}", link.id));
            assert_eq!(audio.len(), 44 + 2 * SAMPLES);
        }
        let bodies = std::fs::read_dir(folder.path().join("memos")).unwrap().count();
        assert_eq!(bodies, store.count(), "round {round}: no orphan remains");
    }
    assert!(links.len() as u64 >= ROUNDS);
}
