//! Notices that wait in the store: of mailboxes with an owner key.

use super::super::*;
use super::smtp;
use super::{answer, capture, http_server, policy, quoted};
use crate::config::SmtpSecurity;
use crate::io::fake_smtp;
use crate::memo::envelope::{self, Contents};
use crate::memo::key::MemoId;
use crate::memo::link::{Link, LinkBase};
use crate::memo::owner::{Kem, OwnerSeed};
use crate::memo::record::{Clear, Facts, Source};
use crate::memo::seal;
use crate::memo::store::disk::OsDisk;
use crate::memo::store::receipts::Reason;
use crate::memo::store::NewMemo;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

/// A store that writes when it is told to.
fn store(folder: &Path) -> Store {
    Store::open_on(folder, Arc::new(OsDisk), None).expect("the store opens")
}

/// A memo of `main`, which has an owner.
fn put(store: &Store, change: impl FnOnce(&mut Facts)) -> MemoId {
    let (sealed, key) = seal::seal(Zeroizing::new(vec![0; 64]));
    let id = sealed.id();
    let link = Link::new(&LinkBase::new("memo.example.org", None, true), &id, &key);
    let owner = OwnerSeed::generate().public_key(Kem::X25519);
    let envelope = envelope::seal(&owner, &id, &Contents::new(key, &link)).expect("it can be sealed");
    let mut facts = Facts {
        mailbox: Some("main".into()),
        envelope: Some(envelope),
        ..Facts::at("memo.example.org", SystemTime::now())
    };
    change(&mut facts);
    let results = store.insert(vec![NewMemo { sealed, facts }]);
    assert!(results[0].is_ok());
    id
}

/// What the notifiers of `main` go by.
fn ways(tries: Policy, mailer: Option<Mailer>) -> Ways {
    Ways {
        policy: tries,
        client: webhook::Client::default(),
        mailer,
        send_message: None,
        slots: Semaphore::new(limits::NOTIFIERS),
    }
}

fn begin(store: &Store, channels: Vec<Channel>, ways: Ways) -> (Notifier, Running) {
    let channels = HashMap::from([("main".to_owned(), channels)]);
    start_with(
        channels,
        ways,
        Some((store.clone(), "https://memo.example.org".into())),
    )
}

fn command(line: String) -> Channel {
    Channel::Command(vec!["/bin/sh".into(), "-c".into(), line])
}

/// Until no notice waits.
async fn settled(store: &Store) {
    let notices = store.notices();
    while notices.count() > 0 {
        tokio::task::yield_now().await;
    }
}

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_notice_of_an_owned_mailbox_holds_its_envelope_and_no_key() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (store, out) = (store(&folder.path().join("store")), folder.path().join("out"));
    let (_notifier, running) = begin(
        &store,
        vec![command(format!("cat >> {}", quoted(&out)))],
        ways(policy(1), None),
    );
    let id = put(&store, |_| {});
    settled(&store).await;
    running.shutdown(HOUR).await;
    let told = std::fs::read_to_string(&out).expect("the command wrote");
    let json: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    let keys: Vec<&String> = json.as_object().expect("it is an object").keys().collect();
    assert_eq!(
        keys,
        [
            "created_at",
            "event",
            "inbox",
            "mailbox",
            "memo_id",
            "sealed_envelope"
        ]
    );
    assert_eq!(json["memo_id"], id.to_string());
    assert_eq!(json["inbox"], "https://memo.example.org/inbox/main");
    assert_eq!(json["sealed_envelope"]["kem"], "x25519");
}

#[tokio::test]
async fn what_the_mailbox_leaves_in_clear_is_told_and_kept_out_of_the_log() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (store, out) = (store(&folder.path().join("store")), folder.path().join("out"));
    let (lines, guard) = capture();
    let line = format!("cat > {}; cat {} >&2; exit 1", quoted(&out), quoted(&out));
    let tries = Policy {
        notice_age: Duration::ZERO,
        ..policy(1)
    };
    let (_notifier, running) = begin(&store, vec![command(line)], ways(tries, None));
    put(&store, |facts| {
        facts.clear = Some(Clear {
            from: Some("+15550100123".into()),
            duration_seconds: Some(3.5),
            ..Clear::default()
        });
    });
    settled(&store).await;
    running.shutdown(HOUR).await;
    drop(guard);
    let told = std::fs::read_to_string(&out).expect("the command wrote");
    assert!(
        told.contains("\"from\":\"+15550100123\"") && told.contains("\"duration_seconds\":3.5"),
        "{told}"
    );
    let lines = lines.lock().expect("no test panics while it logs");
    assert!(
        !lines.contains("5550100") && lines.contains("given up"),
        "{lines}"
    );
}

