//! The pages and the federation endpoints as a peer sees them, over real HTTP on loopback.

#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;

use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::Engine as _;
use obelus::federation::open_link::{self as client, FetchError};
use obelus::http::tls::Tls;
use obelus::memo::key::{MemoId, MemoKey};
use obelus::memo::link::ParsedLink;
use obelus::memo::open;
use obelus::memo::store::Durable;
use obelus::memo::token::{AccessToken, Verifier};
use obelus::secret::Secret;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{json, Value};
use served::{key_of, self_signed, trust_loopback, Served};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FETCH: &str = "/api/federation/voice/fetch";
const VERIFY: &str = "/api/federation/voice/verify";

fn http() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

fn get(served: &Served, path: &str) -> RequestBuilder {
    http().get(served.url(path))
}

async fn post(served: &Served, path: &str, body: &Value) -> Response {
    http().post(served.url(path)).json(body).send().await.unwrap()
}

async fn status_and_json(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

fn tone() -> Vec<i16> {
    (0..8_000)
        .map(|n| if n / 10 % 2 == 0 { 9_000 } else { -9_000 })
        .collect()
}

fn token_of(key: &str) -> String {
    AccessToken::derive(&MemoKey::from_text(key).unwrap())
        .to_text()
        .to_string()
}

/// Another memo's key.
fn other_key() -> String {
    MemoKey::generate().to_text().to_string()
}

#[tokio::test]
async fn discovery_says_where_and_how() {
    let served = Served::start(|_| ());
    let answer: Value = get(&served, "/.well-known/voice-federation")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let base = format!("http://localhost:{}", served.address.port());
    let key = &answer["extensions"]["1.1"]["signature_keys"][0];
    assert_eq!(
        answer,
        json!({
            "version": "1.0",
            "endpoints": {"fetch": format!("{base}{FETCH}"), "verify": format!("{base}{VERIFY}")},
            "encryption": ["aes-256-gcm", "aes-256-gcm-stream"],
            "access_methods": ["qr"],
            "trusted_domains": [],
            "extensions": {"1.1": {
                "access_token": true,
                "signature_keys": [key],
                "audio": format!("{base}/voice/{{id}}/audio"),
            }},
        })
    );
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
}

#[tokio::test]
async fn discovery_says_https_behind_a_trusted_proxy_that_speaks_it() {
    let served = Served::start(|config| {
        trust_loopback(config);
        config.http.domain = "memo.example.org".into();
    });
    let discover = |proto| {
        get(&served, "/.well-known/voice-federation")
            .header("x-forwarded-proto", proto)
            .send()
    };
    let answer: Value = discover("https").await.unwrap().json().await.unwrap();
    assert_eq!(
        answer["endpoints"]["fetch"],
        format!("https://memo.example.org{FETCH}")
    );
    let answer: Value = discover("http").await.unwrap().json().await.unwrap();
    assert_eq!(
        answer["endpoints"]["fetch"],
        format!("http://memo.example.org{FETCH}")
    );
}

#[tokio::test]
async fn a_peer_with_the_key_fetches_what_opens() {
    let served = Served::start(|_| ());
    let memo = served.leave(tone());
    let key = key_of(&memo);
    let ask =
        json!({"memo_id": memo.id, "access_key": key, "requesting_domain": "peer.example.org", "more": 1});
    let (status, answer) = status_and_json(post(&served, FETCH, &ask).await).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["success"], true);
    assert_eq!(answer["memo_id"], memo.id.to_string());
    assert_eq!(answer["audio_format"], "audio/wav");
    assert_eq!(answer["duration_seconds"], 1);
    assert_eq!(
        answer["metadata"],
        json!({"source": "sip_call", "created_at": "2027-01-15T08:00:00.000Z"})
    );
    let ciphertext = STANDARD
        .decode(answer["encrypted_audio_b64"].as_str().unwrap())
        .unwrap();
    let iv = URL_SAFE
        .decode(answer["encryption_iv"].as_str().unwrap())
        .unwrap();
    assert_eq!(answer["encryption_iv"].as_str().unwrap().len(), 16);
    let key = MemoKey::from_text(&key).unwrap();
    let audio = open::open(&key, &iv.try_into().unwrap(), ciphertext).unwrap();
    assert_eq!(audio.len(), 44 + 16_000);
}

