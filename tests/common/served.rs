//! A store served over HTTP on loopback, and memos left in it, for tests of both sides of the wire.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use axum::extract::Request;
use axum::middleware::{from_fn, Next};
use axum::Router;
use obelus::config::{Cidr, Config};
use obelus::http::tls::Tls;
use obelus::http::{self, Clock, State};
use obelus::memo::key::MemoId;
use obelus::memo::link::LinkBase;
use obelus::memo::store::Store;
use obelus::memo::vault::{MemoMeta, StoredMemo, Vault, VaultCommand, VaultEvent};
use obelus::time::Instant;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// When every test's memo is recorded: seconds since 1970.
pub const RECORDED: u64 = 1_800_000_000;

/// A clock that stands until it is moved.
#[derive(Default)]
pub struct TestClock {
    secs: AtomicU64,
}

impl TestClock {
    /// Moves both clocks.
    pub fn advance(&self, secs: u64) {
        self.secs.fetch_add(secs, Ordering::SeqCst);
    }

    fn secs(&self) -> u64 {
        self.secs.load(Ordering::SeqCst)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant::from_secs(self.secs())
    }

    fn wall(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(RECORDED + self.secs())
    }
}

/// A running server. Stops when dropped.
pub struct Served {
    /// The store that it serves.
    pub store: Store,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Where it listens.
    pub address: SocketAddr,
    /// The memos left from browsers in mailboxes, as notifiers are told of them.
    pub web_memos: Arc<Mutex<Vec<MemoId>>>,
    /// Everything that each request said: method, target, header fields, as the server saw them.
    pub seen: Arc<Mutex<Vec<String>>>,
    https: bool,
    vault: Mutex<Vault>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    folder: tempfile::TempDir,
}

impl Served {
    /// With the default configuration, changed by `change`. Over HTTPS where it names a certificate.
    pub fn start(change: impl FnOnce(&mut Config)) -> Self {
        Served::start_on("127.0.0.1", "localhost", change)
    }

    /// The same at another address, under another name.
    pub fn start_on(address: &str, name: &str, change: impl FnOnce(&mut Config)) -> Self {
        Served::start_as(address, name, change, |state| state)
    }

    /// The same, with what serves the pages changed as well.
    pub fn start_as(
        address: &str,
        name: &str,
        change: impl FnOnce(&mut Config),
        serve: impl FnOnce(State) -> State,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((address, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = Config::default();
        config.http.domain = format!("{name}:{}", address.port());
        change(&mut config);
        let store = Store::open(&folder.path().join("data")).unwrap();
        let clock = Arc::new(TestClock::default());
        let web_memos = Arc::new(Mutex::new(Vec::new()));
        let told = web_memos.clone();
        let state = State::new(store.clone(), &config.http, &config.federation).unwrap();
        let state = state
            .with_clock(clock.clone())
            .with_mailboxes(&config.mailboxes)
            .with_poll_time(Duration::from_millis(200))
            .with_web_memos(Arc::new(move |record| told.lock().unwrap().push(record.id)));
        let state = serve(state);
        let tls = match (&config.http.tls_cert, &config.http.tls_key) {
            (Some(cert), Some(key)) => Some(Tls::load(cert, key).unwrap()),
            _ => None,
        };
        let https = tls.is_some();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let router = watched(http::router(state), seen.clone());
        let (stop, stopped) = oneshot::channel();
        let trusted = config.http.trusted_proxies.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime
                .block_on(http::serve_router(listener, router, trusted, tls, async {
                    let _ = stopped.await;
                }))
                .unwrap();
        });
        let base = LinkBase::new(&config.http.domain, config.http.public_url.as_deref(), https);
        Served {
            vault: Mutex::new(Vault::new(store.clone(), config.http.domain, base)),
            store,
            clock,
            address,
            web_memos,
            seen,
            https,
            stop: Some(stop),
            thread: Some(thread),
            folder,
        }
    }

    /// The address of a path on it.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// Leaves a memo of these samples.
    pub fn leave(&self, samples: Vec<i16>) -> Box<StoredMemo> {
        self.leave_until(samples, None)
    }

    /// The same, expiring that many seconds after it was recorded.
    pub fn leave_until(&self, samples: Vec<i16>, expires_secs: Option<u64>) -> Box<StoredMemo> {
        let time = |secs| UNIX_EPOCH + Duration::from_secs(RECORDED + secs);
        let meta = MemoMeta {
            mailbox: Some("main".into()),
            from: "+15550100123".into(),
            trunk: Some("line".into()),
            call_id: Some("call-1".into()),
            expires_at: expires_secs.map(time),
            ..MemoMeta::at(time(0))
        };
        let samples = Zeroizing::new(samples);
        let commands = vec![
            VaultCommand::Append {
                recording: 1,
                samples,
            },
            VaultCommand::Finish { recording: 1, meta },
        ];
        match self.vault.lock().unwrap().handle(commands).remove(0) {
            VaultEvent::Stored { memo, .. } => memo,
            other => panic!("{other:?}"),
        }
    }

    /// The folder that holds the store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that the server was sent so far, in one text.
    pub fn seen(&self) -> String {
        self.seen.lock().unwrap().join("\n")
    }

    /// Asks the server to stop, and returns when it has.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ends without a panic");
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

/// Notes what each request says.
fn watched(router: Router, seen: Arc<Mutex<Vec<String>>>) -> Router {
    router.layer(from_fn(move |request: Request, next: Next| {
        let line = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        seen.lock().unwrap().push(line);
        next.run(request)
    }))
}

/// The key in a link.
pub fn key_of(memo: &StoredMemo) -> String {
    memo.link
        .expose()
        .split_once('#')
        .expect("a link has a key")
        .1
        .to_owned()
}

/// Trusts loopback as a proxy, so that a test speaks for any address.
pub fn trust_loopback(config: &mut Config) {
    config.http.trusted_proxies = vec![Cidr {
        address: "127.0.0.1".parse().unwrap(),
        prefix: 32,
    }];
}

/// A certificate for these names that nobody signed, and its key, as files in that folder.
pub fn self_signed(folder: &Path, names: &[&str]) -> (std::path::PathBuf, std::path::PathBuf) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (cert, key)
}
