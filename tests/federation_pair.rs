//! Two domains on two loopback addresses: memos of the one open on the other, and requests that prove nothing are refused.

#[path = "common/peer.rs"]
mod peer;
#[path = "common/served.rs"]
mod served;

use axum::http::{header, StatusCode as Status};
use axum::routing::get;
use axum::Router;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::Engine as _;
use obelus::federation::identity::Identity;
use obelus::federation::open_link::{open_link, FetchError};
use obelus::federation::signature::{sign, SignedFields};
use obelus::limits;
use obelus::memo::key::MemoKey;
use obelus::memo::link::ParsedLink;
use obelus::memo::open;
use obelus::memo::store::Durable;
use obelus::memo::token::AccessToken;
use obelus::memo::vault::StoredMemo;
use reqwest::{Client, Response, StatusCode};
use serde_json::{json, Value};
use served::{key_of, Served, RECORDED};
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const FETCH: &str = "/api/federation/voice/fetch";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/voice_federation_1_0.py");

fn http() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

fn tone() -> Vec<i16> {
    (0..8_000)
        .map(|n| if n / 10 % 2 == 0 { 9_000 } else { -9_000 })
        .collect()
}

/// Two domains that may reach each other.
fn pair() -> (Served, Served) {
    let start = |address: &'static str| {
        Served::start_on(address, address, |config| {
            config.federation.allow_private = vec!["127.0.0.1".into(), "127.0.0.2".into()];
        })
    };
    (start("127.0.0.1"), start("127.0.0.2"))
}

fn domain(served: &Served) -> String {
    served.address.to_string()
}

fn token_of(key: &str) -> String {
    AccessToken::derive(&MemoKey::from_text(key).unwrap())
        .to_text()
        .to_string()
}

async fn post(served: &Served, path: &str, body: &Value) -> Response {
    http().post(served.url(path)).json(body).send().await.unwrap()
}

async fn open_on(here: &Served, there: &str, memo: &StoredMemo) -> Response {
    let ask = json!({"domain": there, "memo_id": memo.id, "access_token": token_of(&key_of(memo))});
    post(here, "/api/open", &ask).await
}

async fn status_and_json(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

/// The audio of an answer of `/api/open`.
async fn audio(response: Response, key: &str) -> Vec<u8> {
    assert_eq!(response.status(), StatusCode::OK);
    let iv = URL_SAFE.decode(response.headers()["memo-iv"].as_bytes()).unwrap();
    let ciphertext = response.bytes().await.unwrap().to_vec();
    let key = MemoKey::from_text(key).unwrap();
    open::open(&key, &iv.try_into().unwrap(), ciphertext)
        .unwrap()
        .to_vec()
}

fn accesses(served: &Served, memo: &StoredMemo) -> u64 {
    served.store.get(&memo.id).unwrap().unwrap().access_count
}

#[tokio::test]
async fn a_memo_of_the_one_opens_on_the_other() {
    let (a, b) = pair();
    for (here, there) in [(&a, &b), (&b, &a)] {
        let memo = there.leave(tone());
        let response = open_on(here, &domain(there), &memo).await;
        let field = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            [
                "memo-audio-format",
                "memo-encryption",
                "memo-complete",
                "memo-created-at"
            ]
            .map(field),
            ["audio/wav", "aes-256-gcm", "true", "2027-01-15T08:00:00.000Z"]
        );
        assert_eq!(audio(response, &key_of(&memo)).await.len(), 44 + 16_000);
        assert_eq!(accesses(there, &memo), 1);
        // The second listening costs the other domain nothing, for a minute; who holds no token gets nothing of it.
        assert_eq!(
            open_on(here, &domain(there), &memo).await.status(),
            StatusCode::OK
        );
        assert_eq!(accesses(there, &memo), 1);
        let wrong = json!({
            "domain": domain(there), "memo_id": memo.id, "access_token": token_of(&MemoKey::generate().to_text()),
        });
        assert_eq!(
            post(here, "/api/open", &wrong).await.status(),
            StatusCode::NOT_FOUND
        );
        here.clock.advance(61);
        there.clock.advance(61);
        assert_eq!(
            open_on(here, &domain(there), &memo).await.status(),
            StatusCode::OK
        );
        assert_eq!(accesses(there, &memo), 2);
    }
    // A link of one's own domain needs no other.
    let memo = a.leave(tone());
    let response = open_on(&a, &format!("http://{}", domain(&a)), &memo).await;
    assert_eq!(audio(response, &key_of(&memo)).await.len(), 44 + 16_000);
}

