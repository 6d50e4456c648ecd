//! The owner's API, uploads and counted links, as a client sees them, over real HTTP on loopback.

#[path = "common/served.rs"]
mod served;

use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use base64::Engine as _;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use obelus::config::Config;
use obelus::http::State;
use obelus::limits;
use obelus::memo::envelope::{self, Contents, Envelope};
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::{Link, LinkBase};
use obelus::memo::owner::{Kem, OwnerSeed};
use obelus::memo::record::{Clear, Facts, Source};
use obelus::memo::seal::{self, SealedMemo};
use obelus::memo::store::mailboxes::OwnerKey;
use obelus::memo::store::receipts::Issuer;
use obelus::memo::store::{NewMemo, Store};
use obelus::memo::telephone::code::CodeSecret;
use obelus::memo::telephone::lock::TelephoneLock;
use obelus::memo::token::AccessToken;
use obelus::memo::wav;
use obelus::secret::Secret;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{json, Value};
use served::{trust_loopback, Served, RECORDED};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use zeroize::Zeroizing;

fn time(secs: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(RECORDED + secs)
}

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A served store whose mailbox `main` has an owner.
struct Inbox {
    served: Served,
    seed: OwnerSeed,
    http: Client,
}

impl Inbox {
    fn new() -> Self {
        Inbox::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        Inbox::serving(change, |state| state)
    }

    fn serving(change: impl FnOnce(&mut Config), serve: impl FnOnce(State) -> State) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let served = Served::start_as("127.0.0.1", "localhost", change, serve);
        served.store.set_issuer(Issuer {
            domain: "memo.example.org".into(),
            sign: Arc::new(|text| ("key-1".into(), signing_key().sign(text).to_bytes())),
        });
        let seed = OwnerSeed::generate();
        let inbox = Inbox {
            served,
            seed,
            http: Client::builder().no_proxy().build().unwrap(),
        };
        inbox.own("main", &inbox.seed);
        inbox
    }

    fn store(&self) -> &Store {
        &self.served.store
    }

    /// Gives a mailbox its owner.
    fn own(&self, mailbox: &str, seed: &OwnerSeed) {
        let owner = OwnerKey::new(
            &seed.public_key(Kem::X25519),
            seed.listing_token().verifier(),
            time(0),
        );
        self.store().mailboxes().set_owner(mailbox, owner).unwrap();
    }

    fn token(&self) -> String {
        self.seed.listing_token().to_text().to_string()
    }

    /// A request of the owner's below the mailbox `main`.
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, &format!("/api/mailboxes/main{path}"))
            .bearer_auth(self.token())
    }

    fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.served.url(path))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = answered(self.ask(Method::GET, path)).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    async fn patch(&self, id: &MemoId, changes: Value) -> (StatusCode, Value) {
        answered(self.ask(Method::PATCH, &format!("/memos/{id}")).json(&changes)).await
    }

    /// Leaves a call's memo in the mailbox `main`, with an envelope.
    fn leave(&self, secs: u64) -> (MemoId, MemoKey) {
        self.leave_with(|facts| facts.created_at = time(secs))
    }

    fn leave_with(&self, change: impl FnOnce(&mut Facts)) -> (MemoId, MemoKey) {
        let (sealed, key) = sealed();
        let id = sealed.id();
        let mut facts = Facts {
            mailbox: Some("main".into()),
            envelope: Some(self.envelope(&id, &key)),
            ..Facts::at("memo.example.org", time(0))
        };
        change(&mut facts);
        self.store()
            .insert(vec![NewMemo { sealed, facts }])
            .remove(0)
            .unwrap();
        (id, key)
    }

    fn envelope(&self, id: &MemoId, key: &MemoKey) -> Envelope {
        let key = MemoKey::from_text(&key.to_text()).unwrap();
        let link = Link::new(&LinkBase::new("memo.example.org", None, true), id, &key);
        let contents = Contents::new(key, &link);
        envelope::seal(&self.seed.public_key(Kem::X25519), id, &contents).unwrap()
    }

    /// The audio, as who has the link gets it.
    async fn audio(&self, id: &MemoId, key: &MemoKey) -> StatusCode {
        let token = AccessToken::derive(key).to_text().to_string();
        let request = self.anonymous(Method::GET, &format!("/voice/{id}/audio"));
        let response = request.bearer_auth(token).send().await.unwrap();
        let status = response.status();
        response.bytes().await.unwrap();
        status
    }
}