#[tokio::test]
async fn an_independent_program_opens_what_was_fetched() {
    let Some(python) = peer::peer("python3:cryptography") else {
        return;
    };
    let served = Served::start(|_| ());
    let memo = served.leave(tone());
    let ask = json!({"memo_id": memo.id, "access_key": key_of(&memo)});
    let answer = post(&served, FETCH, &ask).await.text().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("memo.wav");
    let run = |key: &str| {
        let mut child = Command::new(&python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/open_memo.py"))
            .arg(key)
            .arg(&out)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let refused = run(&other_key());
    assert_eq!(
        refused.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&refused.stderr)
    );
    let opened = run(&key_of(&memo));
    assert!(
        opened.status.success(),
        "{}",
        String::from_utf8_lossy(&opened.stderr)
    );
    let samples: Vec<i16> = hound::WavReader::open(&out)
        .unwrap()
        .into_samples()
        .map(Result::unwrap)
        .collect();
    assert_eq!(samples, tone());
}

#[tokio::test]
async fn an_unknown_memo_and_a_wrong_key_are_answered_alike() {
    let served = Served::start(|_| ());
    let memo = served.leave(tone());
    let wrong = json!({"memo_id": memo.id, "access_key": other_key()});
    let unknown = json!({"memo_id": MemoId::generate(), "access_key": key_of(&memo)});
    let mangled = json!({"memo_id": memo.id, "access_key": "not a key"});
    let strange = json!({"memo_id": "another-domain's id", "access_key": key_of(&memo)});
    let expected = json!({"success": false, "error": "unknown memo or wrong key"});
    for ask in [&wrong, &unknown, &mangled, &strange] {
        let response = post(&served, FETCH, ask).await;
        assert_eq!(
            status_and_json(response).await,
            (StatusCode::NOT_FOUND, expected.clone()),
            "{ask}"
        );
        let response = post(&served, VERIFY, ask).await;
        let (status, answer) = status_and_json(response).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            answer,
            json!({"valid": false, "reason": "unknown memo or wrong key", "expires_at": null}),
            "{ask}"
        );
    }
    assert_eq!(served.store.get(&memo.id).unwrap().unwrap().access_count, 0);
}

#[tokio::test]
async fn only_who_holds_the_key_learns_that_a_memo_has_expired() {
    let served = Served::start(|_| ());
    let memo = served.leave_until(tone(), Some(3_600));
    let right = json!({"memo_id": memo.id, "access_key": key_of(&memo)});
    let wrong = json!({"memo_id": memo.id, "access_key": other_key()});
    let answer = status_and_json(post(&served, VERIFY, &right).await).await.1;
    assert_eq!(
        answer,
        json!({"valid": true, "reason": null, "expires_at": "2027-01-15T09:00:00.000Z"})
    );
    served.clock.advance(3_600);
    assert_eq!(post(&served, FETCH, &right).await.status(), StatusCode::GONE);
    assert_eq!(post(&served, FETCH, &wrong).await.status(), StatusCode::NOT_FOUND);
    let answer = status_and_json(post(&served, VERIFY, &right).await).await.1;
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["reason"], "expired");
    let answer = status_and_json(post(&served, VERIFY, &wrong).await).await.1;
    assert_eq!(answer["reason"], "unknown memo or wrong key");
}

