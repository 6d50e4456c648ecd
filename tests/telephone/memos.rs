//! Memos by telephone, through a whole switch: an owner calls, keys the code, hears the memo as it was recorded, and
//! deletes it; whoever has a memo's own code hears that one. Nothing of code or key is in the log.

use crate::g711::{mu_law, noise, packets_in, PACKET};
use crate::switch::Switch;
use obelus::memo::envelope::{self, Contents};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::{Link, LinkBase};
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::Facts;
use obelus::memo::seal;
use obelus::memo::store::mailboxes::OwnerKey;
use obelus::memo::store::telephone::SetLock;
use obelus::memo::store::{NewMemo, Store};
use obelus::memo::telephone::code::{CodeSecret, MemoCode};
use obelus::memo::telephone::lock::TelephoneLock;
use obelus::memo::wav;
use obelus::secret::Digits;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

const DIALPLAN: &str = "
[from-trunk]
exten => 600,1,MemoMain(ada)
 same => n,Verbose(1,inbox ${MEMOMAINSTATUS})
exten => 601,1,MemoOpen()
 same => n,Verbose(1,memo ${MEMOOPENSTATUS})
exten => h,1,Verbose(1,over ${MEMOMAINSTATUS}${MEMOOPENSTATUS})
";

const MAILBOX: &str = "
[[mailbox]]
name = \"ada\"
telephone = true
";

/// How long a caller waits for what is said after the last key: longer than a busy machine takes to try a code.
const STAY_SECS: u32 = 60;

/// The owner's code, and one that differs in its last digit.
const CODE: &str = "4815162342108151";
const WRONG: &str = "4815162342108150";

/// What is in the store before the switch starts.
struct Prepared {
    seed: OwnerSeed,
    keys: Vec<MemoKey>,
    code: MemoCode,
    /// What each memo says.
    audio: Vec<Vec<i16>>,
}

/// An owner with a code and two memos, of which the second has a code of its own.
fn prepare(data: &std::path::Path) -> Prepared {
    let store = Store::open(data).unwrap();
    let (seed, now) = (OwnerSeed::generate(), SystemTime::now());
    let public = seed.public_key(Kem::XWing);
    let owner = OwnerKey::new(&public, seed.listing_token().verifier(), now);
    store.mailboxes().set_owner("ada", owner).unwrap();
    let secret = CodeSecret::chosen(Digits::from_text(CODE).unwrap()).unwrap();
    let lock = TelephoneLock::of_mailbox("ada", &seed, &secret);
    assert!(store.telephone().set_mailbox("ada", Some(&lock)).unwrap());

    let spoken = noise(PACKET * 150);
    let audio: Vec<Vec<i16>> = spoken
        .chunks(PACKET * 75)
        .map(|half| half.iter().map(|octet| mu_law(*octet)).collect())
        .collect();
    let base = LinkBase::new("memo.example.org", None, true);
    let mut keys = Vec::new();
    let mut ids: Vec<MemoId> = Vec::new();
    for (n, samples) in audio.iter().enumerate() {
        let (sealed, key) = seal::seal(wav::encode(vec![Zeroizing::new(samples.clone())]));
        let id = sealed.id();
        let mut contents = Contents::new(
            MemoKey::from_text(&key.to_text()).unwrap(),
            &Link::new(&base, &id, &key),
        );
        contents.from = Zeroizing::new("+1 555 0100".to_owned());
        let facts = Facts {
            mailbox: Some("ada".to_owned()),
            envelope: Some(envelope::seal(&public, &id, &contents).unwrap()),
            ..Facts::at("memo.example.org", now - Duration::from_secs(60 - n as u64))
        };
        store.insert(vec![NewMemo { sealed, facts }]).remove(0).unwrap();
        keys.push(key);
        ids.push(id);
    }
    let code = MemoCode::generate();
    let lock = TelephoneLock::of_memo(&ids[1], &keys[1], code.locator, &code.secret);
    assert_eq!(store.telephone().set(&ids[1], &lock).unwrap(), SetLock::Done);
    Prepared {
        seed,
        keys,
        code,
        audio,
    }
}

/// The owner's list, over HTTP.
fn list(switch: &Switch, seed: &OwnerSeed) -> Value {
    switch.ask(&format!(
        "GET /api/mailboxes/ada/memos HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        *seed.listing_token().to_text()
    ))
}

/// A switch over that store.
fn start() -> (Switch, Prepared) {
    let mut prepared = None;
    let switch = Switch::start_over(DIALPLAN, MAILBOX, |data| prepared = Some(prepare(data)));
    (switch, prepared.expect("it was prepared"))
}

impl Prepared {
    /// The digits of the second memo's code.
    fn keys_of_memo(&self) -> String {
        self.code.to_text().chars().filter(char::is_ascii_digit).collect()
    }

    /// Nothing of any code or key is in the log.
    fn assert_unlogged(&self, log: &str) {
        let secrets = self.keys.iter().map(|key| key.to_text().to_string());
        let code = self.keys_of_memo();
        let codes = [CODE, WRONG, &code, self.code.secret.expose()].map(str::to_owned);
        for secret in secrets.chain(codes).chain([self.seed.to_text().to_string()]) {
            assert!(!log.contains(&secret), "a code or a key is in the log");
        }
    }
}

#[test]
fn an_owner_hears_and_deletes_a_memo() {
    let (switch, prepared) = start();
    let Prepared { seed, audio, .. } = &prepared;
    // The first memo: 1 goes to it, 1 again skips its envelope.
    let heard = switch.hear(600, None, &format!("{CODE}#11"), STAY_SECS);
    assert_eq!(
        packets_in(&heard, &audio[0]),
        75,
        "the memo is heard as it was recorded"
    );
    assert_eq!(packets_in(&heard, &audio[1]), 0);
    let memos = list(&switch, seed);
    assert_eq!(
        (&memos["total"], &memos["unread"]),
        (&2.into(), &1.into()),
        "{memos}"
    );
    assert_eq!(memos["memos"][1]["access_count"], 1);

    // 2 1 goes to the old folder, where it is now; 7 deletes it, # ends.
    switch.hear(600, None, &format!("{CODE}#21117#"), STAY_SECS);
    let memos = list(&switch, seed);
    assert_eq!(
        (&memos["total"], &memos["unread"]),
        (&1.into(), &1.into()),
        "{memos}"
    );
    prepared.assert_unlogged(&switch.log());
}

#[test]
fn the_holder_of_a_memos_code_hears_that_memo() {
    let (switch, prepared) = start();
    let heard = switch.hear(601, None, &prepared.keys_of_memo(), STAY_SECS);
    assert_eq!(packets_in(&heard, &prepared.audio[1]), 75);
    assert_eq!(packets_in(&heard, &prepared.audio[0]), 0);
    prepared.assert_unlogged(&switch.log());
}

#[test]
fn the_third_wrong_code_ends_the_call() {
    let (switch, prepared) = start();
    switch.hear(600, None, &format!("{WRONG}#{WRONG}#{WRONG}#"), STAY_SECS);
    switch.wait_for_message("over WRONG");
    let log = switch.log();
    assert!(log.contains("wrong telephone code"), "wrong codes are logged");
    prepared.assert_unlogged(&log);
}
