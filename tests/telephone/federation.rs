//! A memo of another domain by telephone, through two whole switches: a caller of the one keys the other's number and the
//! memo's code, and hears the memo as it was recorded. A wrong code is refused, and counted where the memo is.

use crate::g711::{mu_law, noise, packets_in, PACKET};
use crate::switch::Switch;
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::record::Facts;
use obelus::memo::seal;
use obelus::memo::store::telephone::SetLock;
use obelus::memo::store::{Durable, NewMemo, Store};
use obelus::memo::telephone::code::MemoCode;
use obelus::memo::telephone::lock::TelephoneLock;
use obelus::memo::wav;
use std::time::SystemTime;
use zeroize::Zeroizing;

const DIALPLAN: &str = "
[from-trunk]
exten => 601,1,MemoOpen()
 same => n,Verbose(1,memo ${MEMOOPENSTATUS})
";

/// The number by which callers name the other domain.
const NUMBER: &str = "555";

/// A domain on loopback that no other test's switch is likely to have: other domains must know its port beforehand.
fn domain(n: u32) -> String {
    let pid = std::process::id();
    format!("127.{}.{}.{}:18080", 100 + n, pid >> 7 & 0x7f, 1 + (pid & 0x7f))
}

fn http(domain: &str) -> String {
    format!("listen = \"{domain}\"\ndomain = \"{domain}\"")
}

fn federation(domains: &[&str], more: &str) -> String {
    format!("[federation]\nallow_private = {domains:?}\n{more}")
}

/// A memo of the mailbox `ada` with a telephone code.
fn leave(store: &Store, samples: &[i16]) -> (MemoId, MemoKey, MemoCode) {
    let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(samples.to_vec())]));
    let id = sealed.id();
    let facts = Facts {
        mailbox: Some("ada".to_owned()),
        ..Facts::at("memo.example.org", SystemTime::now())
    };
    store.insert(vec![NewMemo { sealed, facts }]).remove(0).unwrap();
    let code = MemoCode::generate();
    let lock = TelephoneLock::of_memo(&id, &key, code.locator, &code.secret);
    assert_eq!(store.telephone().set(&id, &lock).unwrap(), SetLock::Done);
    (id, key, code)
}

/// Calls, keys the other domain's number and a code, hangs up when that switch says this, and gives what was heard.
fn open(switch: &Switch, code: &str, says: (&Switch, &str)) -> Vec<i16> {
    switch.hear_until(601, &format!("{NUMBER}*{code}"), || {
        says.0.wait_for_message(says.1);
    })
}

#[test]
fn a_caller_of_one_switch_hears_a_memo_of_another() {
    let audio: Vec<i16> = noise(PACKET * 75).iter().map(|octet| mu_law(*octet)).collect();
    let (here, there) = (domain(0), domain(1));
    let mut left = None;
    let home = Switch::start_on(
        &http(&there),
        DIALPLAN,
        &format!(
            "{}[[mailbox]]\nname = \"ada\"\ntelephone = true\n",
            federation(&[&here], "")
        ),
        |data| {
            let store = Store::open(data).unwrap();
            let memo = leave(&store, &audio);
            // As a client may upload it that does not make a WAV file of what it records.
            let other = leave(&store, &audio);
            let changed = store.update(&other.0, Durable::Now, |record| {
                record.audio_format = "audio/webm; codecs=opus".to_owned();
                Ok::<(), ()>(())
            });
            assert!(changed.unwrap().is_some());
            left = Some((memo, other));
        },
    );
    let ((id, key, code), (_, _, unplayable)) = left.expect("it was prepared");
    let called = Switch::start_on(
        &http(&here),
        DIALPLAN,
        &federation(
            &[&there],
            &format!("numbers = {{ \"{NUMBER}\" = \"{there}\" }}\n"),
        ),
        |_| {},
    );
    let digits =
        |code: &MemoCode| -> String { code.to_text().chars().filter(char::is_ascii_digit).collect() };
    let right = digits(&code);
    let mut wrong = right.clone();
    let last = wrong.pop().unwrap().to_digit(10).unwrap();
    wrong.push(char::from_digit((last + 1) % 10, 10).unwrap());

    let refused = open(&called, &wrong, (&home, "wrong telephone code"));
    assert_eq!(packets_in(&refused, &audio), 0);
    let counted = |line: &str| line.contains("wrong telephone code") && line.contains(&id.to_string());
    assert_eq!(home.log().lines().filter(|line| counted(line)).count(), 1);
    assert!(
        !called.log().contains("wrong telephone code"),
        "it is not counted here"
    );

    // The memo is heard to its end, and the call ends where nothing is pressed after it.
    let heard = called.hear(601, None, &format!("{NUMBER}*{right}"), 60);
    assert_eq!(
        packets_in(&heard, &audio),
        75,
        "the memo is heard as it was recorded"
    );

    let why = "it is audio/webm, which is not played by telephone";
    let refused = open(&called, &digits(&unplayable), (&called, why));
    assert_eq!(packets_in(&refused, &audio), 0);

    let logs = called.log() + &home.log();
    for secret in [&right, &wrong, code.secret.expose(), &key.to_text()] {
        assert!(!logs.contains(secret), "a code or a key is in a log");
    }
    let folder = home.killed();
    let store = Store::open(&folder.path().join("data")).unwrap();
    let record = store.get(&id).unwrap().unwrap();
    assert_eq!(record.access_count, 1);
    let attempts = record.telephone.unwrap().attempts;
    assert_eq!((attempts.wrong_attempts, attempts.wrong_in_a_row), (1, 0));
}
