//! A running switch: binds everything, starts the threads, and stops all of it in order.

mod control;
mod handles;
mod sockets;

use self::control::Control;
use self::handles::Ask;
pub use self::handles::{DialplanHandle, MessageHandle, StatusHandle};
use self::sockets::Sockets;
use crate::config::{ClearFact, Config, Mailbox};
use crate::dialplan::{Dialplan, Globals};
use crate::http;
use crate::io::clock::Clock;
use crate::io::counts::Changed;
use crate::io::notify::{self, Notice};
use crate::io::services::domains::Federated;
use crate::io::services::memos::Memos;
use crate::io::services::{Machine, SendMessage};
use crate::io::sweeper::{self, Sweeper};
use crate::io::transcribe::{self, Transcriber};
use crate::io::vault_thread;
use crate::io::{dns, Event};
use crate::media::io::portable::Portable;
use crate::media::library::Library;
use crate::media::thread::MediaThread;
use crate::memo::clear::{ClearFacts, ClearPolicy};
use crate::memo::link::LinkBase;
use crate::memo::store::Store;
use crate::memo::vault::Vault;
use crate::rng::Rng;
use crate::sip::Transport;
use crate::switch::{Parts, Status, Switch};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

/// Datagrams that wait for the control task; beyond it they are dropped, and the peer repeats them.
const SIP_QUEUE: usize = 8_192;
/// Messages from streams that wait likewise; beyond it TCP makes their senders wait.
const STREAM_QUEUE: usize = 1_024;
/// How long a shutdown waits for calls to end, memos to be stored and registrations to be taken back.
const SHUTDOWN_TIME: std::time::Duration = std::time::Duration::from_secs(8);

