//! The pages and the federation endpoints over HTTP, one file per resource.
//!
//! Nothing here ever sees a memo's key, except where a 1.0 peer sends it to `fetch` or `verify`: there it is hashed and
//! dropped. The player page is the same bytes for every memo; what it needs of the key stays in the browser.
//!
//! - [`api`]: what owners and senders do with memos.
//! - [`inbox`], [`record`], [`open_page`]: the pages beside the player; [`mangled`] leads to the last of them.
//! - [`open`]: memos of other domains, for our own pages.
//! - [`outgoing`]: memos on their way to who asked, piece by piece.
//! - [`audio`], [`voice`], [`federation`], [`telephone`], [`voicemails`], [`health`], [`assets`], [`home`]: the resources.
//! - [`cors`], [`headers`], [`limiter`], [`client_address`], [`access_log`], [`refusals`]: what surrounds each request.
//! - [`operator`]: whether the operator asks.
//! - [`serve`], [`tls`]: connections.

#![allow(
    clippy::result_large_err,
    reason = "what is refused is answered with a response, once a request"
)]

mod access_log;
mod answer;
mod api;
mod assets;
mod audio;
mod body;
mod client_address;
mod cors;
mod federation;
mod headers;
mod health;
mod home;
mod inbox;
mod limiter;
mod mangled;
mod open;
mod open_page;
mod operator;
mod outgoing;
mod path;
mod patience;
mod record;
mod refusals;
mod serve;
mod telephone;
pub mod tls;
mod voice;
mod voicemails;

pub use self::serve::{serve, serve_router, Peer};

use self::api::crowd::Crowd;
use self::client_address::Client;
use self::limiter::Limiter;
use self::refusals::RefusalLog;
use crate::config;
use crate::federation::discovery;
use crate::federation::node::{Node, NodeError};
use crate::federation::nonces::Nonces;
use crate::limits;
use crate::memo::link::LinkBase;
use crate::memo::record::Record;
use crate::memo::store::Store;
use crate::secret::Secret;
use crate::time::Instant;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post, MethodRouter};
use axum::Router;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq as _;
use tokio::sync::{watch, Semaphore};