#[tokio::test]
async fn a_malformed_request_is_told_so() {
    let served = Served::start(|_| ());
    for (body, status) in [
        ("", StatusCode::BAD_REQUEST),
        ("{", StatusCode::BAD_REQUEST),
        ("[]", StatusCode::BAD_REQUEST),
        ("{}", StatusCode::BAD_REQUEST),
        (r#"{"memo_id": 7, "access_key": "x"}"#, StatusCode::BAD_REQUEST),
        (r#"{"memo_id": "x"}"#, StatusCode::BAD_REQUEST),
    ] {
        for path in [FETCH, VERIFY] {
            let response = http().post(served.url(path)).body(body).send().await.unwrap();
            let (found, answer) = status_and_json(response).await;
            assert_eq!(found, status, "{body}");
            assert_eq!(answer["success"], false);
            assert!(
                answer["error"].as_str().unwrap().contains("malformed"),
                "{answer}"
            );
        }
    }
    let large = "x".repeat(65 * 1024);
    let response = http().post(served.url(FETCH)).body(large).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        get(&served, FETCH).send().await.unwrap().status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn unsigned_requests_are_refused_where_the_configuration_says_so() {
    let served = Served::start(|config| config.federation.serve_unsigned = false);
    let memo = served.leave(tone());
    let ask = json!({"memo_id": memo.id, "access_key": key_of(&memo)});
    assert_eq!(post(&served, FETCH, &ask).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(post(&served, VERIFY, &ask).await.status(), StatusCode::FORBIDDEN);
    let token = token_of(&key_of(&memo));
    let own = get(&served, &format!("/voice/{}/audio", memo.id))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(own.status(), StatusCode::OK, "our own pages are no peers");
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let served = Served::start(|_| ());
    let memo = served.leave(tone());
    let ask = json!({"memo_id": memo.id, "access_token": token_of(&key_of(&memo))});
    assert_eq!(post(&served, FETCH, &ask).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_player_gets_ciphertext_for_the_token_alone() {
    let served = Served::start(|_| ());
    let memo = served.leave(tone());
    let key = key_of(&memo);
    let audio = |id: MemoId| get(&served, &format!("/voice/{id}/audio"));
    assert_eq!(
        audio(memo.id).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    for token in [key.clone(), token_of(&other_key()), "x".into()] {
        let response = audio(memo.id).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
    let unknown = audio(MemoId::generate())
        .bearer_auth(token_of(&key))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(served.store.get(&memo.id).unwrap().unwrap().access_count, 0);

    let response = audio(memo.id).bearer_auth(token_of(&key)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let field = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(field("cache-control"), "no-store");
    assert_eq!(field("content-type"), "application/octet-stream");
    assert_eq!(field("memo-audio-format"), "audio/wav");
    assert_eq!(field("memo-created-at"), "2027-01-15T08:00:00.000Z");
    assert_eq!(field("content-length"), memo.size_bytes.to_string());
    let iv = URL_SAFE.decode(field("memo-iv")).unwrap().try_into().unwrap();
    let ciphertext = response.bytes().await.unwrap().to_vec();
    let key = MemoKey::from_text(&key).unwrap();
    assert_eq!(open::open(&key, &iv, ciphertext).unwrap().len(), 44 + 16_000);
    assert_eq!(served.store.get(&memo.id).unwrap().unwrap().access_count, 1);
}

#[tokio::test]
async fn the_operators_list_needs_the_operators_token() {
    let closed = Served::start(|_| ());
    let list = |served: &Served| get(served, "/voicemails");
    assert_eq!(
        list(&closed).send().await.unwrap().status(),
        StatusCode::FORBIDDEN
    );

    let served = Served::start(|config| config.http.admin_token = Some(Secret::new("open sesame".into())));
    let (first, second) = (served.leave(tone()), served.leave(vec![0; 800]));
    assert_eq!(
        list(&served).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let wrong = list(&served).bearer_auth("open sesam").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let text = list(&served)
        .bearer_auth("open sesame")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&answer["success"], &answer["total"]), (&json!(true), &json!(2)));
    let entries = answer["voicemails"].as_array().unwrap();
    let entry = entries
        .iter()
        .find(|entry| entry["id"] == first.id.to_string())
        .unwrap();
    assert_eq!(
        entry,
        &json!({
            "id": first.id,
            "from": null,
            "duration": 1.0,
            "size_bytes": 16_060,
            "sealed_envelope": null,
            "access_url": format!("http://localhost:{}/voice/{}", served.address.port(), first.id),
            "access_count": 0,
            "created_at": "2027-01-15T08:00:00.000Z",
        })
    );
    assert!(!text.contains(&key_of(&first)) && !text.contains(&key_of(&second)));
    let page = get(&served, "/voicemails?limit=1")
        .bearer_auth("open sesame")
        .send()
        .await
        .unwrap();
    let page: Value = page.json().await.unwrap();
    assert_eq!(page["voicemails"].as_array().unwrap().len(), 1);
    let rest = format!("/voicemails?limit=1&after={}", page["next"].as_str().unwrap());
    let rest: Value = get(&served, &rest)
        .bearer_auth("open sesame")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_ne!(rest["voicemails"][0]["id"], page["voicemails"][0]["id"]);
}

#[tokio::test]
async fn guesses_are_bounded_by_address_and_by_memo() {
    let served = Served::start(trust_loopback);
    let memo = served.leave(tone());
    let ask = |key: String, from: &str| {
        http()
            .post(served.url(VERIFY))
            .header("x-forwarded-for", format!("10.1.1.1, {from}"))
            .json(&json!({"memo_id": memo.id, "access_key": key}))
            .send()
    };
    for _ in 0..20 {
        assert_eq!(
            ask(other_key(), "203.0.113.1").await.unwrap().status(),
            StatusCode::OK
        );
    }
    let refused = ask(key_of(&memo), "203.0.113.1").await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "6");
    let answer: Value = ask(key_of(&memo), "203.0.113.2")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["valid"], true, "who holds the link is not locked out");
    for _ in 0..39 {
        let _ = ask(key_of(&memo), "203.0.113.1").await.unwrap();
    }
    let answer = get(&served, &format!("/voice/{}/audio", MemoId::generate()))
        .header("x-forwarded-for", "203.0.113.1")
        .bearer_auth("x")
        .send();
    assert_eq!(answer.await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    served.clock.advance(120);
    let answer: Value = ask(key_of(&memo), "203.0.113.1")
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["valid"], true);
}

#[tokio::test]
async fn guesses_at_the_admin_token_are_bounded_without_locking_the_operator_out() {
    let served = Served::start(|config| {
        trust_loopback(config);
        config.http.admin_token = Some(Secret::new("open sesame".into()));
    });
    let receipt = format!("/api/receipts/{}", MemoId::generate());
    let ask = |path: &str, token: String, from: &str| {
        let request = get(&served, path).header("x-forwarded-for", from);
        request.bearer_auth(token).send()
    };
    for guess in 0..10 {
        for (path, status) in [("/voicemails", 401), (&receipt, 404)] {
            let answer = ask(path, format!("guess {guess}"), "203.0.113.1").await.unwrap();
            assert_eq!(answer.status(), status);
        }
    }
    for path in ["/voicemails", &receipt] {
        let answer = ask(path, "open sesame".into(), "203.0.113.1").await.unwrap();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()["retry-after"], "6");
    }
    let answer = ask("/voicemails", "open sesame".into(), "203.0.113.2")
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

/// What a request as it stands is answered, and how.
fn raw(served: &Served, request: &[u8]) -> String {
    let mut stream = std::net::TcpStream::connect(served.address).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test]
async fn what_is_broken_is_called_so_and_in_json() {
    let served = Served::start(|config| config.http.record = true);
    let broken_chunk = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"
        )
    };
    for path in [FETCH, "/api/open", "/api/memos"] {
        let answer = raw(&served, broken_chunk(path).as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
        assert!(answer.contains("{\"error\":"), "{path}: {answer}");
    }
    for path in [
        "/voice/%ff/audio",
        "/api/mailboxes/%ff",
        "/api/mailboxes/%ff/memos",
    ] {
        let answer = get(&served, path).bearer_auth("x").send().await.unwrap();
        assert!(answer.status().is_client_error());
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
    }
}

#[tokio::test]
async fn every_page_keeps_itself_to_itself() {
    let served = Served::start(|_| ());
    for path in [
        "/",
        "/voice/EBESExQVFhcYGRobHB0eHw",
        "/assets/voice.js",
        "/assets/style.css",
        "/nothing",
        "/healthz",
    ] {
        let response = get(&served, path).send().await.unwrap();
        let field = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = field("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{path}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(field("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(field("x-content-type-options"), "nosniff", "{path}");
    }
    let page = get(&served, "/voice/EBESExQVFhcYGRobHB0eHw")
        .send()
        .await
        .unwrap();
    assert_eq!(page.headers()["cache-control"], "no-store");
    let text = page.text().await.unwrap();
    for forbidden in ["<script>", "style=", "onclick", "http://", "https://"] {
        assert!(!text.contains(forbidden), "{forbidden} in the player page");
    }
    let missing = get(&served, "/nothing").send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn assets_are_asked_after_and_not_sent_twice() {
    let served = Served::start(|_| ());
    let first = get(&served, "/assets/voice.js").send().await.unwrap();
    assert_eq!(first.headers()["content-type"], "text/javascript; charset=utf-8");
    let tag = first.headers()["etag"].clone();
    let again = get(&served, "/assets/voice.js")
        .header("if-none-match", tag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(
        get(&served, "/assets/nothing.js").send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn health_is_told_in_json() {
    let served = Served::start(|_| ());
    let (status, answer) = status_and_json(get(&served, "/healthz").send().await.unwrap()).await;
    assert_eq!((status, &answer["status"]), (StatusCode::OK, &json!("ok")));
    let (status, answer) = status_and_json(get(&served, "/readyz").send().await.unwrap()).await;
    assert_eq!(
        (status, answer),
        (StatusCode::OK, json!({"status": "ready", "memos": 0}))
    );
}

#[tokio::test]
async fn https_is_spoken_with_the_certificate_given() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = self_signed(folder.path(), &["localhost"]);
    let served = Served::start(|config| {
        config.http.tls_cert = Some(cert.clone());
        config.http.tls_key = Some(key);
    });
    let memo = served.leave(tone());
    assert!(memo.link.expose().starts_with("https://localhost:"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusting = Client::builder()
        .no_proxy()
        .tls_certs_only([reqwest::Certificate::from_pem(&std::fs::read(&cert).unwrap()).unwrap()])
        .build()
        .unwrap();
    let url = format!(
        "https://localhost:{}/.well-known/voice-federation",
        served.address.port()
    );
    let strict = "strict-transport-security";
    let answer = trusting.get(&url).send().await.unwrap();
    assert!(
        answer.headers().get(strict).is_none(),
        "others speak HTTP on localhost"
    );
    let named = trusting.get(&url).header("host", "memo.example.org").send();
    assert_eq!(named.await.unwrap().headers()[strict], "max-age=2592000");
    let answer: Value = answer.json().await.unwrap();
    assert!(answer["endpoints"]["fetch"]
        .as_str()
        .unwrap()
        .starts_with("https://localhost:"));
}

#[test]
fn what_is_wrong_with_a_certificate_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = self_signed(folder.path(), &["localhost"]);
    let other = tempfile::tempdir().unwrap();
    let (_, other_key) = self_signed(other.path(), &["localhost"]);
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let error = |cert, key| Tls::load(cert, key).err().unwrap().to_string();
    let missing = folder.path().join("missing.pem");
    assert!(error(&missing, &key).contains("missing.pem"));
    assert!(error(&empty, &key).contains("empty.pem: no certificate in it"));
    assert!(error(&cert, &empty).contains("tls_key") && error(&cert, &empty).contains("empty.pem"));
    assert!(error(&cert, &other_key).contains("do not fit"));
    assert!(Tls::load(&cert, &key).is_ok());
}

#[tokio::test]
async fn our_client_opens_a_link_and_sends_no_key() {
    let served = Served::start(|_| ());
    let memo = served.leave(tone());
    let link = ParsedLink::parse(memo.link.expose()).unwrap();
    let opened = client::open_link(&link, false).await.unwrap();
    assert_eq!(
        (opened.audio.len(), opened.audio_format.as_str()),
        (44 + 16_000, "audio/wav")
    );
    assert!(
        !served.seen().contains(key_of(&memo).trim_end_matches('=')),
        "the key stays here"
    );

    let wrong = memo.link.expose().replace(&key_of(&memo), &other_key());
    let error = client::open_link(&ParsedLink::parse(&wrong).unwrap(), false)
        .await
        .err()
        .unwrap();
    assert!(matches!(error, FetchError::Unknown), "{error}");
    let now = std::time::SystemTime::now();
    served
        .store
        .delete(&memo.id, obelus::memo::store::receipts::Reason::Owner, now)
        .unwrap();
    let error = client::open_link(&link, false).await.err().unwrap();
    assert!(matches!(error, FetchError::Unknown), "{error}");
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| {
        if path.is_dir() {
            files_below(&path)
        } else {
            vec![path]
        }
    };
    entries.flat_map(below).collect()
}

#[tokio::test]
async fn no_file_of_the_store_holds_a_key_a_token_or_what_was_said() {
    let served = Served::start(|_| ());
    let samples: Vec<i16> = (0..8_000).map(|n| (n * 31 % 20_011) as i16).collect();
    let memo = served.leave(samples.clone());
    let (key, token) = (key_of(&memo), token_of(&key_of(&memo)));
    let ask = json!({"memo_id": memo.id, "access_key": key});
    assert!(post(&served, FETCH, &ask).await.status().is_success());
    let audio = get(&served, &format!("/voice/{}/audio", memo.id))
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert!(audio.status().is_success());
    served.store.sync().unwrap();

    let mut secrets: Vec<Vec<u8>> = Vec::new();
    for text in [&key, &token] {
        let bytes = URL_SAFE.decode(text).unwrap();
        secrets.push(text.trim_end_matches('=').as_bytes().to_vec());
        secrets.push(STANDARD.encode(&bytes).trim_end_matches('=').as_bytes().to_vec());
        secrets.push(hex::encode(&bytes).into_bytes());
        secrets.push(bytes);
    }
    secrets.push(
        samples[1_000..1_016]
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect(),
    );
    let holds = |bytes: &[u8], secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    let files = files_below(served.folder());
    let mut found = 0;
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        found += usize::from(holds(&bytes, memo.id.to_string().as_bytes()));
        for secret in &secrets {
            assert!(!holds(&bytes, secret), "{} holds a secret", file.display());
        }
    }
    assert!(
        found >= 2,
        "the search finds what is there: the id, in the body and in the index"
    );
}

#[tokio::test]
async fn memos_on_their_way_make_room_when_they_were_sent() {
    let served = Served::start(|_| ());
    let memo = served.leave(tone());
    let token = token_of(&key_of(&memo));
    // More than may be on their way at once, one after the other: each gives its place back.
    for _ in 0..obelus::limits::HTTP_MEMOS + 8 {
        served.clock.advance(1);
        let response = get(&served, &format!("/voice/{}/audio", memo.id))
            .bearer_auth(&token)
            .send()
            .await
            .unwrap();
        assert_eq!(response.bytes().await.unwrap().len() as u64, memo.size_bytes);
    }
}

#[tokio::test]
async fn a_stop_is_orderly() {
    let mut served = Served::start(|_| ());
    assert!(get(&served, "/healthz")
        .send()
        .await
        .unwrap()
        .status()
        .is_success());
    served.stop();
    assert!(get(&served, "/healthz").send().await.is_err());
}

#[tokio::test]
async fn a_memo_without_a_hash_of_its_token_is_served_to_its_key_alone() {
    let served = Served::start(trust_loopback);
    let memo = served.leave(tone());
    // As an import wrote it that knew no hash of the token.
    let changed = served.store.update(&memo.id, Durable::Now, |record| {
        record.access_token_hash = Verifier::nothing();
        Ok::<(), ()>(())
    });
    assert!(changed.unwrap().is_some());
    let zeros = URL_SAFE.encode([0; 32]);
    let mut asker = 0;
    let mut from = |request: RequestBuilder| {
        asker += 1;
        request
            .header("x-forwarded-for", format!("192.0.2.{asker}"))
            .send()
    };
    let post = |path: &str, body: Value| http().post(served.url(path)).json(&body);
    let domain = format!("localhost:{}", served.address.port());
    for shown in ["rubbish", &zeros, &other_key(), &token_of(&key_of(&memo))] {
        let page = get(&served, &format!("/voice/{}/audio", memo.id)).bearer_auth(shown);
        let fetch = post(FETCH, json!({"memo_id": memo.id, "access_key": shown}));
        let open = post(
            "/api/open",
            json!({"domain": domain, "memo_id": memo.id, "access_token": shown}),
        );
        for (request, way) in [(page, "page"), (fetch, "fetch"), (open, "open")] {
            let status = from(request).await.unwrap().status();
            // What is no token at all is malformed there.
            let expected = match (way, shown) {
                ("open", "rubbish") => StatusCode::BAD_REQUEST,
                _ => StatusCode::NOT_FOUND,
            };
            assert_eq!(status, expected, "{way} {shown}");
        }
        let verify = post(VERIFY, json!({"memo_id": memo.id, "access_key": shown}));
        let answer: Value = from(verify).await.unwrap().json().await.unwrap();
        assert_eq!(answer["valid"], false, "{shown}");
    }
    let fetch = post(FETCH, json!({"memo_id": memo.id, "access_key": key_of(&memo)}));
    assert_eq!(from(fetch).await.unwrap().status(), StatusCode::OK);
}
