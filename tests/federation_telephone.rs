//! Memos of another domain by telephone codes: a caller of one switch opens a memo of the other, which counts what was
//! wrong; requests that prove nothing, and codes of memos that are not for that domain, open nothing.

#[path = "common/served.rs"]
mod served;

use obelus::config::{Config, Mailbox};
use obelus::dialplan::memos::{OpenMemo, Refusal};
use obelus::federation::identity::Identity;
use obelus::federation::signature::sign;
use obelus::http::State;
use obelus::io::services::domains::Federated;
use obelus::io::services::memos::Memos;
use obelus::memo::key::MemoKey;
use obelus::memo::record::Record;
use obelus::memo::store::telephone::SetLock;
use obelus::memo::store::Durable;
use obelus::memo::telephone::code::{MemoCode, Proof};
use obelus::memo::telephone::lock::{Parameters, TelephoneLock};
use obelus::memo::vault::StoredMemo;
use obelus::secret::Digits;
use reqwest::{Client, StatusCode};
use serde_json::{json, Value};
use served::{key_of, Served, RECORDED};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

const TELEPHONE: &str = "/api/federation/voice/telephone";
/// The number by which callers name the other domain.
const NUMBER: &str = "555";

fn tone() -> Vec<i16> {
    (0..8_000)
        .map(|n| if n / 10 % 2 == 0 { 9_000 } else { -9_000 })
        .collect()
}

fn domain(served: &Served) -> String {
    served.address.to_string()
}

fn mailbox(telephone: bool) -> Mailbox {
    Mailbox {
        telephone,
        ..Mailbox::named("main")
    }
}

fn federate(config: &mut Config) {
    config.federation.allow_private = vec!["127.0.0.1".into(), "127.0.0.2".into()];
}

/// The domain that holds the memos.
fn home(change: impl FnOnce(&mut Config)) -> Served {
    Served::start_on("127.0.0.2", "127.0.0.2", |config| {
        federate(config);
        config.mailboxes = vec![mailbox(true)];
        change(config);
    })
}

/// The domain that is called, and what its `MemoOpen` opens memos with: its mailboxes take no codes, which says nothing of
/// the other's.
fn called(there: &Served) -> (Served, Memos) {
    let here = Served::start_on("127.0.0.1", "127.0.0.1", federate);
    let mut config = Config::default();
    federate(&mut config);
    config.http.domain = domain(&here);
    config.federation.numbers = vec![(NUMBER.to_owned(), domain(there))];
    let state = State::new(here.store.clone(), &config.http, &config.federation)
        .unwrap()
        .with_clock(here.clock.clone());
    let memos = Memos::new(&config, here.store.clone(), Some(Arc::new(Federated::new(state))));
    (here, memos)
}

/// Makes a telephone code of a memo.
fn code_of(served: &Served, memo: &StoredMemo) -> MemoCode {
    let (code, key) = (MemoCode::generate(), MemoKey::from_text(&key_of(memo)).unwrap());
    let lock = TelephoneLock::of_memo(&memo.id, &key, code.locator, &code.secret);
    assert_eq!(
        served.store.telephone().set(&memo.id, &lock).unwrap(),
        SetLock::Done
    );
    code
}

fn digits(text: &str) -> Digits {
    Digits::from_text(text).unwrap()
}

/// The same code but for its last digit.
fn wrong(code: &MemoCode) -> String {
    let mut text = code.to_text().to_string();
    let last = text.pop().unwrap().to_digit(10).unwrap();
    text.push(char::from_digit((last + 1) % 10, 10).unwrap());
    text
}

async fn open(memos: &Memos, code: &str) -> Result<OpenMemo, Refusal> {
    memos.open_memo(Some(NUMBER), digits(code)).await
}

fn record(served: &Served, memo: &StoredMemo) -> Record {
    served.store.get(&memo.id).unwrap().unwrap()
}

/// Wrong codes that the memo's home has counted.
fn counted(served: &Served, memo: &StoredMemo) -> u32 {
    record(served, memo).telephone.unwrap().attempts.wrong_attempts
}

fn change(served: &Served, memo: &StoredMemo, change: impl Fn(&mut Record)) {
    let changed = served.store.update(&memo.id, Durable::Now, |record| {
        change(record);
        Ok::<(), ()>(())
    });
    assert!(changed.unwrap().is_some());
}

