//! The client libraries of `contrib/` against two running switches: each opens memos of the one directly and through the
//! other, in Python also by signed requests in the other's name and by a telephone code, and is refused what it should be.

#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;

use obelus::config::{Config, Mailbox};
use obelus::federation::identity::Identity;
use obelus::memo::key::MemoKey;
use obelus::memo::store::telephone::SetLock;
use obelus::memo::store::Durable;
use obelus::memo::telephone::code::MemoCode;
use obelus::memo::telephone::lock::TelephoneLock;
use obelus::memo::vault::StoredMemo;
use obelus::memo::wav;
use peer::peer;
use serde_json::{json, Value};
use served::{key_of, Served, RECORDED};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::process::Command;
use zeroize::Zeroizing;

fn samples() -> Vec<i16> {
    (0..12_000).map(|n| (n % 1_000) as i16 * 20).collect()
}

fn start(address: &'static str) -> Served {
    Served::start_on(address, address, |config: &mut Config| {
        config.federation.allow_private = vec!["127.0.0.1".into(), "127.0.0.2".into()];
        config.mailboxes = vec![Mailbox {
            telephone: true,
            ..Mailbox::named("main")
        }];
    })
}

/// Two switches, and memos of the second.
struct Pair {
    a: Served,
    b: Served,
    memo: Box<StoredMemo>,
    expired: Box<StoredMemo>,
    /// For other domains than `a`.
    private: Box<StoredMemo>,
}

impl Pair {
    fn start() -> Self {
        let (a, b) = (start("127.0.0.1"), start("127.0.0.2"));
        let (memo, expired, private) = (
            b.leave(samples()),
            b.leave_until(samples(), Some(60)),
            b.leave(samples()),
        );
        let changed = b.store.update(&private.id, Durable::Now, |record| {
            record.trusted_domains = vec!["elsewhere.example".into()];
            Ok::<(), ()>(())
        });
        assert!(changed.unwrap().is_some());
        a.clock.advance(61);
        b.clock.advance(61);
        Pair {
            a,
            b,
            memo,
            expired,
            private,
        }
    }

    /// What a person's program is to come to, directly and through the other switch.
    fn cases(&self) -> Vec<Value> {
        let link = |memo: &StoredMemo| memo.link.expose().to_owned();
        let wrong = link(&self.memo).replace(&key_of(&self.memo), &MemoKey::generate().to_text());
        let mut cases = Vec::new();
        for (how, via) in [
            ("directly", Value::Null),
            ("through the other", json!(self.a.url(""))),
        ] {
            for (what, link, expect) in [
                ("a memo", link(&self.memo), "ok"),
                ("a wrong key", wrong.clone(), "wrong-key"),
                ("an expired memo", link(&self.expired), "expired"),
            ] {
                cases.push(self.case(&format!("{what} {how}"), &link, expect, json!({"via": via})));
            }
        }
        // A list of domains binds servers, and not who has the link.
        let private = link(&self.private);
        let (direct, through) = (json!({"via": null}), json!({"via": self.a.url("")}));
        cases.push(self.case("a memo of others directly", &private, "ok", direct));
        cases.push(self.case("a memo of others through the other", &private, "refused", through));
        cases
    }