/// The two clocks that the pages need: handed in, so that tests choose the time.
pub trait Clock: Send + Sync {
    /// Monotonic, for rates.
    fn now(&self) -> Instant;
    /// The wall clock, for expiry and access times.
    fn wall(&self) -> SystemTime;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock(std::time::Instant);

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock(std::time::Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::ZERO + self.0.elapsed()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Whether the switch is ready for calls, or why not.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Told of each memo that somebody left in a mailbox from a browser, as notifiers are told of calls.
pub type OnWebMemo = Arc<dyn Fn(&Record) + Send + Sync>;

/// What the configuration permits in a mailbox.
#[derive(Clone, Copy, Default)]
struct Permits {
    /// To leave memos from browsers.
    record: bool,
    /// To hear them by telephone code.
    telephone: bool,
}

/// What the channel of changes holds when the server is about to stop: those who wait for a change go home.
const STOPPING: u64 = u64::MAX;

/// What all resources share.
#[derive(Clone)]
pub struct State {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    base: LinkBase,
    domain: String,
    admin_token: Option<Secret>,
    trusted_proxies: Vec<config::Cidr>,
    federation: Node,
    relays: open::Relays,
    clock: Arc<dyn Clock>,
    limiter: Mutex<Limiter>,
    refusals: Mutex<RefusalLog>,
    /// One permit for each memo on its way out.
    memos: Arc<Semaphore>,
    readiness: Readiness,
    /// Whether strangers may leave memos in a browser.
    record: bool,
    /// For how long such a memo is kept that is in no mailbox.
    record_time: Duration,
    mailboxes: HashMap<String, Permits>,
    on_web_memo: Option<OnWebMemo>,
    /// Counts the changes of all mailboxes.
    changed: Arc<watch::Sender<u64>>,
    /// How long a request for changes waits.
    poll_time: Duration,
    pollers: Crowd,
    uploaders: Crowd,
    /// How long an upload may be as slow as it likes.
    upload_grace: Duration,
    /// To whom memos are on their way.
    readers: Crowd,
    /// How long a request waits for a place among them.
    memo_wait: Duration,
    /// How long an upload waits for others to give their places back.
    upload_wait: Duration,
    /// Room for strangers' uploads in memory, in units of bytes.
    upload_room: Arc<Semaphore>,
    /// What of it an address may have.
    upload_shares: Crowd,
    /// Room for owners' uploads, likewise.
    owner_room: Arc<Semaphore>,
}

impl State {
    /// From the configuration, with the machine's clocks.
    ///
    /// # Errors
    /// What is missing for federation: a signing key that cannot be read, most likely.
    pub fn new(
        store: Store,
        http: &config::Http,
        federation: &config::Federation,
    ) -> Result<Self, NodeError> {
        let base = LinkBase::new(&http.domain, http.public_url.as_deref(), http.tls_cert.is_some());
        let started = SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let node = Node::new(&store, &base, federation, started.unwrap_or_default().as_secs())?;
        let changed = Arc::new(watch::Sender::new(0));
        let weak = Arc::downgrade(&changed);
        store.on_change(move |_| {
            if let Some(changed) = weak.upgrade() {
                changed.send_if_modified(|count| {
                    let goes_on = *count != STOPPING;
                    *count += u64::from(goes_on);
                    goes_on
                });
            }
        });
        Ok(State {
            inner: Arc::new(Inner {
                store,
                base,
                domain: http.domain.clone(),
                admin_token: http.admin_token.clone(),
                trusted_proxies: http.trusted_proxies.clone(),
                federation: node,
                relays: open::Relays::default(),
                clock: Arc::new(SystemClock::default()),
                limiter: Mutex::new(Limiter::default()),
                refusals: Mutex::new(RefusalLog::default()),
                memos: Arc::new(Semaphore::new(limits::HTTP_MEMOS)),
                readiness: Arc::new(|| Ok(())),
                record: http.record,
                record_time: Duration::from_secs(http.record_days * 86_400),
                mailboxes: HashMap::new(),
                on_web_memo: None,
                changed,
                poll_time: limits::HTTP_POLL_TIME,
                pollers: Crowd::new(limits::HTTP_POLLERS_PER_ADDRESS, limits::HTTP_POLLERS),
                uploaders: Crowd::new(limits::HTTP_UPLOADS_PER_ADDRESS, limits::HTTP_CONNECTIONS),
                upload_grace: limits::HTTP_UPLOAD_GRACE,
                readers: Crowd::new(limits::HTTP_MEMOS_PER_ADDRESS, limits::HTTP_CONNECTIONS),
                memo_wait: limits::HTTP_MEMO_WAIT,
                upload_wait: limits::HTTP_UPLOAD_WAIT,
                upload_room: Arc::new(Semaphore::new(
                    limits::HTTP_UPLOAD_MEMORY_BYTES / limits::HTTP_UPLOAD_UNIT_BYTES,
                )),
                upload_shares: Crowd::new(
                    limits::HTTP_UPLOAD_SHARE_BYTES / limits::HTTP_UPLOAD_UNIT_BYTES,
                    usize::MAX,
                ),
                owner_room: Arc::new(Semaphore::new(
                    limits::HTTP_OWNER_UPLOAD_MEMORY_BYTES / limits::HTTP_UPLOAD_UNIT_BYTES,
                )),
            }),
        })
    }

    /// Lets the store sign receipts of deletions with this domain's key.
    pub fn sign_receipts(&self) {
        self.inner.federation.sign_receipts(&self.inner.store);
    }

    /// The same with another clock. To be called before the state is shared.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        let started = clock
            .wall()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        self.change(|inner| {
            inner.clock = clock;
            inner.federation.nonces = Mutex::new(Nonces::new(started.as_secs()));
        })
    }

    /// The same, with `/readyz` answering by this. To be called before the state is shared.
    pub fn with_readiness(self, readiness: Readiness) -> Self {
        self.change(|inner| inner.readiness = readiness)
    }

    /// The same, knowing the configuration's mailboxes. To be called before the state is shared.
    pub fn with_mailboxes(self, mailboxes: &[config::Mailbox]) -> Self {
        let mailboxes = mailboxes.iter().map(|mailbox| {
            let permits = Permits {
                record: mailbox.record,
                telephone: mailbox.telephone,
            };
            (mailbox.name.clone(), permits)
        });
        self.change(|inner| inner.mailboxes = mailboxes.collect())
    }

    /// The same, telling this of memos that are left in a mailbox from a browser. To be called before the state is
    /// shared.
    pub fn with_web_memos(self, tell: OnWebMemo) -> Self {
        self.change(|inner| inner.on_web_memo = Some(tell))
    }

    /// The same, with requests for changes that wait so long. To be called before the state is shared.
    pub fn with_poll_time(self, poll_time: Duration) -> Self {
        self.change(|inner| inner.poll_time = poll_time)
    }

    /// The same, with uploads that must be in time after so long. To be called before the state is shared.
    pub fn with_upload_grace(self, upload_grace: Duration) -> Self {
        self.change(|inner| inner.upload_grace = upload_grace)
    }

    /// The same, with uploads that wait so long for others. To be called before the state is shared.
    pub fn with_upload_wait(self, upload_wait: Duration) -> Self {
        self.change(|inner| inner.upload_wait = upload_wait)
    }

    /// The same, with requests for memos that wait so long for a place. To be called before the state is shared.
    pub fn with_memo_wait(self, memo_wait: Duration) -> Self {
        self.change(|inner| inner.memo_wait = memo_wait)
    }

    /// Ends what only waits, so that a stop does not wait for it.
    fn stopping(&self) {
        self.inner.changed.send_replace(STOPPING);
    }

    /// What the configuration permits in this mailbox.
    fn permits(&self, mailbox: &str) -> Permits {
        self.inner.mailboxes.get(mailbox).copied().unwrap_or_default()
    }

    /// Whether memos may be left in this mailbox from a browser.
    fn takes_memos(&self, mailbox: &str) -> bool {
        self.inner.record && self.permits(mailbox).record
    }

    /// Whether memos of this mailbox may be heard by telephone code.
    fn permits_telephone(&self, mailbox: &str) -> bool {
        self.permits(mailbox).telephone
    }

    /// Whether any mailbox's memos may be.
    fn takes_codes(&self) -> bool {
        self.inner.mailboxes.values().any(|permits| permits.telephone)
    }

    /// This domain's part in federation.
    pub fn federation(&self) -> &Node {
        &self.inner.federation
    }

    /// Whether this is the operator's token. Hashed first, so that the comparison takes the same time for a text of any
    /// length.
    fn is_admin(&self, given: &str) -> bool {
        let expected = self.inner.admin_token.as_ref();
        expected.is_some_and(|expected| {
            Sha256::digest(given)
                .ct_eq(&Sha256::digest(expected.expose()))
                .into()
        })
    }

    /// Logs that somebody was refused what guessers ask for: not each time.
    fn log_refusal(&self, client: Client, what: &str, outcome: &str, name: Option<&str>) {
        let address = client.address;
        let mut refusals = self.inner.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(more) = refusals.note(address, self.now()) else {
            return;
        };
        drop(refusals);
        let name = name.map(refusals::shown);
        let since = (more > 0).then_some(more);
        tracing::info!(%address, name, outcome, refused_since_last_line = since, "{what}");
    }

    fn change(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::into_inner(self.inner).expect("the state is not shared yet");
        change(&mut inner);
        State {
            inner: Arc::new(inner),
        }
    }

    fn store(&self) -> &Store {
        &self.inner.store
    }

    fn now(&self) -> Instant {
        self.inner.clock.now()
    }

    fn wall(&self) -> SystemTime {
        self.inner.clock.wall()
    }

    fn limiter(&self) -> MutexGuard<'_, Limiter> {
        // Its tables are whole between any two operations, so a panic elsewhere does not spoil them.
        self.inner.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every resource, with what surrounds each request. Expects a [`Peer`] among the request's extensions, which
/// [`serve`] puts there.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/", get(home::page))
        .route("/voice/{id}", get(voice::page))
        .route("/voice/{id}/", get(voice::without_slash))
        .route("/voice/{id}/audio", for_everybody(get(audio::get)))
        .merge(api::routes())
        .route(discovery::PATH, for_everybody(get(federation::discovery)))
        .route(discovery::FETCH_PATH, for_everybody(post(federation::fetch)))
        .route(discovery::VERIFY_PATH, for_everybody(post(federation::verify)))
        .route(discovery::TELEPHONE_PATH, post(telephone::post))
        .route("/api/open", post(open::post))
        .route("/voicemails", get(voicemails::list))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/inbox/{mailbox}", get(inbox::page))
        .route("/inbox/{mailbox}/", get(inbox::without_slash))
        .route("/inbox/{mailbox}/manifest.webmanifest", get(inbox::manifest))
        .route("/record", get(record::page))
        .route("/record/", get(|| voice::to_sibling("record")))
        .route("/record/{mailbox}", get(record::of_mailbox))
        .route("/record/{mailbox}/", get(record::without_slash))
        .route("/open", get(open_page::page))
        .route("/open/", get(|| voice::to_sibling("open")))
        .route("/assets/{name}", get(assets::get))
        .fallback(mangled::or_not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(from_fn(headers::secure))
        .layer(from_fn(answer::in_time))
        .layer(from_fn_with_state(state.clone(), access_log::log))
        .with_state(state)
}

/// A resource that pages of other sites may ask.
fn for_everybody(resource: MethodRouter<State>) -> MethodRouter<State> {
    resource.options(cors::preflight).layer(from_fn(cors::any_origin))
}
