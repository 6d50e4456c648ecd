//! The pages and the federation endpoints over HTTP, one file per resource.
//!
//! Nothing here ever sees a memo's key, except where a 1.0 peer sends it to `fetch` or `verify`: there it is hashed and
//! dropped. The player page is the same bytes for every memo; what it needs of the key stays in the browser.
//!
//! - [`audio`], [`voice`], [`federation`], [`voicemails`], [`health`], [`assets`], [`home`]: the resources.
//! - [`headers`], [`limiter`], [`client_address`], [`access_log`]: what surrounds each request.
//! - [`serve`], [`tls`]: connections.

mod access_log;
mod answer;
mod assets;
mod audio;
mod client_address;
mod federation;
mod headers;
mod health;
mod home;
mod limiter;
mod serve;
pub mod tls;
mod voice;
mod voicemails;

pub use self::serve::{serve, serve_router, Peer};

use self::limiter::Limiter;
use crate::config;
use crate::limits;
use crate::memo::link::LinkBase;
use crate::memo::store::Store;
use crate::secret::Secret;
use crate::time::Instant;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use axum::Router;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::sync::Semaphore;

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
    serve_unsigned: bool,
    clock: Arc<dyn Clock>,
    limiter: Mutex<Limiter>,
    /// One permit for each body in memory on its way out.
    bodies: Arc<Semaphore>,
    readiness: Readiness,
}

impl State {
    /// From the configuration, with the machine's clocks.
    pub fn new(store: Store, http: &config::Http, federation: &config::Federation) -> Self {
        let tls = http.tls_cert.is_some();
        State {
            inner: Arc::new(Inner {
                store,
                base: LinkBase::new(&http.domain, http.public_url.as_deref(), tls),
                domain: http.domain.clone(),
                admin_token: http.admin_token.clone(),
                trusted_proxies: http.trusted_proxies.clone(),
                serve_unsigned: federation.serve_unsigned,
                clock: Arc::new(SystemClock::default()),
                limiter: Mutex::new(Limiter::default()),
                bodies: Arc::new(Semaphore::new(limits::HTTP_MEMOS_IN_MEMORY)),
                readiness: Arc::new(|| Ok(())),
            }),
        }
    }

    /// The same with another clock. To be called before the state is shared.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        self.change(|inner| inner.clock = clock)
    }

    /// The same, with `/readyz` answering by this. To be called before the state is shared.
    pub fn with_readiness(self, readiness: Readiness) -> Self {
        self.change(|inner| inner.readiness = readiness)
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
        .route("/voice/{id}/audio", get(audio::get))
        .route(crate::federation::discovery::PATH, get(federation::discovery))
        .route(crate::federation::discovery::FETCH_PATH, post(federation::fetch))
        .route(
            crate::federation::discovery::VERIFY_PATH,
            post(federation::verify),
        )
        .route("/voicemails", get(voicemails::list))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/assets/{name}", get(assets::get))
        .fallback(home::not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(from_fn(headers::secure))
        .layer(from_fn(answer::in_time))
        .layer(from_fn_with_state(state.clone(), access_log::log))
        .with_state(state)
}