#[tokio::test]
async fn nothing_is_told_of_what_an_owner_did_or_nobody_owns() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store(folder.path());
    put(&store, |facts| facts.source = Source::Share);
    put(&store, |facts| facts.source = Source::Import);
    put(&store, |facts| facts.envelope = None);
    assert_eq!(store.notices().count(), 0);
    put(&store, |facts| facts.source = Source::Web);
    assert_eq!(store.notices().count(), 1);
}

#[tokio::test]
async fn a_notifier_that_is_down_hears_of_everything_once_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (store, out) = (store(&folder.path().join("store")), folder.path().join("out"));
    let up = folder.path().join("up");
    let line = format!(
        "[ -e {up} ] && cat >> {out} && echo >> {out}",
        up = quoted(&up),
        out = quoted(&out)
    );
    let tries = Policy {
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(1),
        ..policy(1)
    };
    let (lines, guard) = capture();
    let (_notifier, running) = begin(&store, vec![command(line)], ways(tries, None));
    let ids: Vec<String> = (0..10).map(|_| put(&store, |_| {}).to_string()).collect();
    while !lines
        .lock()
        .expect("no test panics while it logs")
        .contains("failures=3")
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.notices().count(), 10);
    std::fs::write(&up, "").expect("the folder can be written");
    settled(&store).await;
    drop(guard);
    running.shutdown(HOUR).await;
    let told = std::fs::read_to_string(&out).expect("the command wrote");
    assert_eq!(
        told.lines().filter(|line| !line.is_empty()).count(),
        10,
        "each once"
    );
    assert!(ids.iter().all(|id| told.contains(id)));
}

#[tokio::test]
async fn a_restart_loses_no_notice_and_repeats_none_that_was_told() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (path, out) = (folder.path().join("store"), folder.path().join("out"));
    let works = || command(format!("cat >> {}", quoted(&out)));
    let fails = |code: i32| Channel::Webhook {
        // Nobody listens there.
        url: format!("http://127.0.0.1:{code}/"),
        signer: None,
    };
    let patient = || Policy {
        first_pause: HOUR,
        longest_pause: HOUR,
        ..policy(1)
    };
    let first = store(&path);
    let id = put(&first, |_| {});
    let (lines, guard) = capture();
    let (notifier, running) = begin(&first, vec![works(), fails(1)], ways(patient(), None));
    while !{
        let lines = lines.lock().expect("no test panics while it logs");
        lines.contains("told of a memo") && lines.contains("notifier failed")
    } {
        tokio::task::yield_now().await;
    }
    running.shutdown(HOUR).await;
    drop((notifier, guard));
    assert_eq!(first.notices().list().expect("it is read"), [id]);
    drop(first);

    let again = store(&path);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let server = tokio::spawn(http_server(listener, vec![answer("204 No Content", "")]));
    let back = Channel::Webhook { url, signer: None };
    let (_notifier, running) = begin(&again, vec![works(), back], ways(patient(), None));
    settled(&again).await;
    running.shutdown(HOUR).await;
    let requests = server.await.expect("the server saw it");
    assert!(requests[0].contains(&id.to_string()), "{requests:?}");
    let told = std::fs::read_to_string(&out).expect("the command wrote");
    assert_eq!(
        told.matches("\"event\"").count(),
        1,
        "told by the command once: {told}"
    );
}

