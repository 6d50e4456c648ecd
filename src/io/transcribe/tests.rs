//! Transcripts, by endpoints of the tests' own.

use super::*;
use crate::io::fake_http;
use crate::memo::link::{Link, LinkBase};
use crate::memo::owner::{Kem, OwnerSeed};
use crate::memo::record::Facts;
use crate::memo::seal;
use crate::memo::store::disk::OsDisk;
use crate::memo::store::mailboxes::OwnerKey;
use crate::memo::store::receipts::Reason;
use crate::memo::store::NewMemo;
use crate::ops::captured::capture;
use crate::secret::Secret;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

/// A store whose mailbox `main` has an owner, and one memo in it.
struct Fixture {
    folder: tempfile::TempDir,
    store: Store,
    seed: OwnerSeed,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = open(folder.path());
        let seed = OwnerSeed::generate();
        let listing = seed.listing_token().verifier();
        let owner = OwnerKey::new(&seed.public_key(Kem::X25519), listing, SystemTime::now());
        store
            .mailboxes()
            .set_owner("main", owner)
            .expect("the key is kept");
        Fixture { folder, store, seed }
    }

    /// A memo that was just stored, about to be heard.
    fn job(&self) -> Job {
        let wav = Zeroizing::new(b"RIFF this is the audio of a memo".to_vec());
        let (sealed, key) = seal::seal(wav.clone());
        let memo_id = sealed.id();
        let link = Link::new(&LinkBase::new("memo.example.org", None, true), &memo_id, &key);
        let mut contents = Contents::new(key, &link);
        contents.from = Zeroizing::new("+15550100".into());
        let public = self.seed.public_key(Kem::X25519);
        let facts = Facts {
            mailbox: Some("main".into()),
            envelope: Some(envelope::seal(&public, &memo_id, &contents).expect("it can be sealed")),
            ..Facts::at("memo.example.org", SystemTime::now())
        };
        assert!(self.store.insert(vec![NewMemo { sealed, facts }])[0].is_ok());
        let room = Hearings::default().room(wav.len()).expect("there is room");
        Job {
            memo_id,
            mailbox: "main".into(),
            hearing: Hearing { wav, contents, room },
        }
    }

    /// What the owner reads.
    fn opened(&self, store: &Store, id: &MemoId) -> Contents {
        let record = store.get(id).expect("it is read").expect("it is there");
        let envelope = record.sealed_envelope.expect("it has one");
        envelope::open(&self.seed, id, &envelope).unwrap_or_else(|error| panic!("{error}"))
    }

    fn transcriber(&self, config: &Transcription, change: impl FnOnce(&mut Mailbox)) -> Transcriber {
        let mut mailbox = Mailbox::named("main");
        mailbox.transcribe = true;
        change(&mut mailbox);
        let policy = Policy {
            tries: 2,
            first_pause: Duration::ZERO,
            time: Duration::from_secs(60),
        };
        Transcriber::new(config, &[mailbox], self.store.clone(), policy).expect("the endpoints are here")
    }
}

fn open(path: &Path) -> Store {
    Store::open_on(path, Arc::new(OsDisk), None).expect("the store opens")
}

fn config(endpoint: &str) -> Transcription {
    Transcription {
        endpoint: format!("{endpoint}/v1/audio/transcriptions"),
        model: "whisper-1".into(),
        language: Some("en".into()),
        summary_endpoint: Some(format!("{endpoint}/v1/chat/completions")),
        summary_model: "llama3.2".into(),
        api_token: Some(Secret::new("t0ken".into())),
        allow_remote: false,
    }
}