    /// What a domain's server is to come to, that signs as `a`.
    fn signed(&self) -> Vec<Value> {
        let seed = hex::encode(std::fs::read(self.a.folder().join("data/identity")).unwrap());
        let ours = |more: Value| {
            let mut how = json!({"seed": seed, "requesting_domain": self.a.address.to_string()});
            how.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            how
        };
        let link = self.memo.link.expose();
        let wrong = link.replace(&key_of(&self.memo), &MemoKey::generate().to_text());
        let (expired, private) = (self.expired.link.expose(), self.private.link.expose());
        let code = self.code();
        let mut wrong_code = code.clone();
        let last = wrong_code.pop().unwrap().to_digit(10).unwrap();
        wrong_code.push(char::from_digit((last + 1) % 10, 10).unwrap());
        let by_code = |code: &str| ours(json!({"code": code, "domain": self.b.url("")}));
        vec![
            self.case("signed", link, "ok", ours(json!({}))),
            self.case("signed, a wrong key", &wrong, "wrong-key", ours(json!({}))),
            self.case("signed, an expired memo", expired, "expired", ours(json!({}))),
            self.case("signed, a memo of others", private, "refused", ours(json!({}))),
            self.case(
                "forged: another request's",
                link,
                "refused",
                ours(json!({"altered": true})),
            ),
            self.case(
                "forged: a stranger's key",
                link,
                "refused",
                ours(json!({"seed": "09".repeat(32)})),
            ),
            self.case(
                "forged: another domain's name",
                link,
                "refused",
                ours(json!({"requesting_domain": self.b.address.to_string()})),
            ),
            self.case(
                "a signature that expired",
                link,
                "refused",
                ours(json!({"late": true})),
            ),
            self.case("replayed", link, "refused", ours(json!({"twice": true}))),
            self.case("verified", link, "ok", ours(json!({"verify": null}))),
            self.case(
                "verified, a wrong key",
                &wrong,
                "ok",
                ours(json!({"verify": "unknown memo or wrong key"})),
            ),
            self.case(
                "verified, expired",
                expired,
                "ok",
                ours(json!({"verify": "expired"})),
            ),
            self.case("a telephone code", "", "ok", by_code(&code)),
            self.case("a wrong telephone code", "", "wrong-key", by_code(&wrong_code)),
        ]
    }

    fn case(&self, name: &str, link: &str, expect: &str, how: Value) -> Value {
        let file = wav::encode(vec![Zeroizing::new(samples())]);
        let mut case = json!({
            "name": name, "link": link, "expect": expect, "audio_sha256": hex::encode(Sha256::digest(&*file)),
        });
        let how = how.as_object().unwrap().clone();
        case.as_object_mut().unwrap().extend(
            how.into_iter()
                .filter(|(name, value)| name != "via" || !value.is_null()),
        );
        case
    }

    /// A telephone code of the memo.
    fn code(&self) -> String {
        let (code, key) = (
            MemoCode::generate(),
            MemoKey::from_text(&key_of(&self.memo)).unwrap(),
        );
        let lock = TelephoneLock::of_memo(&self.memo.id, &key, code.locator, &code.secret);
        let set = self.b.store.telephone().set(&self.memo.id, &lock).unwrap();
        assert_eq!(set, SetLock::Done);
        code.to_text().to_string()
    }

    /// Runs a checker over the cases, and finds that no key reached either switch.
    fn check(&self, program: PathBuf, arguments: &[&str], cases: Vec<Value>) {
        let domains: Vec<Value> = [&self.a, &self.b]
            .map(|served| {
                let keyid = Identity::load(&served.store).unwrap().keyid().to_owned();
                json!({"base": served.url(""), "keyid": keyid})
            })
            .to_vec();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pair.json");
        let told = json!({"now": RECORDED + 61, "cases": cases, "domains": domains});
        std::fs::write(&file, told.to_string()).unwrap();
        let output = Command::new(program)
            .args(arguments)
            .arg("pair")
            .arg(&file)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        for served in [&self.a, &self.b] {
            for memo in [&self.memo, &self.expired, &self.private] {
                assert!(!served.seen().contains(&key_of(memo)), "a key was sent");
            }
        }
    }
}

#[test]
fn javascript_opens_memos_of_a_running_pair() {
    let Some(node) = peer("node") else {
        return;
    };
    let pair = Pair::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/voice_memo_check.mjs");
    pair.check(node, &[script, "native"], pair.cases());
    let record = pair.b.store.get(&pair.expired.id).unwrap().unwrap();
    assert_eq!(record.access_count, 0);
}

#[test]
fn python_opens_memos_of_a_running_pair_by_signed_requests_and_telephone_codes_too() {
    let Some(python) = peer("python3:cryptography") else {
        return;
    };
    let pair = Pair::start();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/voice_memo_check.py");
    let mut cases = pair.cases();
    cases.extend(pair.signed());
    pair.check(python, &[script], cases);
    let record = |memo: &StoredMemo| pair.b.store.get(&memo.id).unwrap().unwrap();
    assert_eq!(
        record(&pair.memo).telephone.unwrap().attempts.wrong_attempts,
        1,
        "the memo's own domain counts wrong codes"
    );
    assert_eq!(record(&pair.expired).access_count, 0);
}