#[tokio::test]
async fn a_memo_that_is_deleted_takes_its_notice_with_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store(folder.path());
    let id = put(&store, |_| {});
    let deleted = store.delete(&id, Reason::Owner, SystemTime::now());
    assert!(deleted.expect("it is deleted").is_some());
    assert_eq!(store.notices().count(), 0);
    // And a mailbox that names nobody waits for nobody.
    put(&store, |_| {});
    let (_notifier, running) = begin(&store, Vec::new(), ways(policy(1), None));
    settled(&store).await;
    running.shutdown(HOUR).await;
}

#[tokio::test]
async fn a_webhook_is_signed_so_that_its_receiver_can_check_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store(folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let answers = vec![answer("500 Internal Server Error", ""), answer("200 OK", "")];
    let server = tokio::spawn(http_server(listener, answers));
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let channel = Channel::Webhook {
        url,
        signer: Some(Arc::new(Signer::new(secret))),
    };
    let (_notifier, running) = begin(&store, vec![channel], ways(policy(1), None));
    let id = put(&store, |_| {}).to_string();
    settled(&store).await;
    running.shutdown(HOUR).await;
    let requests = server.await.expect("the server saw both");
    let header = |request: &str, name: &str| {
        let line = request
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    };
    for request in &requests {
        assert_eq!(header(request, "webhook-id"), id, "the same at each try");
        let (_, body) = request.split_once("\r\n\r\n").expect("there is a body");
        let timestamp = header(request, "webhook-timestamp")
            .parse()
            .expect("it is a number");
        assert_eq!(
            header(request, "webhook-signature"),
            Signer::new(secret).sign(&id, timestamp, body.as_bytes())
        );
    }
}

#[tokio::test]
async fn a_letter_holds_the_inbox_and_the_envelope_but_no_secret() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store(folder.path());
    let server = smtp::Server::start(SmtpSecurity::StartTls, &[]).await;
    let mail = |envelope| Channel::Mail {
        to: "ada@example.net".into(),
        envelope,
    };
    let id = put(&store, |_| {}).to_string();
    let (_notifier, running) = begin(&store, vec![mail(true)], ways(policy(1), Some(server.mailer())));
    settled(&store).await;
    running.shutdown(HOUR).await;
    let arrived = server.arrived();
    let text = arrived[0].text();
    assert!(text.contains("\nhttps://memo.example.org/inbox/main\n"), "{text}");
    assert!(text.contains("Content-Type: application/json"), "{text}");
    assert!(
        text.contains(&format!("filename=\"memo-{id}.envelope.json\"")),
        "{text}"
    );
    assert!(!text.contains("main#"), "no fragment: {text}");
    let json = attachment(&arrived[0].data);
    assert_eq!(json["memo_id"], id);
    assert_eq!(json["sealed_envelope"]["kem"], "x25519");
}

/// The JSON beside a letter's text.
fn attachment(data: &str) -> serde_json::Value {
    let (_, body) = fake_smtp::attachment(data);
    serde_json::from_slice(&body).expect("it is JSON")
}

#[tokio::test]
async fn a_text_says_that_there_is_something_and_where() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store(folder.path());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = sent.clone();
    let mut ways = ways(policy(1), None);
    ways.send_message = Some(Box::new(move |message| {
        kept.lock().expect("no test panics with it").push(message);
        Box::pin(async { true })
    }));
    put(&store, |facts| {
        facts.clear = Some(Clear {
            from: Some("+15550100123".into()),
            ..Clear::default()
        });
    });
    let channel = Channel::Sip("sip:100@192.0.2.5".into());
    let (lines, guard) = capture();
    let (notifier, running) = begin(&store, vec![channel], ways);
    settled(&store).await;
    // Without an owner key it says no more than that, and nobody has the link.
    notifier.hand_over(super::notice());
    running.shutdown(HOUR).await;
    drop(guard);
    let sent = sent.lock().expect("no test panics with it");
    assert_eq!(sent[0].to, "sip:100@192.0.2.5");
    assert_eq!(
        sent[0].body,
        "1 new memo in main: https://memo.example.org/inbox/main"
    );
    assert_eq!(sent[1].body, "1 new memo in main");
    let lines = lines.lock().expect("no test panics while it logs");
    assert!(lines.contains("nobody was given this memo's link"), "{lines}");
}