async fn answered(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn sealed() -> (SealedMemo, MemoKey) {
    seal::seal(wav::encode(vec![Zeroizing::new(vec![500_i16; 800])]))
}

/// An upload as a browser makes it, and its key.
fn upload(change: impl FnOnce(&mut Value)) -> (MemoId, MemoKey, Value) {
    let (sealed, key) = sealed();
    let token = AccessToken::derive(&key);
    let hash = |text: &str| hex::encode(Sha256::digest(URL_SAFE.decode(text).unwrap()));
    let mut body = json!({
        "id": sealed.id(),
        "encryption_iv": URL_SAFE.encode(sealed.iv()),
        "access_key_hash": hash(&key.to_text()),
        "access_token_hash": hash(&token.to_text()),
        "audio_format": "audio/webm;codecs=opus",
        "encrypted_audio_b64": STANDARD.encode(sealed.ciphertext()),
    });
    change(&mut body);
    (sealed.id(), key, body)
}

fn ids(list: &Value) -> Vec<String> {
    let text = |entry: &Value| entry["id"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}

fn record_allowed(config: &mut Config) {
    config.http.record = true;
}

#[tokio::test]
async fn the_owner_lists_the_mailbox_newest_first_in_pages() {
    let inbox = Inbox::new();
    let (first, _) = inbox.leave(10);
    let (third, _) = inbox.leave(30);
    let (second, _) = inbox.leave(20);
    inbox.leave_with(|facts| facts.mailbox = Some("office".into()));
    inbox.leave_with(|facts| facts.mailbox = None);
    let page = inbox.get("/memos?limit=2").await;
    assert_eq!((&page["total"], &page["unread"]), (&json!(3), &json!(3)));
    assert_eq!(ids(&page["memos"]), [third.to_string(), second.to_string()]);
    let rest = inbox
        .get(&format!(
            "/memos?limit=2&after={}",
            page["next"].as_str().unwrap()
        ))
        .await;
    assert_eq!(ids(&rest["memos"]), [first.to_string()]);
    assert!(rest.get("next").is_none());
    let record = inbox.store().get(&third).unwrap().unwrap();
    assert_eq!(
        page["memos"][0],
        json!({
            "id": third,
            "created_at": "2027-01-15T08:00:30.000Z",
            "size_bytes": 1_660,
            "audio_format": "audio/wav",
            "encryption": "aes-256-gcm",
            "encryption_iv": URL_SAFE.encode(record.encryption_iv),
            "complete": true,
            "heard": false,
            "access_count": 0,
            "last_accessed_at": null,
            "expires_at": null,
            "max_accesses": null,
            "federation_shared": true,
            "trusted_domains": [],
            "source": "sip_call",
            "shares": 0,
            "telephone": false,
            "sealed_envelope": record.sealed_envelope,
        })
    );
    for path in ["/memos?limit=x", "/memos?after=x"] {
        assert_eq!(
            answered(inbox.ask(Method::GET, path)).await.0,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn what_a_mailbox_leaves_in_clear_is_listed() {
    let inbox = Inbox::with(|config| config.http.admin_token = Some(Secret::new("sesame".into())));
    inbox.leave_with(|facts| {
        facts.clear = Some(Clear {
            from: Some("+15550100123".into()),
            ..Clear::default()
        });
    });
    let page = inbox.get("/memos").await;
    assert_eq!(page["memos"][0]["clear"], json!({"from": "+15550100123"}));
    let list = inbox.anonymous(Method::GET, "/voicemails").bearer_auth("sesame");
    let (_, list) = answered(list).await;
    assert_eq!(list["voicemails"][0]["from"], "+15550100123");
    assert!(list["voicemails"][0]["sealed_envelope"].is_object());
}

#[tokio::test]
async fn only_the_owner_gets_in_and_an_unknown_mailbox_is_answered_alike() {
    let inbox = Inbox::new();
    let (id, _) = inbox.leave(0);
    let other = OwnerSeed::generate().listing_token().to_text().to_string();
    let requests = [
        (Method::GET, "/memos".to_owned()),
        (Method::GET, format!("/memos/{id}")),
        (Method::PATCH, format!("/memos/{id}")),
        (Method::DELETE, format!("/memos/{id}")),
        (Method::GET, format!("/memos/{id}/shares")),
        (Method::POST, format!("/memos/{id}/shares")),
        (Method::GET, "/changes?since=0".to_owned()),
    ];
    for (method, path) in &requests {
        let ask = |mailbox: &str| {
            let path = format!("/api/mailboxes/{mailbox}{path}");
            inbox.anonymous(method.clone(), &path).json(&json!({}))
        };
        let (status, answer) = answered(ask("main")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}: {answer}");
        let wrong = answered(ask("main").bearer_auth(&other)).await;
        assert_eq!(wrong.0, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(wrong.1["error"], "unknown mailbox or wrong key");
        assert_eq!(answered(ask("nobody").bearer_auth(&other)).await, wrong);
        assert_eq!(answered(ask("main").bearer_auth("no token")).await, wrong);
        // A text that is no token must not be taken for the token of a mailbox that is none.
        assert_eq!(answered(ask("nobody").bearer_auth("no token")).await, wrong);
        inbox.served.clock.advance(3_600);
    }
    assert!(inbox.store().contains(&id));
    assert!(!inbox.served.seen().is_empty());
}

#[tokio::test]
async fn guesses_at_a_mailbox_are_bounded_without_locking_its_owner_out() {
    let inbox = Inbox::with(trust_loopback);
    let ask = |token: String, from: &'static str| {
        inbox
            .anonymous(Method::GET, "/api/mailboxes/main/memos")
            .header("x-forwarded-for", from)
            .bearer_auth(token)
    };
    for _ in 0..20 {
        let token = OwnerSeed::generate().listing_token().to_text().to_string();
        assert_eq!(
            answered(ask(token, "203.0.113.1")).await.0,
            StatusCode::UNAUTHORIZED
        );
    }
    let refused = ask(inbox.token(), "203.0.113.1").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "6");
    assert_eq!(
        answered(ask(inbox.token(), "203.0.113.2")).await.0,
        StatusCode::OK
    );
}

#[tokio::test]
async fn marks_and_policy_are_changed_and_outlive_a_restart() {
    let mut inbox = Inbox::new();
    let (id, key) = inbox.leave(0);
    let (status, entry) = inbox.patch(&id, json!({"heard": true})).await;
    assert_eq!((status, &entry["heard"]), (StatusCode::OK, &json!(true)));
    assert_eq!(inbox.get("/memos").await["unread"], 0);
    let expiry = "2027-01-15T10:00:00.000Z";
    let changed = json!({
        "expires_at": expiry,
        "federation_shared": false,
        "trusted_domains": ["memo.example.net"],
        "sealed_envelope": inbox.envelope(&id, &key),
    });
    let (status, entry) = inbox.patch(&id, changed.clone()).await;
    assert_eq!(status, StatusCode::OK, "{entry}");
    for (field, value) in changed.as_object().unwrap() {
        assert_eq!(&entry[field], value);
    }
    assert_eq!(entry["heard"], true);
    assert_eq!(inbox.get(&format!("/memos/{id}")).await, entry);
    assert_eq!(
        inbox.patch(&id, json!({"expires_at": null})).await.1["expires_at"],
        Value::Null
    );

    inbox.store().sync().unwrap();
    let folder = inbox.served.folder().to_owned();
    inbox.served.stop();
    let Inbox { served, .. } = inbox;
    let copy = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(folder.join("data"))
        .arg(copy.path())
        .status()
        .unwrap();
    assert!(copied.success());
    let store = Store::open(&copy.path().join("data")).unwrap();
    let record = store.get(&id).unwrap().unwrap();
    assert!(record.heard && !record.federation_shared);
    assert_eq!(record.trusted_domains, ["memo.example.net"]);
    assert_eq!(
        serde_json::to_value(&record.sealed_envelope).unwrap(),
        changed["sealed_envelope"]
    );
    assert_eq!(store.totals("main").unread, 0);
    drop(served);
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let inbox = Inbox::new();
    let (id, _) = inbox.leave(0);
    let before = inbox.get(&format!("/memos/{id}")).await;
    for changes in [
        json!({"expires_at": "yesterday"}),
        json!({"expires_at": "2020-01-01T00:00:00Z"}),
        json!({"trusted_domains": ["not a domain"]}),
        json!({"trusted_domains": vec!["memo.example.net"; 65]}),
        json!({"heard": "yes"}),
        json!({"herd": true}),
        json!({"sealed_envelope": {"kem": "xwing", "enc": "AA", "ct": "AA"}}),
        json!([]),
    ] {
        let (status, answer) = inbox.patch(&id, changes.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{changes}");
        assert_eq!(answer["success"], false);
    }
    let request = inbox
        .ask(Method::PATCH, &format!("/memos/{id}"))
        .body("x".repeat(300_000));
    assert_eq!(answered(request).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(inbox.get(&format!("/memos/{id}")).await, before);

    let (foreign, _) = inbox.leave_with(|facts| facts.mailbox = Some("office".into()));
    for id in [foreign.to_string(), MemoId::generate().to_string(), "x".into()] {
        for (method, path) in [
            (Method::GET, format!("/memos/{id}")),
            (Method::PATCH, format!("/memos/{id}")),
            (Method::DELETE, format!("/memos/{id}")),
            (Method::GET, format!("/memos/{id}/shares")),
        ] {
            let request = inbox.ask(method.clone(), &path).json(&json!({"heard": true}));
            assert_eq!(
                answered(request).await.0,
                StatusCode::NOT_FOUND,
                "{method} {path}"
            );
        }
    }
    assert!(!inbox.store().get(&foreign).unwrap().unwrap().heard);
}

#[tokio::test]
async fn a_deletion_takes_everything_along_and_leaves_a_signed_receipt() {
    let inbox = Inbox::with(|config| config.http.admin_token = Some(Secret::new("sesame".into())));
    let (id, key) = inbox.leave(0);
    let (share, share_key, body) = upload(|_| ());
    let body = with_envelope(&inbox, &share, &share_key, body);
    let made = inbox
        .ask(Method::POST, &format!("/memos/{id}/shares"))
        .json(&body);
    assert_eq!(answered(made).await.0, StatusCode::CREATED);
    let ciphertext = inbox.store().ciphertext(&id).unwrap();
    let (status, answer) = answered(inbox.ask(Method::DELETE, &format!("/memos/{id}"))).await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    let receipt = &answer["receipt"];
    assert_eq!(receipt["keyid"], "key-1");
    let signed = receipt["signed"].as_str().unwrap();
    let signature = URL_SAFE_NO_PAD
        .decode(receipt["signature"].as_str().unwrap())
        .unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    signing_key()
        .verifying_key()
        .verify_strict(signed.as_bytes(), &signature)
        .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(signed).unwrap(),
        json!({
            "receipt": 1,
            "domain": "memo.example.org",
            "memo_id": id,
            "mailbox": "main",
            "deleted_at": "2027-01-15T08:00:00.000Z",
            "reason": "owner",
            "ciphertext_sha256": hex::encode(Sha256::digest(&ciphertext)),
        })
    );
    for gone in [id, share] {
        assert!(!inbox.store().contains(&gone));
        let body = inbox.served.folder().join("data/memos").join(gone.to_string());
        assert!(!body.exists());
    }
    assert_eq!(inbox.audio(&id, &key).await, StatusCode::NOT_FOUND);
    assert_eq!(inbox.audio(&share, &share_key).await, StatusCode::NOT_FOUND);
    let again = answered(inbox.ask(Method::DELETE, &format!("/memos/{id}"))).await;
    assert_eq!(again.0, StatusCode::NOT_FOUND);

    // The owner and the operator see the receipt, and nobody else.
    let show = |id: &MemoId| inbox.anonymous(Method::GET, &format!("/api/receipts/{id}"));
    for token in [inbox.token(), "sesame".into()] {
        let (status, shown) = answered(show(&id).bearer_auth(token)).await;
        assert_eq!((status, &shown), (StatusCode::OK, receipt));
    }
    let other = OwnerSeed::generate();
    inbox.own("office", &other);
    let other = other.listing_token().to_text().to_string();
    let refused = answered(show(&id).bearer_auth(&other)).await;
    assert_eq!(refused.0, StatusCode::NOT_FOUND);
    assert_eq!(
        answered(show(&MemoId::generate()).bearer_auth(&other)).await,
        refused
    );
    assert_eq!(answered(show(&id).bearer_auth("x")).await, refused);
    assert_eq!(answered(show(&id)).await.0, StatusCode::UNAUTHORIZED);
    let (present, _) = inbox.leave(5);
    assert_eq!(
        answered(show(&present).bearer_auth("sesame")).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn of_many_who_delete_one_memo_at_once_one_does() {
    let inbox = Inbox::new();
    let (id, _) = inbox.leave(0);
    let path = format!("/memos/{id}");
    let all = (0..8).map(|_| answered(inbox.ask(Method::DELETE, &path)));
    let answers = futures_util::future::join_all(all).await;
    let done = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::OK)
        .count();
    assert_eq!(done, 1, "{answers:?}");
}

fn with_envelope(inbox: &Inbox, id: &MemoId, key: &MemoKey, mut body: Value) -> Value {
    body["sealed_envelope"] = json!(inbox.envelope(id, key));
    body
}

#[tokio::test]
async fn a_share_is_a_memo_of_its_own_outside_the_list() {
    let inbox = Inbox::new();
    let (original, _) = inbox.leave(0);
    let (id, key, body) = upload(|body| {
        body["max_accesses"] = json!(2);
        body["expires_at"] = json!("2027-01-16T08:00:00Z");
    });
    let body = with_envelope(&inbox, &id, &key, body);
    let path = format!("/memos/{original}/shares");
    let (status, entry) = answered(inbox.ask(Method::POST, &path).json(&body)).await;
    assert_eq!(status, StatusCode::CREATED, "{entry}");
    assert_eq!(entry["source"], "share");
    assert_eq!(entry["share_of"], original.to_string());
    assert_eq!(entry["max_accesses"], 2);
    assert_eq!(entry["expires_at"], "2027-01-16T08:00:00.000Z");
    assert_eq!(entry["audio_format"], "audio/webm; codecs=opus");

    let list = inbox.get("/memos").await;
    assert_eq!(
        (&list["total"], ids(&list["memos"])),
        (&json!(1), vec![original.to_string()])
    );
    assert_eq!(list["memos"][0]["shares"], 1);
    let shares = inbox.get(&path).await;
    assert_eq!(ids(&shares["shares"]), [id.to_string()]);
    assert_eq!(shares["shares"][0]["sealed_envelope"], body["sealed_envelope"]);

    for expected in [StatusCode::OK, StatusCode::OK, StatusCode::GONE] {
        assert_eq!(inbox.audio(&id, &key).await, expected);
    }
    assert_eq!(
        answered(inbox.ask(Method::POST, &path).json(&body)).await.0,
        StatusCode::CONFLICT
    );
    let nested = inbox
        .ask(Method::POST, &format!("/memos/{id}/shares"))
        .json(&body);
    assert_eq!(answered(nested).await.0, StatusCode::CONFLICT);
    let (_, _, bare) = upload(|_| ());
    assert_eq!(
        answered(inbox.ask(Method::POST, &path).json(&bare)).await.0,
        StatusCode::BAD_REQUEST
    );

    let revoked = answered(inbox.ask(Method::DELETE, &format!("/memos/{id}"))).await;
    assert_eq!(revoked.0, StatusCode::OK);
    assert_eq!(inbox.audio(&id, &key).await, StatusCode::NOT_FOUND);
    assert!(ids(&inbox.get(&path).await["shares"]).is_empty());
}

#[tokio::test]
async fn a_one_time_memo_is_served_once_even_to_many_at_once() {
    let inbox = Inbox::new();
    let (id, key) = inbox.leave_with(|facts| facts.max_accesses = Some(1));
    let all = (0..16).map(|_| inbox.audio(&id, &key));
    let mut answers = futures_util::future::join_all(all).await;
    answers.sort();
    assert_eq!(answers[0], StatusCode::OK);
    assert!(
        answers[1..].iter().all(|status| *status == StatusCode::GONE),
        "{answers:?}"
    );
    assert_eq!(inbox.store().get(&id).unwrap().unwrap().access_count, 1);
    assert_eq!(
        inbox.audio(&id, &MemoKey::generate()).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_memo_is_left_in_a_browser_for_a_link() {
    let inbox = Inbox::with(record_allowed);
    let (id, key, body) = upload(|body| body["expires_at"] = json!("2027-01-16T08:00:00Z"));
    let leave = |body: &Value| answered(inbox.anonymous(Method::POST, "/api/memos").json(body));
    let (status, answer) = leave(&body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let expected = json!({"success": true, "id": id, "expires_at": "2027-01-16T08:00:00.000Z"});
    assert_eq!(answer, expected);
    assert_eq!(inbox.audio(&id, &key).await, StatusCode::OK);
    let record = inbox.store().get(&id).unwrap().unwrap();
    assert_eq!((record.metadata.source, record.user_id), (Source::Web, None));
    assert_eq!(leave(&body).await.0, StatusCode::CONFLICT);
    assert!(
        inbox.served.web_memos.lock().unwrap().is_empty(),
        "it is in no mailbox"
    );

    // One that says nothing of its end, or too late a one, ends as the configuration says.
    for said in [Value::Null, json!("2099-01-01T00:00:00Z")] {
        let (_, _, body) = upload(|body| body["expires_at"] = said);
        assert_eq!(leave(&body).await.1["expires_at"], "2027-02-14T08:00:00.000Z");
    }
}

#[tokio::test]
async fn a_memo_is_left_in_a_browser_for_a_mailbox_and_its_notifiers_are_told() {
    let inbox = Inbox::with(|config| {
        record_allowed(config);
        let mut office = config.mailboxes[0].clone();
        office.name = "office".into();
        office.record = false;
        config.mailboxes.push(office);
    });
    inbox.own("office", &OwnerSeed::generate());
    inbox.own("unconfigured", &OwnerSeed::generate());
    let leave = |body: Value| {
        answered(
            inbox
                .anonymous(Method::POST, "/api/memos")
                .json(&body)
                .bearer_auth("x"),
        )
    };
    let addressed = |mailbox: &str| {
        let (id, key, body) = upload(|body| body["mailbox"] = json!(mailbox));
        (id, with_envelope(&inbox, &id, &key, body))
    };
    let (id, body) = addressed("main");
    let (status, answer) = leave(body).await;
    assert_eq!(
        (status, &answer["expires_at"]),
        (StatusCode::CREATED, &Value::Null),
        "{answer}"
    );
    assert_eq!(*inbox.served.web_memos.lock().unwrap(), [id]);
    let list = inbox.get("/memos").await;
    assert_eq!(ids(&list["memos"]), [id.to_string()]);
    assert_eq!(list["memos"][0]["source"], "web");

    let mut answers = Vec::new();
    for mailbox in ["office", "unconfigured", "nobody"] {
        answers.push(leave(addressed(mailbox).1).await);
    }
    assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    // Sealed to a key that the owner had before, or never.
    let (id, key, mut body) = upload(|body| body["mailbox"] = json!("main"));
    let link = Link::new(&LinkBase::new("memo.example.org", None, true), &id, &key);
    let contents = Contents::new(MemoKey::from_text(&key.to_text()).unwrap(), &link);
    let other = inbox.seed.public_key(Kem::XWing);
    body["sealed_envelope"] = json!(envelope::seal(&other, &id, &contents).unwrap());
    assert_eq!(leave(body).await.0, StatusCode::CONFLICT);
    let (_, _, bare) = upload(|body| body["mailbox"] = json!("main"));
    assert_eq!(
        leave(bare).await.0,
        StatusCode::BAD_REQUEST,
        "an envelope is missing"
    );
}

#[tokio::test]
async fn nothing_is_left_in_a_browser_where_the_operator_does_not_permit_it() {
    let inbox = Inbox::new();
    let (id, _, body) = upload(|_| ());
    let (status, answer) = answered(inbox.anonymous(Method::POST, "/api/memos").json(&body)).await;
    assert_eq!(
        (status, &answer["success"]),
        (StatusCode::FORBIDDEN, &json!(false))
    );
    assert!(!inbox.store().contains(&id));
}

#[tokio::test]
async fn an_upload_of_another_shape_is_refused() {
    let inbox = Inbox::with(record_allowed);
    let wrong: Vec<(&str, Value)> = vec![
        ("id", json!("short")),
        ("id", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("id", json!("AAAAAAAAAAAAAAAAAAAAAB")),
        ("encryption_iv", json!("AAAA")),
        ("access_key_hash", json!("00")),
        ("access_token_hash", json!("zz".repeat(32))),
        ("access_key_hash", json!("00".repeat(32))),
        ("access_token_hash", json!("00".repeat(32))),
        ("audio_format", json!("text/html")),
        ("encrypted_audio_b64", json!("not base64!")),
        ("encrypted_audio_b64", json!(STANDARD.encode([0; 15]))),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("max_accesses", json!(0)),
        ("max_accesses", json!(-1)),
        ("sealed_envelope", json!({"kem": "x25519", "enc": "", "ct": ""})),
        ("surprise", json!(1)),
    ];
    for (field, value) in wrong {
        let (id, _, body) = upload(|body| body[field] = value.clone());
        let (status, answer) = answered(inbox.anonymous(Method::POST, "/api/memos").json(&body)).await;
        let expected = match value == "AAAAAAAAAAAAAAAAAAAAAA" {
            // The name that stands for memos that there are not.
            true => StatusCode::CONFLICT,
            false => StatusCode::BAD_REQUEST,
        };
        assert_eq!(status, expected, "{field} {value}: {answer}");
        assert!(!inbox.store().contains(&id));
        inbox.served.clock.advance(180);
    }
    for field in [
        "id",
        "encryption_iv",
        "access_key_hash",
        "access_token_hash",
        "encrypted_audio_b64",
    ] {
        let (_, _, body) = upload(|body| drop(body.as_object_mut().unwrap().remove(field)));
        let (status, answer) = answered(inbox.anonymous(Method::POST, "/api/memos").json(&body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(answer["error"].as_str().unwrap().contains(field), "{answer}");
        inbox.served.clock.advance(180);
    }
    let request = inbox
        .anonymous(Method::POST, "/api/memos")
        .body(vec![b' '; 17 << 20]);
    assert_eq!(
        request
            .send()
            .await
            .map(|answer| answer.status())
            .ok()
            .unwrap_or(StatusCode::PAYLOAD_TOO_LARGE),
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(inbox.store().count(), 0);
    let names = std::fs::read_dir(inbox.served.folder().join("data/memos")).unwrap();
    assert_eq!(names.count(), 0, "nothing is left of what was refused");
}

#[tokio::test]
async fn a_large_upload_whose_slashes_are_escaped_is_taken() {
    let inbox = Inbox::with(record_allowed);
    let audio: Vec<u8> = (0..11_u32 << 20).map(|n| (n % 251) as u8).collect();
    let (id, _, body) = upload(|body| body["encrypted_audio_b64"] = json!(STANDARD.encode(&audio)));
    let text = body.to_string().replace('/', "\\/");
    let (status, answer) = answered(inbox.anonymous(Method::POST, "/api/memos").body(text)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    assert_eq!(inbox.store().ciphertext(&id).unwrap(), audio);
}

#[tokio::test]
async fn of_two_uploads_with_one_id_at_once_one_is_taken() {
    let inbox = Inbox::with(record_allowed);
    let (id, key, body) = upload(|_| ());
    let all = (0..2).map(|_| answered(inbox.anonymous(Method::POST, "/api/memos").json(&body)));
    let mut answers: Vec<StatusCode> = futures_util::future::join_all(all)
        .await
        .into_iter()
        .map(|a| a.0)
        .collect();
    answers.sort();
    assert_eq!(answers, [StatusCode::CREATED, StatusCode::CONFLICT]);
    assert_eq!(inbox.audio(&id, &key).await, StatusCode::OK);
}

#[tokio::test]
async fn a_look_at_a_one_time_memo_does_not_use_it_up() {
    let inbox = Inbox::new();
    let (id, key) = inbox.leave_with(|facts| facts.max_accesses = Some(1));
    let look = |key: &MemoKey| {
        let token = AccessToken::derive(key).to_text().to_string();
        let request = inbox.anonymous(Method::HEAD, &format!("/voice/{id}/audio"));
        request.bearer_auth(token).send()
    };
    let size = inbox.store().get(&id).unwrap().unwrap().file_size_bytes;
    for _ in 0..3 {
        let answer = look(&key).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-length"], size.to_string());
        assert_eq!(answer.headers()["memo-encryption"], "aes-256-gcm");
    }
    let wrong = look(&MemoKey::generate()).await.unwrap();
    assert_eq!(wrong.status(), StatusCode::NOT_FOUND);
    assert_eq!(inbox.audio(&id, &key).await, StatusCode::OK);
    assert_eq!(look(&key).await.unwrap().status(), StatusCode::GONE);
}

/// Begins an upload of so many bytes from that address, and says whether the server wants the rest of it.
async fn begin_upload(inbox: &Inbox, from: &str, bytes: usize) -> (bool, TcpStream) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let mut stream = socket.connect(inbox.served.address).await.unwrap();
    let head = format!(
        "POST /api/memos HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut status = vec![0; "HTTP/1.1 100".len()];
    stream.read_exact(&mut status).await.unwrap();
    let answers = ["HTTP/1.1 503", "HTTP/1.1 100"];
    let status = String::from_utf8(status).unwrap();
    let answer = answers.iter().position(|answer| *answer == status);
    (answer.expect(&status) == 1, stream)
}

#[tokio::test]
async fn strangers_who_take_their_time_leave_room_for_each_other_and_for_owners() {
    let inbox = Inbox::serving(record_allowed, |state| {
        state.with_upload_wait(Duration::from_millis(20))
    });
    let (original, _) = inbox.leave(0);
    let largest = limits::HTTP_UPLOAD_BYTES;
    let mut going_on = Vec::new();
    for last in 1..=4 {
        let from = format!("127.0.0.{last}");
        let (taken, stream) = begin_upload(&inbox, &from, largest).await;
        assert!(taken, "{from} has its share");
        going_on.push(stream);
        let (taken, _) = begin_upload(&inbox, &from, largest).await;
        assert!(!taken, "{from} has no more than its share");
    }
    let (taken, _) = begin_upload(&inbox, "127.0.0.5", largest).await;
    assert!(!taken, "all of it is taken");
    let (id, key, body) = upload(|_| ());
    let body = with_envelope(&inbox, &id, &key, body);
    let shared = inbox.ask(Method::POST, &format!("/memos/{original}/shares"));
    let (status, entry) = answered(shared.json(&body)).await;
    assert_eq!(status, StatusCode::CREATED, "{entry}");
}

#[tokio::test]
async fn a_deleted_memos_id_is_not_taken_again() {
    let inbox = Inbox::with(record_allowed);
    let (id, _) = inbox.leave(0);
    answered(inbox.ask(Method::DELETE, &format!("/memos/{id}"))).await;
    let (_, _, body) = upload(|body| body["id"] = json!(id));
    let (status, _) = answered(inbox.anonymous(Method::POST, "/api/memos").json(&body)).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_address_leaves_so_many_memos_an_hour() {
    let inbox = Inbox::with(|config| {
        record_allowed(config);
        trust_loopback(config);
    });
    let leave = |from: &'static str| {
        let (_, _, body) = upload(|_| ());
        let request = inbox.anonymous(Method::POST, "/api/memos");
        answered(request.header("x-forwarded-for", from).json(&body))
    };
    for _ in 0..20 {
        assert_eq!(leave("203.0.113.1").await.0, StatusCode::CREATED);
    }
    assert_eq!(leave("203.0.113.1").await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(leave("203.0.113.2").await.0, StatusCode::CREATED);
    inbox.served.clock.advance(180);
    assert_eq!(leave("203.0.113.1").await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn a_mailboxs_key_is_told_to_senders_or_to_its_owner() {
    let closed = Inbox::new();
    let show =
        |inbox: &Inbox, mailbox: &str| inbox.anonymous(Method::GET, &format!("/api/mailboxes/{mailbox}"));
    let refused = answered(show(&closed, "main")).await;
    assert_eq!(refused.0, StatusCode::NOT_FOUND);
    assert_eq!(answered(show(&closed, "nobody")).await, refused);
    assert_eq!(answered(show(&closed, "nobody").bearer_auth("x")).await, refused);
    let (status, answer) = answered(show(&closed, "main").bearer_auth(closed.token())).await;
    assert_eq!(status, StatusCode::OK);
    let public_key = closed.seed.public_key(Kem::X25519).to_text();
    assert_eq!(
        answer,
        json!({
            "success": true, "mailbox": "main", "kem": "x25519", "public_key": public_key, "record": false,
            "telephone": false, "telephone_code": false,
        })
    );
    let open = Inbox::with(record_allowed);
    let (status, answer) = answered(show(&open, "main")).await;
    assert_eq!((status, &answer["record"]), (StatusCode::OK, &json!(true)));
    // Whether there is a code that could be guessed, its owner alone is told.
    let lock = TelephoneLock::of_mailbox("main", &open.seed, &CodeSecret::generate());
    assert!(open
        .served
        .store
        .telephone()
        .set_mailbox("main", Some(&lock))
        .unwrap());
    let (_, answer) = answered(show(&open, "main")).await;
    assert_eq!(answer["telephone_code"], Value::Null);
    let (_, answer) = answered(show(&open, "main").bearer_auth(open.token())).await;
    assert_eq!(answer["telephone_code"], true);
}

fn key_body(seed: &OwnerSeed, kem: Kem) -> Value {
    let token = seed.listing_token().to_text();
    json!({
        "kem": kem,
        "public_key": seed.public_key(kem).to_text(),
        "listing_token_hash": hex::encode(Sha256::digest(URL_SAFE.decode(&*token).unwrap())),
    })
}

#[tokio::test]
async fn the_owner_replaces_the_key() {
    let inbox = Inbox::new();
    let new = OwnerSeed::generate();
    let body = key_body(&new, Kem::XWing);
    let put = |token: String| {
        answered(
            inbox
                .anonymous(Method::PUT, "/api/mailboxes/main/key")
                .bearer_auth(token)
                .json(&body),
        )
    };
    let stranger = OwnerSeed::generate().listing_token().to_text().to_string();
    assert_eq!(put(stranger).await.0, StatusCode::UNAUTHORIZED);
    let (status, answer) = put(inbox.token()).await;
    assert_eq!((status, &answer["kem"]), (StatusCode::OK, &json!("xwing")));
    assert_eq!(
        answered(inbox.ask(Method::GET, "/memos")).await.0,
        StatusCode::UNAUTHORIZED
    );
    let list = inbox
        .anonymous(Method::GET, "/api/mailboxes/main/memos")
        .bearer_auth(&*new.listing_token().to_text());
    assert_eq!(answered(list).await.0, StatusCode::OK);
    assert_eq!(
        put(inbox.token()).await.0,
        StatusCode::UNAUTHORIZED,
        "the old one is none any more"
    );
    for bad in [json!({}), json!({"kem": "rsa"}), {
        let mut body = body.clone();
        body["public_key"] = json!("AAAA");
        body
    }] {
        let request = inbox.anonymous(Method::PUT, "/api/mailboxes/main/key");
        let request = request.bearer_auth(&*new.listing_token().to_text()).json(&bad);
        assert_eq!(answered(request).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_set_up_link_sets_a_key_once_within_a_day() {
    let inbox = Inbox::new();
    let invite = |mailbox: &str| {
        let token = inbox.store().mailboxes().invite(mailbox, time(0)).unwrap();
        token.to_text().to_string()
    };
    let put = |mailbox: &str, token: &str| {
        let body = key_body(&OwnerSeed::generate(), Kem::X25519);
        let path = format!("/api/mailboxes/{mailbox}/key");
        answered(inbox.anonymous(Method::PUT, &path).bearer_auth(token).json(&body))
    };
    let first = invite("office");
    assert_eq!(
        put("main", &first).await.0,
        StatusCode::UNAUTHORIZED,
        "it is another mailbox's"
    );
    let second = invite("office");
    assert_eq!(
        put("office", &first).await.0,
        StatusCode::UNAUTHORIZED,
        "a newer one was made"
    );
    let mut answers: Vec<StatusCode> = Vec::new();
    for answer in futures_util::future::join_all((0..4).map(|_| put("office", &second))).await {
        answers.push(answer.0);
    }
    answers.sort();
    let unauthorized = StatusCode::UNAUTHORIZED;
    assert_eq!(
        answers,
        [StatusCode::OK, unauthorized, unauthorized, unauthorized]
    );

    let late = invite("sales");
    inbox.served.clock.advance(86_400);
    assert_eq!(put("sales", &late).await.0, StatusCode::UNAUTHORIZED);
    assert!(inbox.store().mailboxes().owner("sales").unwrap().is_none());
}

#[tokio::test]
async fn who_waits_for_changes_is_told_of_each() {
    let inbox = Inbox::new();
    let (id, key) = inbox.leave(0);
    let version = inbox.get("/memos").await["version"].as_u64().unwrap();
    assert_eq!(inbox.get("/changes?since=0").await["version"], version, "at once");
    let unchanged = inbox.get(&format!("/changes?since={version}")).await;
    assert_eq!(unchanged["version"], version, "after a while");

    let path = format!("/changes?since={version}");
    let (told, ()) = tokio::join!(inbox.get(&path), async {
        inbox.leave_with(|facts| facts.mailbox = Some("office".into()));
        inbox.leave(5);
    });
    let mut version = told["version"].as_u64().unwrap();
    let patch = || async { drop(inbox.patch(&id, json!({"heard": true})).await) };
    patch().await;
    for step in 0..3 {
        let now = inbox.get(&format!("/changes?since={version}")).await["version"]
            .as_u64()
            .unwrap();
        assert_ne!(now, version, "step {step}");
        version = now;
        match step {
            0 => drop(inbox.audio(&id, &key).await),
            _ => drop(answered(inbox.ask(Method::DELETE, &format!("/memos/{id}"))).await),
        }
    }
    let (status, _) = answered(inbox.ask(Method::GET, "/changes?since=x")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn other_servers_pages_may_read_ciphertext_with_a_token() {
    let inbox = Inbox::new();
    let (id, key) = inbox.leave(0);
    let path = format!("/voice/{id}/audio");
    let asked = inbox.anonymous(Method::OPTIONS, &path).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        asked.headers()["access-control-allow-headers"],
        "authorization, content-type"
    );
    let token = AccessToken::derive(&key).to_text().to_string();
    let response = inbox
        .anonymous(Method::GET, &path)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let field = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(field("access-control-allow-origin"), "*");
    assert_eq!(field("memo-encryption"), "aes-256-gcm");
    assert_eq!(field("memo-complete"), "true");
    for name in [
        "Memo-Iv",
        "Memo-Audio-Format",
        "Memo-Created-At",
        "Memo-Encryption",
        "Memo-Complete",
    ] {
        assert!(field("access-control-expose-headers").contains(name));
    }
    let refused = inbox.anonymous(Method::GET, &path).send().await.unwrap();
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "*",
        "failures are read too"
    );
    let list = inbox.ask(Method::GET, "/memos").send().await.unwrap();
    assert!(!list.headers().contains_key("access-control-allow-origin"));
}