#[tokio::test]
async fn who_does_not_read_memos_of_another_domain_has_two_of_them_in_memory() {
    let (_, there) = pair();
    let here = Served::start_as(
        "127.0.0.1",
        "127.0.0.1",
        |config| config.federation.allow_private = vec!["127.0.0.2".into()],
        |state| state.with_memo_wait(Duration::from_millis(20)),
    );
    // More than an operating system takes of a connection that nobody reads.
    let memo = there.leave(vec![0; 8 * 1024 * 1024]);
    let ask = json!({
        "domain": domain(&there), "memo_id": memo.id, "access_token": token_of(&key_of(&memo)),
    });
    let ask = |from: &str| {
        let http = Client::builder()
            .no_proxy()
            .local_address(from.parse::<IpAddr>().unwrap());
        let request = http.build().unwrap().post(here.url("/api/open"));
        request.json(&ask).send()
    };
    let mut unread = Vec::new();
    for _ in 0..limits::RELAYS_PER_ADDRESS {
        let response = ask("127.0.0.1").await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        unread.push(response);
    }
    let refused = ask("127.0.0.1").await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "5");
    let other = ask("127.0.0.5").await.unwrap();
    assert_eq!(other.status(), StatusCode::OK);
    assert_eq!(other.bytes().await.unwrap().len() as u64, memo.size_bytes);
}

/// A request to `b` in the name of `a`, that may be altered before it is sent.
struct Forgery {
    identity: Identity,
    uri: String,
    body: Value,
    now: u64,
    nonce: String,
}

impl Forgery {
    fn new(a: &Served, b: &Served, memo: &StoredMemo, nonce: &str) -> Self {
        Forgery {
            identity: Identity::load(&a.store).unwrap(),
            uri: b.url(FETCH),
            body: json!({
                "memo_id": memo.id, "access_token": token_of(&key_of(memo)), "requesting_domain": domain(a),
            }),
            now: RECORDED,
            nonce: format!("{nonce:-<16}"),
        }
    }

    fn fields(&self) -> (SignedFields, String) {
        let body = self.body.to_string();
        let signed = sign(
            &self.identity,
            "POST",
            &self.uri,
            body.as_bytes(),
            self.now,
            &self.nonce,
        );
        (signed, body)
    }
}

async fn send(to: &Served, (fields, body): (SignedFields, String)) -> (StatusCode, Value) {
    let request = http()
        .post(to.url(FETCH))
        .header("content-digest", fields.content_digest)
        .header("signature-input", fields.signature_input)
        .header("signature", fields.signature)
        .body(body);
    status_and_json(request.send().await.unwrap()).await
}