/// Why a switch could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A SIP socket.
    #[error("cannot listen on {transport} {address}: {error}")]
    Sip {
        /// `udp` or `tcp`.
        transport: &'static str,
        /// Where.
        address: SocketAddr,
        /// The operating system's reason.
        error: io::Error,
    },
    /// The HTTP socket.
    #[error("cannot listen for HTTP on {address}: {error}")]
    Http {
        /// Where.
        address: SocketAddr,
        /// The operating system's reason.
        error: io::Error,
    },
    /// TLS files.
    #[error("{0}")]
    Tls(String),
    /// The mail server's section.
    #[error("[smtp]: {0}")]
    Smtp(String),
    /// The endpoints that hear memos.
    #[error("[transcription]: {0}")]
    Transcription(String),
    /// The store.
    #[error("cannot open the store {path}: {error}")]
    Store {
        /// Its folder.
        path: String,
        /// Why.
        error: String,
    },
    /// Federation.
    #[error("cannot federate: {0}")]
    Federation(#[from] crate::federation::node::NodeError),
    /// A thread or a socket of our own.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// A running switch.
pub struct Server {
    asks: mpsc::Sender<Ask>,
    /// Where SIP is listened for, with the ports that the system chose for 0.
    pub sip: Vec<(Transport, SocketAddr)>,
    /// Where HTTP is listened for.
    pub http: SocketAddr,
    /// Where the pages are reached, without a slash at its end.
    pub base: String,
    /// The store, for reading beside the switch.
    pub store: Store,
    control: tokio::task::JoinHandle<Vec<MediaThread>>,
    http_stop: oneshot::Sender<()>,
    http_task: tokio::task::JoinHandle<()>,
    notifying: notify::Running,
    transcriber: Option<Transcriber>,
    sweeper: Sweeper,
    vault_thread: std::thread::JoinHandle<()>,
}

/// Takes each memo's link in the place of the mailboxes' notifiers.
pub type Observer = Box<dyn Fn(Notice) + Send + Sync>;

/// What a switch is started with, already loaded and checked.
pub struct Start {
    /// The configuration.
    pub config: Arc<Config>,
    /// The dialplan.
    pub dialplan: Arc<Dialplan>,
    /// Sounds.
    pub library: Arc<Library>,
    /// Takes the links; without one the mailboxes' notifiers do.
    pub observer: Option<Observer>,
}

impl Server {
    /// Binds, opens the store, starts the threads and the control task, and registers.
    ///
    /// # Errors
    /// Whatever is missing, by name; nothing is left running then.
    pub async fn start(start: Start) -> Result<Server, StartError> {
        let Start {
            mut config,
            dialplan,
            library,
            observer,
        } = start;
        let clock = Clock::start();
        let (received, sip_queue) = mpsc::channel(SIP_QUEUE);
        // A queue of their own: streams wait for room, and would take all of it from datagrams, which do not.
        let (streamed, stream_queue) = mpsc::channel(STREAM_QUEUE);
        let (events, event_queue) = mpsc::unbounded_channel();
        let (requests, request_queue) = mpsc::unbounded_channel();
        let (asks, ask_queue) = mpsc::channel(16);
        let mut rng = Rng::from_os();

        let mailer = config.smtp.as_ref().map(notify::Mailer::new).transpose();
        let mailer = mailer.map_err(StartError::Smtp)?;
        let store = Store::open(&config.store.path).map_err(|error| StartError::Store {
            path: config.store.path.display().to_string(),
            error: error.to_string(),
        })?;
        let sockets = Sockets::bind(&config, received, streamed, events.clone()).await?;
        let sip = sockets.addresses.clone();
        let http_listener =
            std::net::TcpListener::bind(config.http.listen).map_err(|error| StartError::Http {
                address: config.http.listen,
                error,
            })?;
        let http = http_listener.local_addr()?;
        if config.http.listen.port() == 0 {
            // Only now is it known what links have to say.
            Arc::make_mut(&mut config).http.domain = format!("localhost:{}", http.port());
        }
        let tls = match (&config.http.tls_cert, &config.http.tls_key) {
            (Some(cert), Some(key)) => {
                Some(http::tls::Tls::load(cert, key).map_err(|error| StartError::Tls(error.to_string()))?)
            }
            _ => None,
        };
        let base = LinkBase::new(
            &config.http.domain,
            config.http.public_url.as_deref(),
            tls.is_some(),
        );

        let transcriber = config
            .transcription
            .as_ref()
            .map(|section| {
                let policy = transcribe::Policy::default();
                Transcriber::new(section, &config.mailboxes, store.clone(), policy)
            })
            .transpose()
            .map_err(StartError::Transcription)?;
        let hearings = transcriber
            .as_ref()
            .map(Transcriber::hearings)
            .unwrap_or_default();
        let vault = Vault::new(store.clone(), config.http.domain.clone(), base.clone())
            .with_clear(clear_policy(&config.mailboxes))
            .with_hearings(hearings);
        let (vault, vault_thread) = vault_thread::spawn(vault, events.clone())?;
        let mut media_threads = Vec::with_capacity(config.media.threads);
        for number in 0..config.media.threads {
            let events = events.clone();
            let vault = vault.clone();
            media_threads.push(MediaThread::spawn(crate::media::thread::Parts {
                name: format!("media-{number}"),
                io: Box::new(Portable::new()),
                rng: rng.fork(),
                clock: Box::new(move || clock.now()),
                on_event: Box::new(move |event| drop(events.send(Event::Media(event)))),
                on_audio: Box::new(move |chunk| vault.offer_audio(chunk)),
            })?);
        }
        // Weak, so that what the control task holds does not keep it asked for ever.
        let messages = asks.downgrade();
        let send_message = move || -> SendMessage {
            let messages = messages.clone();
            Box::new(move |message| {
                let asks = messages.upgrade();
                Box::pin(async move {
                    match asks {
                        Some(asks) => MessageHandle(asks).send(message).await,
                        None => false,
                    }
                })
            })
        };
        let notifiers = notify::Parts {
            mailboxes: &config.mailboxes,
            mailer,
            send_message: Some(send_message()),
            store: Some((store.clone(), base.as_str().to_owned())),
        };
        let (notifier, notifying) = notify::start(notifiers, notify::Policy::default());
        let globals = Globals::new();
        globals.adopt(&dialplan);
        let switch = Switch::new(
            Parts {
                config: config.clone(),
                dialplan,
                library,
                clock: Arc::new(std::time::SystemTime::now),
                requests,
                workers: media_threads.len(),
            },
            rng.fork(),
        );
        let (http_stop, http_stopped) = oneshot::channel::<()>();
        let sweeper = sweeper::start(store.clone(), &config.mailboxes);
        let state = http::State::new(store.clone(), &config.http, &config.federation)?
            .with_mailboxes(&config.mailboxes);
        state.sign_receipts();
        let domains = Arc::new(Federated::new(state.clone()));
        let http_task = tokio::spawn(async move {
            let stopped = async move { drop(http_stopped.await) };
            if let Err(error) = http::serve(http_listener, state, tls, stopped).await {
                tracing::error!("HTTP stopped: {error}");
            }
        });
        let machine = Machine::new(&config.dialplan, store.database())
            .with_messages(send_message())
            .with_memos(Memos::new(&config, store.clone(), Some(domains)));
        let control = Control {
            config: config.clone(),
            switch,
            clock,
            sockets,
            events: events.clone(),
            media: media_threads,
            vault,
            globals,
            services: Arc::new(machine),
            notifier,
            transcriber: transcriber.clone(),
            changed: Changed::watch(&store, events.clone()),
            store: store.clone(),
            observer,
            resolver: dns::Resolver::new(),
            messages: HashMap::new(),
            last_message: 0,
            stopping: None,
        };
        let control =
            tokio::spawn(control.run(sip_queue, stream_queue, event_queue, request_queue, ask_queue));
        Ok(Server {
            asks,
            sip,
            http,
            store,
            control,
            http_stop,
            http_task,
            base: base.url(),
            notifying,
            transcriber,
            sweeper,
            vault_thread,
        })
    }

    /// What is alive; `None` where the control task is gone.
    pub async fn status(&self) -> Option<Status> {
        StatusHandle(self.asks.clone()).get().await
    }

    /// A way to ask for the status from elsewhere.
    pub fn status_handle(&self) -> StatusHandle {
        StatusHandle(self.asks.clone())
    }

    /// A way to change the dialplan from elsewhere.
    pub fn dialplan_handle(&self) -> DialplanHandle {
        DialplanHandle(self.asks.clone())
    }

    /// Hangs every call up, keeps their memos, un-registers and stops: within a bounded time.
    pub async fn stop(self) {
        drop(self.sweeper);
        let (done, stopped) = oneshot::channel();
        let asked = self.asks.send(Ask::Shutdown(done)).await.is_ok();
        if asked && tokio::time::timeout(SHUTDOWN_TIME, stopped).await.is_err() {
            tracing::warn!("not everything ended in time");
            let _ = self.asks.send(Ask::Abandon).await;
        }
        let media_threads = self.control.await;
        // Joins threads: the media threads hand over their last audio, then the vault stores what is in its queue.
        let _ = tokio::task::spawn_blocking(move || {
            drop(media_threads);
            self.vault_thread.join()
        })
        .await;
        let database = self.store.database();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || database.sync()).await {
            tracing::error!(%error, "the dialplans' database could not be made durable");
        }
        if let Some(transcriber) = &self.transcriber {
            transcriber.stop().await;
        }
        self.notifying.shutdown(SHUTDOWN_TIME).await;
        let _ = self.http_stop.send(());
        let _ = tokio::time::timeout(SHUTDOWN_TIME, self.http_task).await;
    }
}

/// What of each mailbox's calls its configuration leaves in clear.
fn clear_policy(mailboxes: &[Mailbox]) -> ClearPolicy {
    ClearPolicy::new(mailboxes.iter().map(|mailbox| {
        let names = |fact| mailbox.clear.contains(&fact);
        let facts = ClearFacts {
            from: names(ClearFact::From),
            caller_name: names(ClearFact::CallerName),
            to: names(ClearFact::To),
            diversion: names(ClearFact::Diversion),
            duration: names(ClearFact::Duration),
        };
        (mailbox.name.clone(), facts)
    }))
}