#[tokio::test]
async fn a_caller_of_one_domain_opens_a_memo_of_another_which_counts_wrong_codes() {
    let there = home(|_| {});
    let (here, memos) = called(&there);
    let memo = there.leave(tone());
    let code = code_of(&there, &memo);
    assert!(memos.has_domain(NUMBER) && !memos.has_domain("556"));

    assert_eq!(open(&memos, &wrong(&code)).await.unwrap_err(), Refusal::Wrong);
    assert_eq!(counted(&there, &memo), 1);
    assert_eq!(record(&there, &memo).access_count, 0);
    let opened = open(&memos, &code.to_text()).await.unwrap();
    assert_eq!(opened.audio.samples(), tone());
    assert_eq!(record(&there, &memo).access_count, 1, "an access like any other");
    assert_eq!(counted(&there, &memo), 1);

    // What no memo has, and what is another domain's, is wrong.
    let unknown = MemoCode::generate();
    assert_eq!(
        open(&memos, &unknown.to_text()).await.unwrap_err(),
        Refusal::Wrong
    );
    let here_alone = memos.open_memo(None, digits(&code.to_text())).await;
    assert_eq!(here_alone.unwrap_err(), Refusal::Off);
    let elsewhere = memos.open_memo(Some("556"), digits(&code.to_text())).await;
    assert_eq!(elsewhere.unwrap_err(), Refusal::Wrong);

    // As often and as long as the memo may be opened; told only to who has its code.
    change(&there, &memo, |record| record.max_accesses = Some(2));
    assert!(open(&memos, &code.to_text()).await.is_ok());
    assert_eq!(open(&memos, &code.to_text()).await.unwrap_err(), Refusal::Expired);
    assert_eq!(open(&memos, &wrong(&code)).await.unwrap_err(), Refusal::Wrong);
    let brief = there.leave_until(tone(), Some(60));
    let code = code_of(&there, &brief);
    there.clock.advance(61);
    here.clock.advance(61);
    assert_eq!(open(&memos, &code.to_text()).await.unwrap_err(), Refusal::Expired);
    assert_eq!(record(&there, &brief).access_count, 0);
}

#[tokio::test]
async fn a_code_opens_nothing_for_a_domain_that_the_memo_is_not_for() {
    let there = home(|_| {});
    let (here, memos) = called(&there);
    let memo = there.leave(tone());
    let code = code_of(&there, &memo);
    let of = |names: Vec<String>, shared: bool| {
        change(&there, &memo, |record| {
            record.trusted_domains = names.clone();
            record.federation_shared = shared;
        });
    };
    for (names, shared) in [(vec!["elsewhere.example".to_owned()], true), (vec![], false)] {
        of(names, shared);
        // The right code and a wrong one alike, and neither counts.
        for text in [code.to_text().to_string(), wrong(&code)] {
            assert_eq!(open(&memos, &text).await.unwrap_err(), Refusal::Wrong);
        }
        assert_eq!(
            (counted(&there, &memo), record(&there, &memo).access_count),
            (0, 0)
        );
    }
    of(vec![domain(&here)], true);
    assert!(open(&memos, &code.to_text()).await.is_ok());
}

#[tokio::test]
async fn a_mailbox_without_codes_and_a_domain_that_trusts_others_refuse() {
    // Codes are off everywhere: the document says so, and nothing is asked.
    let off = home(|config| config.mailboxes = vec![mailbox(false)]);
    let (_here, memos) = called(&off);
    let code = code_of(&off, &off.leave(tone()));
    let Refusal::Failed(why) = open(&memos, &code.to_text()).await.unwrap_err() else {
        panic!("not a failure");
    };
    assert!(why.contains("opens no memos by telephone codes"), "{why}");
    assert!(!off.seen().contains(TELEPHONE));

    // Another mailbox has codes: this one's memos are as if they had none.
    let mixed = home(|config| {
        let other = Mailbox {
            telephone: true,
            ..Mailbox::named("other")
        };
        config.mailboxes = vec![mailbox(false), other];
    });
    let (_here, memos) = called(&mixed);
    let memo = mixed.leave(tone());
    let code = code_of(&mixed, &memo);
    assert_eq!(open(&memos, &code.to_text()).await.unwrap_err(), Refusal::Wrong);
    assert_eq!(
        (counted(&mixed, &memo), record(&mixed, &memo).access_count),
        (0, 0)
    );

    let choosy = home(|config| config.federation.trusted_domains = vec!["elsewhere.example".into()]);
    let (_here, memos) = called(&choosy);
    let code = code_of(&choosy, &choosy.leave(tone()));
    let Refusal::Failed(why) = open(&memos, &code.to_text()).await.unwrap_err() else {
        panic!("not a failure");
    };
    assert!(why.contains("answers only domains that it names"), "{why}");
}

