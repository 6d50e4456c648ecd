//! Nothing left behind: a call leaves a memo while another echoes, and a second program looks for what was said and for the
//! key in all memory of the switch and in all files of its store. During the calls it finds them; after, nothing.

#[path = "common/g711.rs"]
mod g711;
#[path = "common/peer.rs"]
mod peer;
#[path = "common/switch.rs"]
mod switch;

use base64::Engine as _;
use obelus::io::control::{Client, Request};
use obelus::memo::envelope;
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::Record;
use obelus::phone::{self, PhoneConfig, Progress, Start};
use obelus::time::Duration;
use serde_json::{json, Value};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;
use switch::Switch;
use tokio::sync::watch;
use zeroize::Zeroizing;

const DIALPLAN: &str = "\
[from-trunk]
exten => 100,1,Answer()
 same => n,Memo(main)
exten => 200,1,Answer()
 same => n,Echo()
";
/// What is said, in octets of G.711: three seconds. Callers say it again and again.
const SAID: usize = 3 * 8_000;
/// How often: for longer than a busy machine takes until it has looked into the call.
const TIMES: usize = 40;
/// A call is looked into when it has lasted so long: much of it is recorded, and the caller speaks still.
const INTO_THE_CALL: Duration = Duration::from_millis(1_800);
/// The program that looks.
struct Search {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Search {
    /// None where this user may not read the memory of that process: not dumpable, it is the superuser's alone.
    fn start(python: &Path, pid: u32, folder: &Path) -> Option<Self> {
        let mut child = Command::new(python)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/peers/search_memory.py"
            ))
            .arg(pid.to_string())
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut search = Search {
            requests: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
        };
        let begun = search.answer();
        if begun["ready"] == true {
            return Some(search);
        }
        assert!(
            std::env::var_os("CI").is_none(),
            "the memory cannot be read: {begun}"
        );
        let _ = writeln!(
            std::io::stderr(),
            "left out: the search of memory, because of {begun}"
        );
        None
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the program that searches answers")
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").unwrap();
        self.answer()
    }

    fn snapshot(&mut self, name: &str) {
        let taken = self.ask(&json!({"snapshot": name}));
        assert!(taken["memory"].as_u64() > Some(1 << 20), "{taken}");
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call that says this from the answer on, until `over`; tells when it has lasted a while, and when it has ended.
fn call(
    target: String,
    samples: Vec<i16>,
    over: watch::Receiver<bool>,
    told: mpsc::Sender<&'static str>,
) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let config = PhoneConfig {
            wav: Some(samples),
            start: Start::OnAnswer,
            ..PhoneConfig::new(target)
        };
        let mut over = over;
        let stop = async move {
            let _ = over.wait_for(|over| *over).await;
        };
        let mut is_new = true;
        let report = runtime
            .unwrap()
            .block_on(phone::call_until(config, stop, |progress| match progress {
                Progress::Figures { elapsed, .. } if is_new && elapsed >= INTO_THE_CALL => {
                    is_new = false;
                    let _ = told.send("lasts");
                }
                _ => {}
            }));
        assert_eq!(report.expect("the call is made").failure(), None);
    })
}

/// Octets that no memory holds by chance, each of which its own sample gives again.
fn said() -> Vec<u8> {
    // Mu-law has two zeros; a sample gives the other one.
    g711::noise(SAID)
        .into_iter()
        .map(|octet| if octet == 0x7f { 0x70 } else { octet })
        .collect()
}

/// A key that the switch is to forget, found out from what it gave to others: from the link that it handed over, or from
/// the envelope of the memo, which the owner's seed opens.
fn key_of(switch: &Switch, memo: &Value, owner: Option<&OwnerSeed>) -> Vec<u8> {
    let text = match owner {
        None => Zeroizing::new(switch::key_of(memo).to_owned()),
        Some(seed) => {
            let id = memo["memo_id"].as_str().expect("an id").to_owned();
            let client = Client::connect(&switch.folder().join("data"))
                .unwrap()
                .expect("the switch runs");
            let mut record = Value::Null;
            client
                .ask(&Request::MemoRecord { id }, |line| record = line)
                .unwrap();
            let record: Record = serde_json::from_value(record).unwrap();
            let sealed = record.sealed_envelope.expect("it is sealed to the owner");
            envelope::open(seed, &record.id, &sealed).unwrap().key.to_text()
        }
    };
    base64::engine::general_purpose::URL_SAFE.decode(&*text).unwrap()
}

/// Gives the mailbox its owner, whose seed the switch never sees.
fn make_owner(switch: &Switch) -> OwnerSeed {
    let seed = OwnerSeed::generate();
    let request = Request::MailboxKey {
        name: "main".into(),
        kem: Kem::XWing,
        public_key: seed.public_key(Kem::XWing).to_text(),
        listing_token_hash: hex::encode(seed.listing_token().verifier().as_bytes()),
        replace: false,
    };
    let client = Client::connect(&switch.folder().join("data"))
        .unwrap()
        .expect("the switch runs");
    client.ask(&request, |_| {}).unwrap();
    seed
}

/// Both in one test: two switches at once would be slowed down by each other's searches.
#[test]
fn calls_leave_neither_their_keys_nor_their_audio_behind() {
    let Some(python) = peer::peer("python3") else {
        return;
    };
    for has_owner in [false, true] {
        if !leaves_nothing_behind(&python, has_owner) {
            return;
        }
    }
}

/// `false` where it cannot be looked into.
fn leaves_nothing_behind(python: &Path, has_owner: bool) -> bool {
    let switch = Switch::start(DIALPLAN);
    let data = switch.folder().join("data");
    let Some(mut search) = Search::start(python, switch.pid(), &data) else {
        return false;
    };
    let owner = has_owner.then(|| make_owner(&switch));

    let octets = said();
    let samples: Vec<i16> = octets.iter().map(|octet| g711::mu_law(*octet)).collect();
    let pcm: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut secrets = json!({
        "octets": {"hex": hex::encode(&octets), "run": 16},
        "samples": {"hex": hex::encode(&pcm), "run": 32},
    });

    let (hang_up, over) = watch::channel(false);
    let (told, tells) = mpsc::channel();
    let calls = ["100", "200"].map(|number| {
        let target = format!("sip:{number}@{}", switch.udp);
        call(target, samples.repeat(TIMES), over.clone(), told.clone())
    });
    for _ in &calls {
        tells.recv_timeout(switch::PATIENCE).expect("the call lasts");
    }
    search.snapshot("during");
    hang_up.send(true).unwrap();
    for call in calls {
        call.join().expect("the call succeeds");
    }
    let memo = switch.next_memo();
    let key = key_of(&switch, &memo, owner.as_ref());
    secrets["key"] = json!({"hex": hex::encode(key), "run": 16});

    let during = search.ask(&json!({"search": "during", "for": secrets}));
    for secret in ["octets", "samples", "key"] {
        assert!(
            during[secret]["raw"].is_array(),
            "the search finds no {secret}: {during}"
        );
    }
    // The switch ends calls and tells owners after it hung up.
    let begun = Instant::now();
    loop {
        search.snapshot("after");
        let after = search.ask(&json!({"search": "after", "for": secrets}));
        if after == json!({}) {
            return true;
        }
        let waited = begun.elapsed();
        assert!(
            waited < switch::PATIENCE,
            "with an owner: {has_owner}; still there: {after:#}"
        );
        eprintln!("after {waited:?}: {after}");
    }
}