/// Answers each connection with the next of `answers`, a status and a body; gives the requests.
struct Endpoint {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    async fn start(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        let answers = answers
            .iter()
            .map(|(status, body)| fake_http::answer(status, "", body))
            .collect();
        tokio::spawn(fake_http::serve(listener, answers, move |request| {
            kept.lock().expect("no test panics with it").push(request);
        }));
        Endpoint { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics with it").clone()
    }
}

const HEARD: &str = "{\"text\": \" Good day,\\n this is Ada. \"}";
const SUMMED: &str = "{\"id\":\"1\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\
    \"content\":\"<think>Hm.</think>Ada says good day.\"},\"finish_reason\":\"stop\"}]}";

#[tokio::test]
async fn transcript_and_summary_are_sealed_to_the_owner() {
    let fixture = Fixture::new();
    let endpoint = Endpoint::start(vec![("200 OK", HEARD.into()), ("200 OK", SUMMED.into())]).await;
    let transcriber = fixture.transcriber(&config(&endpoint.url), |mailbox| mailbox.summarize = true);
    let job = fixture.job();
    let id = job.memo_id;
    let (lines, guard) = capture();
    transcriber.start(job);
    transcriber.finish().await;
    drop(guard);
    let contents = fixture.opened(&fixture.store, &id);
    assert_eq!(*contents.transcript, "Good day, this is Ada.");
    assert_eq!(*contents.summary, "Ada says good day.");
    assert_eq!(*contents.from, "+15550100", "what was known stays known");
    assert!(contents.link.contains(&id.to_string()));
    let record = fixture.store.get(&id).expect("it is read").expect("it is there");
    assert_eq!(record.metadata.clear, None);

    let requests = endpoint.requests();
    let (heard, summed) = (&requests[0], &requests[1]);
    assert!(
        heard.starts_with("POST /v1/audio/transcriptions HTTP/1.1\r\n"),
        "{heard}"
    );
    for part in [
        "name=\"file\"; filename=\"memo.wav\"\r\nContent-Type: audio/wav\r\n",
        "\r\n\r\nRIFF this is the audio of a memo\r\n",
        "name=\"model\"\r\n\r\nwhisper-1\r\n",
        "name=\"response_format\"\r\n\r\njson\r\n",
        "name=\"language\"\r\n\r\nen\r\n",
    ] {
        assert!(heard.contains(part), "{part}: {heard}");
    }
    assert!(
        summed.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{summed}"
    );
    assert!(
        summed.contains("\"model\":\"llama3.2\"") && summed.contains("\"stream\":false"),
        "{summed}"
    );
    assert!(
        summed.contains("{\"role\":\"user\",\"content\":\"Good day, this is Ada.\"}"),
        "{summed}"
    );
    for request in &requests {
        assert!(request
            .to_ascii_lowercase()
            .contains("authorization: bearer t0ken\r\n"));
    }
    let lines = lines.lock().expect("no test panics while it logs");
    assert!(!lines.contains("Good day") && !lines.contains("t0ken"), "{lines}");
}

#[tokio::test]
async fn what_was_sealed_outlives_a_restart_and_stands_in_clear_only_where_the_mailbox_says_so() {
    let fixture = Fixture::new();
    let endpoint = Endpoint::start(vec![("200 OK", HEARD.into())]).await;
    let transcriber = fixture.transcriber(&config(&endpoint.url), |mailbox| {
        mailbox.clear = vec![ClearFact::Transcript];
    });
    let job = fixture.job();
    let id = job.memo_id;
    transcriber.start(job);
    transcriber.finish().await;
    drop(transcriber);
    let Fixture { folder, store, seed } = fixture;
    drop(store);
    let store = open(folder.path());
    let record = store.get(&id).expect("it is read").expect("it is there");
    let clear = record.metadata.clear.clone().expect("something is in clear");
    assert_eq!(clear.transcript.as_deref(), Some("Good day, this is Ada."));
    assert_eq!((clear.summary, clear.from), (None, None));
    let fixture = Fixture {
        folder,
        store: store.clone(),
        seed,
    };
    assert_eq!(*fixture.opened(&store, &id).transcript, "Good day, this is Ada.");
}

#[tokio::test]
async fn an_endpoint_that_fails_is_asked_again_and_then_left() {
    let fixture = Fixture::new();
    let failing = vec![
        ("503 Service Unavailable", String::new()),
        ("200 OK", HEARD.into()),
    ];
    let endpoint = Endpoint::start(failing).await;
    let transcriber = fixture.transcriber(&config(&endpoint.url), |_| {});
    let job = fixture.job();
    let id = job.memo_id;
    transcriber.start(job);
    transcriber.finish().await;
    assert!(!fixture.opened(&fixture.store, &id).transcript.is_empty());

    let nonsense = || {
        let long = format!(
            "{{\"text\":\"{}\"}}",
            "x".repeat(limits::TRANSCRIPTION_ANSWER_BYTES)
        );
        let moved = ("307 Temporary Redirect\r\nLocation: /other", String::new());
        [
            ("200 OK", "<html>".to_owned()),
            ("200 OK", "{}".into()),
            ("200 OK", long),
            moved,
        ]
    };
    for answer in nonsense() {
        let endpoint = Endpoint::start(vec![answer.clone(), answer]).await;
        let transcriber = fixture.transcriber(&config(&endpoint.url), |_| {});
        let job = fixture.job();
        let id = job.memo_id;
        let (lines, guard) = capture();
        transcriber.start(job);
        transcriber.finish().await;
        drop(guard);
        assert_eq!(endpoint.requests().len(), 2);
        assert!(fixture.opened(&fixture.store, &id).transcript.is_empty());
        let lines = lines.lock().expect("no test panics while it logs");
        assert!(lines.contains("does not answer"), "{lines}");
    }
}

#[tokio::test]
async fn a_transcript_without_a_summary_is_kept() {
    let fixture = Fixture::new();
    let answers = vec![
        ("200 OK", HEARD.into()),
        ("500 Internal Server Error", String::new()),
        ("500 Internal Server Error", String::new()),
    ];
    let endpoint = Endpoint::start(answers).await;
    let transcriber = fixture.transcriber(&config(&endpoint.url), |mailbox| mailbox.summarize = true);
    let job = fixture.job();
    let id = job.memo_id;
    transcriber.start(job);
    transcriber.finish().await;
    let contents = fixture.opened(&fixture.store, &id);
    assert!(!contents.transcript.is_empty() && contents.summary.is_empty());
}

#[tokio::test]
async fn a_switch_that_stops_waits_for_no_endpoint() {
    let fixture = Fixture::new();
    // Takes connections and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let transcriber = fixture.transcriber(&config(&url), |_| {});
    assert!(transcriber.hearings().include("main"));
    let (lines, guard) = capture();
    let mut job = fixture.job();
    let hearings = Hearings::default();
    job.hearing.room = hearings.room(limits::TRANSCRIPTION_BYTES).expect("there is room");
    transcriber.start(job);
    let connection = listener.accept().await.expect("the endpoint is asked");
    assert!(hearings.room(1).is_none(), "the audio is in memory");
    transcriber.stop().await;
    drop((guard, connection));
    assert!(hearings.room(1).is_some(), "the audio is wiped");
    {
        let lines = lines.lock().expect("no test panics while it logs");
        assert!(lines.contains("some memos have no transcript memos=1"), "{lines}");
    }
    // Another mailbox has not asked at all.
    let mut job = fixture.job();
    job.mailbox = "other".into();
    transcriber.start(job);
    transcriber.finish().await;
}

#[tokio::test]
async fn a_memo_that_is_gone_meanwhile_stays_gone() {
    let fixture = Fixture::new();
    let endpoint = Endpoint::start(vec![("200 OK", HEARD.into()), ("200 OK", HEARD.into())]).await;
    let transcriber = fixture.transcriber(&config(&endpoint.url), |_| {});
    let (gone, kept) = (fixture.job(), fixture.job());
    let (gone_id, kept_id) = (gone.memo_id, kept.memo_id);
    let deleted = fixture.store.delete(&gone_id, Reason::Owner, SystemTime::now());
    assert!(deleted.expect("it is deleted").is_some());
    transcriber.start(gone);
    transcriber.finish().await;
    assert!(fixture.store.get(&gone_id).expect("it is read").is_none());
    // Nor is anything sealed for a mailbox whose owner is gone.
    fixture.store.mailboxes().remove("main").expect("it is removed");
    transcriber.start(kept);
    transcriber.finish().await;
    assert!(fixture.opened(&fixture.store, &kept_id).transcript.is_empty());
}

#[test]
fn audio_stays_on_this_machine_unless_the_configuration_lets_it_go() {
    let store = Fixture::new().store;
    for url in [
        "http://192.0.2.1:9000",
        "https://api.example.org",
        "http://127.0.0.1.example.org",
    ] {
        let mut config = config(url);
        let made = |config: &Transcription| Transcriber::new(config, &[], store.clone(), Policy::default());
        let refused = made(&config).err().expect("it is elsewhere");
        assert!(refused.contains("not this machine"), "{refused}");
        config.allow_remote = true;
        assert!(made(&config).is_ok());
    }
    for url in ["http://localhost:8080", "http://[::1]:8080", "http://127.0.0.2"] {
        assert!(Transcriber::new(&config(url), &[], store.clone(), Policy::default()).is_ok());
    }
}