/// What the other domain answers to a request of ours, signed or not.
async fn ask(here: &Served, there: &Served, mut body: Value, signed: bool) -> (StatusCode, Value) {
    static NONCES: AtomicU64 = AtomicU64::new(0);
    let _ = rustls::crypto::ring::default_provider().install_default();
    body["requesting_domain"] = json!(domain(here));
    let (url, body) = (there.url(TELEPHONE), body.to_string());
    let mut request = Client::builder().no_proxy().build().unwrap().post(&url);
    if signed {
        let identity = Identity::load(&here.store).unwrap();
        let nonce = format!("nonce-{:016}", NONCES.fetch_add(1, Ordering::SeqCst));
        let fields = sign(&identity, "POST", &url, body.as_bytes(), RECORDED, &nonce);
        request = request
            .header("content-digest", fields.content_digest)
            .header("signature-input", fields.signature_input)
            .header("signature", fields.signature);
    }
    let response = request.body(body).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn only_signed_requests_are_answered_and_unknown_locators_look_like_others() {
    let there = home(|_| {});
    let (here, _) = called(&there);
    let memo = there.leave(tone());
    let code = code_of(&there, &memo);
    let locator = json!({"locator": code.locator});
    let (status, answer) = ask(&here, &there, locator.clone(), false).await;
    assert_eq!(
        (status, answer["code"].as_str()),
        (StatusCode::FORBIDDEN, Some("unsigned"))
    );

    let (status, known) = ask(&here, &there, locator, true).await;
    assert_eq!(status, StatusCode::OK);
    let parameters: Parameters = serde_json::from_value(known.clone()).unwrap();
    let unknown = json!({"locator": format!("{:06}", (code.locator.number() + 1) % 1_000_000)});
    let (_, decoy) = ask(&here, &there, unknown.clone(), true).await;
    let names = |answer: &Value| answer.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&decoy), names(&known));
    assert_eq!((&decoy["m_kib"], &decoy["t"]), (&known["m_kib"], &known["t"]));
    assert_ne!(decoy["salt"], known["salt"]);
    assert_eq!(ask(&here, &there, unknown, true).await.1, decoy);

    for body in [
        json!({}),
        json!({"locator": 123456}),
        json!({"locator": "12345"}),
        json!({"locator": "123456", "proof": "no proof"}),
    ] {
        assert_eq!(ask(&here, &there, body, true).await.0, StatusCode::BAD_REQUEST);
    }

    let proof = code.secret.derive(&parameters).proof();
    let right = json!({"locator": code.locator, "proof": *proof.to_text()});
    let (status, _) = ask(&here, &there, right.clone(), false).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "the proof alone is not enough");
    assert_eq!(record(&there, &memo).access_count, 0);
    let (status, answer) = ask(&here, &there, right.clone(), true).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["memo_id"], json!(memo.id));
    assert_eq!(answer["encryption"], "aes-256-gcm");

    // Ten wrong ones in a row, of whichever domain, and the right one does not do either; that it waits is not told.
    let guess = |n: u32| {
        let locator = format!("{:06}", (code.locator.number() + n) % 1_000_000);
        json!({"locator": locator, "proof": *Proof::generate().to_text()})
    };
    for _ in 0..10 {
        assert_eq!(ask(&here, &there, guess(0), true).await.0, StatusCode::NOT_FOUND);
    }
    let (waits, unknown) = (
        ask(&here, &there, right, true).await,
        ask(&here, &there, guess(1), true).await,
    );
    assert_eq!(waits, unknown);
    assert_eq!(waits.0, StatusCode::NOT_FOUND);
    assert_eq!(counted(&there, &memo), 10);

    // Who guesses at every locator is held up before it wears out many locks.
    let mut refused = None;
    for n in 0..30 {
        let (status, _) = ask(&here, &there, guess(n + 2), true).await;
        if status == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(n);
            break;
        }
    }
    assert_eq!(
        refused,
        Some(18),
        "thirty wrong ones, whichever memo they are for"
    );
}