#[tokio::test]
async fn requests_that_prove_nothing_are_refused_and_told_why() {
    let (a, b) = pair();
    let memo = b.leave(tone());
    let forgery = |nonce: &str| Forgery::new(&a, &b, &memo, nonce);
    let good = forgery("good").fields();
    let (status, answer) = send(&b, good.clone()).await;
    assert_eq!(
        (status, &answer["success"]),
        (StatusCode::OK, &json!(true)),
        "{answer}"
    );
    assert_eq!(
        (&answer["encryption"], &answer["complete"]),
        (&json!("aes-256-gcm"), &json!(true))
    );
    assert_eq!(answer["max_age_seconds"], 60);

    let code = |(status, answer): (StatusCode, Value)| {
        assert_eq!(answer["success"], false);
        (
            status.as_u16(),
            answer["code"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let refused = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(code(send(&b, good).await), refused(403, "replayed"));

    let mut late = forgery("late");
    late.now -= 60;
    assert_eq!(code(send(&b, late.fields()).await), refused(403, "expired"));
    let mut early = forgery("early");
    early.now += 31;
    assert_eq!(code(send(&b, early.fields()).await), refused(403, "future"));

    let mut strangers = forgery("stranger");
    strangers.identity = Identity::from_seed(&[9; 32]);
    assert_eq!(
        code(send(&b, strangers.fields()).await),
        refused(403, "unknown-key")
    );
    let mut claimed = forgery("claimed");
    claimed.body["requesting_domain"] = json!(domain(&b));
    assert_eq!(
        code(send(&b, claimed.fields()).await),
        refused(403, "unknown-key")
    );
    let mut elsewhere = forgery("elsewhere");
    elsewhere.uri = a.url(FETCH);
    assert_eq!(code(send(&b, elsewhere.fields()).await), refused(403, "forged"));
    let (mut fields, body) = forgery("altered").fields();
    fields.signature = forgery("another").fields().0.signature;
    assert_eq!(code(send(&b, (fields, body)).await), refused(403, "forged"));
    let (fields, body) = forgery("body").fields();
    assert_eq!(code(send(&b, (fields, body + " ")).await), refused(403, "digest"));
    let mut nameless = forgery("nameless");
    nameless.body["requesting_domain"] = Value::Null;
    assert_eq!(code(send(&b, nameless.fields()).await), refused(400, "domain"));
    let (mut fields, body) = forgery("malformed").fields();
    fields.signature_input.push(',');
    assert_eq!(code(send(&b, (fields, body)).await), refused(400, "malformed"));
    let mut private = forgery("private");
    private.body["requesting_domain"] = json!("169.254.169.254");
    assert_eq!(code(send(&b, private.fields()).await), refused(403, "keys"));

    let unsigned = status_and_json(post(&b, FETCH, &forgery("x").body).await).await;
    assert_eq!(code(unsigned), refused(403, "unsigned"));
    assert_eq!(accesses(&b, &memo), 1, "only the good one was served");
}

#[tokio::test]
async fn a_domain_that_names_others_serves_those_alone() {
    let a = Served::start_on("127.0.0.1", "127.0.0.1", |config| {
        config.federation.allow_private = vec!["127.0.0.2".into()];
    });
    let of = |trusted: String| {
        let allowed = domain(&a);
        Served::start_on("127.0.0.2", "127.0.0.2", move |config| {
            config.federation.allow_private = vec![allowed];
            config.federation.trusted_domains = vec![trusted];
        })
    };
    let (friend, stranger) = (of(domain(&a)), of("elsewhere.example".into()));
    let (memo, other) = (friend.leave(tone()), stranger.leave(tone()));
    assert_eq!(
        open_on(&a, &domain(&friend), &memo).await.status(),
        StatusCode::OK
    );
    let (status, answer) = status_and_json(open_on(&a, &domain(&stranger), &other).await).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("not shared with your domain"),
        "{answer}"
    );
    let unsigned = json!({"memo_id": memo.id, "access_key": key_of(&memo)});
    assert_eq!(
        post(&friend, FETCH, &unsigned).await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(accesses(&stranger, &other), 0);
}

#[tokio::test]
async fn a_memo_that_names_domains_is_for_those_alone() {
    let (a, b) = pair();
    for (trusted, shared, status) in [
        (vec![domain(&a)], true, StatusCode::OK),
        (vec!["elsewhere.example".to_owned()], true, StatusCode::FORBIDDEN),
        (vec![], false, StatusCode::FORBIDDEN),
    ] {
        let memo = b.leave(tone());
        let changed = b.store.update(&memo.id, Durable::Now, |record| {
            record.trusted_domains = trusted;
            record.federation_shared = shared;
            Ok::<(), ()>(())
        });
        assert!(changed.unwrap().is_some());
        assert_eq!(open_on(&a, &domain(&b), &memo).await.status(), status);
        let unsigned = json!({"memo_id": memo.id, "access_key": key_of(&memo)});
        assert_eq!(post(&b, FETCH, &unsigned).await.status(), StatusCode::FORBIDDEN);
    }
}

/// A server of another kind, until the test ends.
fn serve_router(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(obelus::http::serve_router(
        listener,
        router,
        Vec::new(),
        None,
        std::future::pending(),
    ));
    address
}

#[tokio::test]
async fn a_domain_that_is_slow_dead_or_leads_astray_is_told_of_and_holds_up_nobody() {
    let (a, b) = pair();
    let memo = b.leave(tone());
    let ask = |domain: String| {
        let ask = json!({"domain": domain, "memo_id": memo.id, "access_token": token_of(&key_of(&memo))});
        http().post(a.url("/api/open")).json(&ask).send()
    };
    let discovery = "/.well-known/voice-federation";
    // It takes the request and never answers.
    let silent = TcpListener::bind("127.0.0.2:0").unwrap();
    let slow = tokio::spawn(ask(silent.local_addr().unwrap().to_string()));
    let _taken = tokio::task::spawn_blocking(move || silent.accept().unwrap())
        .await
        .unwrap();
    assert_eq!(open_on(&a, &domain(&b), &memo).await.status(), StatusCode::OK);
    slow.abort();

    let away = |location: String| {
        Router::new().route(
            discovery,
            get(move || async move { (Status::FOUND, [(header::LOCATION, location)]) }),
        )
    };
    let astray = serve_router(away(b.url(discovery)));
    let endless = serve_router(Router::new().route(discovery, get(|| async { "x".repeat(65 * 1024) })));
    let inward = json!({"endpoints": {"fetch": "https://169.254.169.254/x"}, "extensions": {"1.1": {"access_token": true}}});
    let inward = serve_router(Router::new().route(discovery, get(move || async move { inward.to_string() })));
    let closed = TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    for (domain, status, said) in [
        (astray.to_string(), 502, "a redirection to another host"),
        (endless.to_string(), 502, "larger than 65536 bytes"),
        (
            inward.to_string(),
            403,
            "169.254.169.254 leads to no public address",
        ),
        (closed.to_string(), 502, "could not be reached"),
        (closed.to_string(), 502, "could not be reached"),
        ("127.0.0.3:7".into(), 403, "127.0.0.3 leads to no public address"),
        ("10.0.0.1".into(), 403, "10.0.0.1 leads to no public address"),
    ] {
        let (found, answer) = status_and_json(ask(domain).await.unwrap()).await;
        assert_eq!(found.as_u16(), status, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(said), "{answer}");
    }
    let bad = status_and_json(ask("no domain".into()).await.unwrap()).await;
    assert_eq!(bad.0, StatusCode::BAD_REQUEST);
    let cross = http()
        .post(a.url("/api/open"))
        .header("sec-fetch-site", "cross-site")
        .body("{}")
        .send();
    assert_eq!(cross.await.unwrap().status(), StatusCode::FORBIDDEN);
}

/// The Python peer, until it is dropped.
struct Python {
    child: Child,
    says: Value,
}

impl Python {
    fn serve(python: &std::path::Path, address: &str) -> Self {
        let mut child = Command::new(python)
            .args([PROGRAM, "serve", address])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Python {
            child,
            says: serde_json::from_str(&line).unwrap(),
        }
    }

    fn text(&self, name: &str) -> String {
        self.says[name].as_str().unwrap().to_owned()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_1_0_peer_written_by_others_works_in_both_directions() {
    let Some(python) = peer::peer("python3:cryptography") else {
        return;
    };
    let (a, _) = pair();
    let peer = Python::serve(&python, "127.0.0.2");
    let (key, audio_of_peer) = (peer.text("key"), STANDARD.decode(peer.text("audio_b64")).unwrap());
    let ask = |name: &str, secret: &str| json!({"domain": peer.text("domain"), "memo_id": peer.text("memo_id"), name: secret});
    // It is not given the token, which it does not know, and not the key before somebody says so.
    let token = ask("access_token", &token_of(&key));
    let (status, answer) = status_and_json(post(&a, "/api/open", &token).await).await;
    assert_eq!(
        (status, &answer["needs_key"]),
        (StatusCode::CONFLICT, &json!(true))
    );
    let response = post(&a, "/api/open", &ask("access_key", &key)).await;
    assert_eq!(audio(response, &key).await, audio_of_peer);
    let wrong = ask("access_key", &MemoKey::generate().to_text());
    assert_eq!(
        post(&a, "/api/open", &wrong).await.status(),
        StatusCode::NOT_FOUND
    );

    // From a terminal.
    let link = format!(
        "http://{}/voice/{}#{key}",
        peer.text("domain"),
        peer.text("memo_id")
    );
    let link = ParsedLink::parse(&link).unwrap();
    assert!(matches!(
        open_link(&link, false).await,
        Err(FetchError::NeedsKey { .. })
    ));
    assert_eq!(*open_link(&link, true).await.unwrap().audio, audio_of_peer);

    // And it fetches from us.
    let memo = a.leave(tone());
    let fetch = |key: String| {
        let run = Command::new(&python)
            .args([PROGRAM, "fetch", &a.url(""), &memo.id.to_string(), &key])
            .output();
        serde_json::from_slice::<Value>(&run.unwrap().stdout).unwrap()
    };
    let right = key_of(&memo);
    // The server has a thread of its own, so that waiting here holds up nothing.
    let (fetched, refused) = (fetch(right), fetch(MemoKey::generate().to_text().to_string()));
    assert_eq!(fetched["status"], 200);
    assert_eq!(
        STANDARD
            .decode(fetched["audio_b64"].as_str().unwrap())
            .unwrap()
            .len(),
        44 + 16_000
    );
    assert_eq!(
        refused,
        json!({"status": 404, "error": "unknown memo or wrong key"})
    );
}

#[tokio::test]
async fn pages_of_other_sites_may_fetch_ciphertext_with_a_token() {
    let (a, _) = pair();
    let memo = a.leave(tone());
    for path in [format!("/voice/{}/audio", memo.id), FETCH.to_owned()] {
        let asked = http()
            .request(reqwest::Method::OPTIONS, a.url(&path))
            .header("origin", "https://other.example")
            .header("access-control-request-headers", "authorization")
            .send()
            .await
            .unwrap();
        assert_eq!(asked.status(), StatusCode::NO_CONTENT);
        assert_eq!(asked.headers()["access-control-allow-origin"], "*");
        let allowed = asked.headers()["access-control-allow-headers"].to_str().unwrap();
        assert!(allowed.contains("authorization"));
    }
    let audio = http().get(a.url(&format!("/voice/{}/audio", memo.id)));
    let refused = audio.try_clone().unwrap().send().await.unwrap();
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "*",
        "a refusal can be read too"
    );
    let served = audio.bearer_auth(token_of(&key_of(&memo))).send().await.unwrap();
    assert!(served.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap()
        .contains("Memo-Iv"));
}
