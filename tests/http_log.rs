//! What the log says of requests, and what it never says. Alone in its program, since it reads the whole log.

#[path = "common/served.rs"]
mod served;

use serde_json::json;
use served::{key_of, Served};
use std::io;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_key_reaches_the_log_by_whichever_way_it_came() {
    let log = Captured::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let served = Served::start(|_| ());
    let memo = served.leave(vec![100; 8_000]);
    let key = key_of(&memo);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in [
        format!("/voice/{}?key={key}", memo.id),
        format!("/voice/{}%23{key}", memo.id),
        format!("/open%23https://memo.invalid/voice/{}%23{key}", memo.id),
        format!("/voice/{}/audio?key={key}", memo.id),
        format!("/elsewhere/{key}"),
    ] {
        // Only what the server says of it counts: the client logs its own requests under other targets.
        http.get(served.url(&path)).send().await.unwrap();
    }
    let fetch = http
        .post(served.url("/api/federation/voice/fetch"))
        .json(&json!({"memo_id": memo.id, "access_key": key}))
        .send();
    assert!(fetch.await.unwrap().status().is_success());
    let audio = http
        .get(served.url(&format!("/voice/{}/audio", memo.id)))
        .bearer_auth(&key)
        .send();
    assert_eq!(audio.await.unwrap().status(), 404);

    for guess in 0..30 {
        let names = format!("guess\n{guess}{}", "x".repeat(200));
        let mut url = reqwest::Url::parse(&served.url("/")).unwrap();
        url.path_segments_mut()
            .unwrap()
            .pop()
            .extend(["api", "mailboxes", &names, "memos"]);
        let answer = http.get(url).bearer_auth(&key).send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }

    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<&str> = text.lines().filter(|line| line.contains("obelus::")).collect();
    assert!(ours
        .iter()
        .any(|line| line.contains("/voice/{id}") && line.contains(&memo.id.to_string())));
    assert!(ours
        .iter()
        .any(|line| line.contains("fetch") && line.contains("served")));
    assert!(ours.iter().any(|line| line.contains("unknown memo or wrong key")));
    assert!(ours.iter().any(|line| line.contains("memo stored")));
    let refused =
        |line: &&&str| line.contains("obelus::http") && line.contains("wrong key") && line.contains("guess");
    let guesses: Vec<_> = ours.iter().filter(refused).collect();
    assert_eq!(guesses.len(), 1, "a line a minute for an address: {guesses:?}");
    assert!(!guesses[0].contains(&"x".repeat(100)), "{guesses:?}");
    for line in ours {
        assert!(!line.contains(key.trim_end_matches('=')), "{line}");
    }
}
