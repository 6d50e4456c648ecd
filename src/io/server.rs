//! A running switch: binds everything, starts the threads, and drives the `Switch` value from one control task.

use super::clock::Clock;
use super::counts::{self, Changed};
use super::local_address::LocalAddress;
use super::notify::{self, Notice, Notifier};
use super::services::domains::Federated;
use super::services::memos::Memos;
use super::services::{Machine, SendMessage};
use super::sweeper::{self, Sweeper};
use super::tcp::{Connection, Tcp};
use super::transcribe::{self, Transcriber};
use super::vault_thread::{self, VaultQueue};
use super::{dns, udp, Event, Received};
use crate::call::channel::FromChannel;
use crate::config::{ClearFact, Config, Mailbox};
use crate::dialplan::services::{Services, TextMessage};
use crate::dialplan::{self, Dialplan, Globals};
use crate::http;
use crate::media::io::portable::Portable;
use crate::media::library::Library;
use crate::media::thread::MediaThread;
use crate::memo::clear::{ClearFacts, ClearPolicy};
use crate::memo::link::LinkBase;
use crate::memo::record::Millis;
use crate::memo::store::Store;
use crate::memo::vault::{StoredMemo, Vault};
use crate::ops::redact::{sip_ladder, Towards};
use crate::rng::Rng;
use crate::sip::resolve::Target;
use crate::sip::{Flow, Transport};
use crate::switch::{self, Input, Output, Parts, Status, Switch, Ticket};
use crate::trunk::registration::Route;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use thiserror::Error;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, oneshot};

/// Datagrams that wait for the control task; beyond it they are dropped, and the peer repeats them.
const SIP_QUEUE: usize = 8_192;
/// Messages from streams that wait likewise; beyond it TCP makes their senders wait.
const STREAM_QUEUE: usize = 1_024;
/// Inputs handled before the outputs are carried out, so that neither starves.
const BATCH: usize = 256;
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

/// What the control task is asked from outside.
enum Ask {
    Status(oneshot::Sender<Status>),
    Shutdown(oneshot::Sender<()>),
    /// With how many calls are in progress as the answer.
    Dialplan(Arc<Dialplan>, oneshot::Sender<usize>),
    /// A text outside any call, with whether it was accepted as the answer.
    Message(TextMessage, oneshot::Sender<bool>),
    Abandon,
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

/// Asks a running switch what is alive.
#[derive(Clone)]
pub struct StatusHandle(mpsc::Sender<Ask>);

impl StatusHandle {
    /// The status; `None` where the switch is gone.
    pub async fn get(&self) -> Option<Status> {
        let (answer, status) = oneshot::channel();
        self.0.send(Ask::Status(answer)).await.ok()?;
        status.await.ok()
    }
}

/// Changes the dialplan of a running switch.
#[derive(Clone)]
pub struct DialplanHandle(mpsc::Sender<Ask>);

impl DialplanHandle {
    /// New calls run this dialplan from now on. Gives how many calls are in progress, which keep theirs; `None` where the
    /// switch is gone.
    pub async fn set(&self, dialplan: Arc<Dialplan>) -> Option<usize> {
        let (answer, calls) = oneshot::channel();
        self.0.send(Ask::Dialplan(dialplan, answer)).await.ok()?;
        calls.await.ok()
    }
}

/// Sends texts outside any call by a running switch.
#[derive(Clone)]
pub struct MessageHandle(mpsc::Sender<Ask>);

impl MessageHandle {
    /// Whether the text was accepted. It was not where the switch is gone.
    pub async fn send(&self, message: TextMessage) -> bool {
        let (answer, accepted) = oneshot::channel();
        let asked = self.0.send(Ask::Message(message, answer)).await.is_ok();
        asked && accepted.await.unwrap_or(false)
    }
}

/// Every way out to a SIP peer.
struct Sockets {
    addresses: Vec<(Transport, SocketAddr)>,
    udp: HashMap<u64, Arc<UdpSocket>>,
    connections: HashMap<u64, Connection>,
    tcp: Tcp,
    local: LocalAddress,
}

impl Sockets {
    async fn bind(
        config: &Config,
        received: mpsc::Sender<Received>,
        streamed: mpsc::Sender<Received>,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Self, StartError> {
        let ids = Arc::new(AtomicU64::new(1));
        let mut sockets = Sockets {
            addresses: Vec::new(),
            udp: HashMap::new(),
            connections: HashMap::new(),
            tcp: Tcp::new(ids.clone(), streamed, events),
            local: LocalAddress::default(),
        };
        for (transport, address) in config.sip.listen.iter().copied() {
            let failed = |error| StartError::Sip {
                transport: if transport == Transport::Udp { "udp" } else { "tcp" },
                address,
                error,
            };
            let bound = match transport {
                Transport::Udp => {
                    let socket = Arc::new(udp::bind(address).map_err(failed)?);
                    let id = ids.fetch_add(1, Ordering::Relaxed);
                    sockets.udp.insert(id, socket.clone());
                    tokio::spawn(udp::read(socket.clone(), id, received.clone()));
                    socket.local_addr().map_err(failed)?
                }
                Transport::Tcp => {
                    let listener = TcpListener::bind(address).await.map_err(failed)?;
                    let bound = listener.local_addr().map_err(failed)?;
                    tokio::spawn(sockets.tcp.clone().accept(listener));
                    bound
                }
            };
            sockets.addresses.push((transport, bound));
        }
        Ok(sockets)
    }

    /// Sends; `false` where a connection is gone. A datagram that the kernel has no room for is lost like any other.
    fn send(&self, flow: Flow, bytes: Vec<u8>) -> bool {
        match flow.transport {
            Transport::Udp => {
                if let Some(socket) = self.udp.get(&flow.id) {
                    if let Err(error) = socket.try_send_to(&bytes, flow.remote) {
                        tracing::debug!("sending to {}: {error}", flow.remote);
                    }
                }
                true
            }
            Transport::Tcp => self
                .connections
                .get(&flow.id)
                .is_some_and(|connection| connection.send(bytes)),
        }
    }

    /// The address by which a peer reaches us, over the transport that we reach it by.
    fn listening_towards(&mut self, target: Target) -> Option<SocketAddr> {
        let listening = self.addresses.iter().find(|(transport, bound)| {
            *transport == target.transport && bound.is_ipv4() == target.address.is_ipv4()
        })?;
        Some(self.local.towards(listening.1, target.address))
    }

    /// The UDP socket for peers of that family.
    fn udp_towards(&mut self, remote: SocketAddr) -> Option<Flow> {
        let (id, bound) = self.udp.iter().find_map(|(id, socket)| {
            let bound = socket.local_addr().ok()?;
            (bound.is_ipv4() == remote.is_ipv4()).then_some((*id, bound))
        })?;
        Some(Flow {
            id,
            transport: Transport::Udp,
            local: self.local.towards(bound, remote),
            remote,
        })
    }
}

/// The control task.
struct Control {
    config: Arc<Config>,
    switch: Switch,
    clock: Clock,
    sockets: Sockets,
    events: mpsc::UnboundedSender<Event>,
    media: Vec<MediaThread>,
    vault: VaultQueue,
    globals: Globals,
    services: Arc<dyn Services>,
    notifier: Notifier,
    transcriber: Option<Transcriber>,
    store: Store,
    changed: Changed,
    observer: Option<Observer>,
    resolver: dns::Resolver,
    /// Who waits for what becomes of a text outside any call, by its number.
    messages: HashMap<u64, oneshot::Sender<bool>>,
    last_message: u64,
    stopping: Option<oneshot::Sender<()>>,
}

impl Control {
    async fn run(
        mut self,
        mut sip: mpsc::Receiver<Received>,
        mut streams: mpsc::Receiver<Received>,
        mut events: mpsc::UnboundedReceiver<Event>,
        mut requests: mpsc::UnboundedReceiver<FromChannel>,
        mut asks: mpsc::Receiver<Ask>,
    ) -> Vec<MediaThread> {
        let mailboxes: Vec<String> = self
            .config
            .mailboxes
            .iter()
            .map(|mailbox| mailbox.name.clone())
            .collect();
        for mailbox in mailboxes {
            self.count(mailbox);
        }
        self.handle(Input::Start);
        loop {
            self.carry_out();
            if self.stopping.is_some() && self.switch.is_idle() {
                if let Some(done) = self.stopping.take() {
                    let _ = done.send(());
                }
                return self.media;
            }
            let deadline = self.switch.poll_timeout().map(|at| self.clock.to_std(at).into());
            tokio::select! {
                Some(received) = sip.recv() => {
                    self.received(received);
                    for _ in 1..BATCH {
                        let Ok(received) = sip.try_recv() else { break };
                        self.received(received);
                    }
                }
                Some(received) = streams.recv() => {
                    self.received(received);
                    for _ in 1..BATCH {
                        let Ok(received) = streams.try_recv() else { break };
                        self.received(received);
                    }
                }
                Some(event) = events.recv() => {
                    self.event(event);
                    for _ in 1..BATCH {
                        let Ok(event) = events.try_recv() else { break };
                        self.event(event);
                    }
                }
                Some(from) = requests.recv() => {
                    self.handle(Input::Channel(from));
                    for _ in 1..BATCH {
                        let Ok(from) = requests.try_recv() else { break };
                        self.handle(Input::Channel(from));
                    }
                }
                Some(ask) = asks.recv() => match ask {
                    Ask::Status(answer) => drop(answer.send(self.switch.status(self.clock.now()))),
                    Ask::Dialplan(dialplan, answer) => {
                        self.globals.adopt(&dialplan);
                        let calls = self.switch.set_dialplan(dialplan);
                        let _ = answer.send(calls);
                    }
                    Ask::Shutdown(done) => {
                        self.stopping = Some(done);
                        self.handle(Input::Shutdown);
                    }
                    Ask::Message(message, answer) => {
                        self.last_message += 1;
                        let number = self.last_message;
                        self.messages.insert(number, answer);
                        self.handle(Input::SendMessage { number, message });
                    }
                    Ask::Abandon => return self.media,
                },
                () = sleep_until(deadline) => self.handle(Input::Timeout),
            }
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.switch.handle(self.clock.now(), input);
    }

    /// Tells the switch how many memos a mailbox has.
    fn count(&mut self, mailbox: String) {
        let summary = counts::summary(&self.store, &mailbox);
        self.handle(Input::Counted { mailbox, summary });
    }

    fn received(&mut self, Received { flow, bytes }: Received) {
        tracing::debug!(target: "obelus::sip", "{}", sip_ladder(Towards::Us, &flow, &bytes));
        self.handle(Input::Received { flow, bytes: &bytes });
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Media(event) => self.handle(Input::Media(event)),
            Event::Vault(event) => self.handle(Input::Vault(event)),
            Event::DialplanEnded { call, panicked } => self.handle(Input::DialplanEnded { call, panicked }),
            Event::Resolved { asker, targets } => {
                let routes = targets.map(|targets| self.routes(targets));
                self.handle(Input::Resolved { asker, routes });
            }
            Event::Counted => {
                for mailbox in self.changed.take() {
                    self.count(mailbox);
                }
            }
            Event::FlowOpened { ticket, flow } => self.handle(Input::FlowOpened { ticket, flow }),
            Event::Connected { flow, connection } => {
                drop(self.sockets.connections.insert(flow.id, connection))
            }
            Event::Disconnected { flow_id } => self.disconnected(flow_id),
            Event::Idle { flow_id } => {
                if !self.switch.uses_flow(flow_id) {
                    if let Some(connection) = self.sockets.connections.get(&flow_id) {
                        connection.close();
                    }
                }
            }
        }
    }

    fn disconnected(&mut self, flow_id: u64) {
        if let Some(connection) = self.sockets.connections.remove(&flow_id) {
            connection.close();
            self.handle(Input::FlowFailed { flow_id });
        }
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.switch.poll_output() {
            match output {
                Output::Transmit { flow, bytes } => {
                    tracing::debug!(target: "obelus::sip", "{}", sip_ladder(Towards::Peer, &flow, &bytes));
                    if !self.sockets.send(flow, bytes) {
                        self.disconnected(flow.id);
                    }
                }
                Output::Media { worker, command } => self.media_command(worker, command),
                Output::Vault(command) => self.vault.send(command),
                Output::StartDialplan {
                    call,
                    dialplan,
                    channel,
                    rng,
                } => {
                    self.start_dialplan(call, dialplan, channel, rng);
                }
                Output::Notify { mailbox, memo, from } => self.hand_over(mailbox, *memo, from),
                Output::MessageSent { number, accepted } => {
                    if let Some(answer) = self.messages.remove(&number) {
                        // The dialplan may be over already.
                        let _ = answer.send(accepted);
                    }
                }
                Output::Resolve(lookup) => {
                    let (resolver, events) = (self.resolver.clone(), self.events.clone());
                    tokio::spawn(async move {
                        let targets = resolver
                            .resolve(lookup.destination)
                            .await
                            .map_err(|error| error.to_string());
                        let _ = events.send(Event::Resolved {
                            asker: lookup.asker,
                            targets,
                        });
                    });
                }
                Output::OpenFlow { ticket, target } => self.open_flow(ticket, target),
            }
        }
    }

    fn open_flow(&mut self, ticket: Ticket, target: Target) {
        let remote = target.address;
        match target.transport {
            Transport::Udp => {
                let flow = self
                    .sockets
                    .udp_towards(remote)
                    .ok_or_else(|| format!("no UDP socket of [sip] listen reaches {remote}"));
                self.handle(Input::FlowOpened { ticket, flow });
            }
            Transport::Tcp => {
                let (tcp, events) = (self.sockets.tcp.clone(), self.events.clone());
                tokio::spawn(async move {
                    let flow = tcp.connect(remote).await.map_err(|error| error.to_string());
                    let _ = events.send(Event::FlowOpened { ticket, flow });
                });
            }
        }
    }

    /// The ways to a registrar that a socket of ours can go, each with the address that its Contact will name.
    fn routes(&mut self, targets: Vec<Target>) -> Vec<Route> {
        let external = self.config.sip.external_address;
        targets
            .into_iter()
            .filter_map(|target| {
                let local = self.sockets.listening_towards(target)?;
                let ip = switch::address_towards(external, target.address.ip(), local.ip());
                Some(Route {
                    target,
                    contact: SocketAddr::new(ip, local.port()),
                })
            })
            .collect()
    }

    /// Sees to it that somebody is told of a memo. One that its owner opens with a key of their own is told of by the store's
    /// notices, which it is among already; here it is only heard, where its mailbox wants that.
    fn hand_over(&self, mailbox: String, memo: StoredMemo, from: String) {
        let has_owner = memo.envelope.is_some();
        if let (Some(transcriber), Some(hearing)) = (&self.transcriber, memo.hearing) {
            transcriber.start(transcribe::Job {
                memo_id: memo.id,
                mailbox: mailbox.clone(),
                hearing,
            });
        }
        if has_owner && self.observer.is_none() {
            return;
        }
        let notice = Notice {
            mailbox: Some(mailbox),
            memo_id: memo.id.to_string(),
            link: zeroize::Zeroizing::new(memo.link.expose().to_owned()),
            from,
            seconds: memo.seconds,
            created_at: Millis::from_time(memo.meta.created_at).to_rfc3339(),
        };
        match &self.observer {
            Some(observer) => observer(notice),
            None => self.notifier.hand_over(notice),
        }
    }

    fn media_command(&mut self, worker: usize, command: crate::media::Command) {
        let Some(thread) = self.media.get(worker) else {
            return;
        };
        // Who waits for the end of these would wait for ever.
        let lost = match &command {
            crate::media::Command::Open { leg, .. } => Some(crate::media::Event::Opened {
                leg: *leg,
                result: Err("the media thread does not keep up".to_owned()),
            }),
            crate::media::Command::Close { leg } => Some(crate::media::Event::Closed {
                leg: *leg,
                stats: crate::media::LegStats::default(),
            }),
            _ => None,
        };
        if !thread.send(command) {
            tracing::error!(worker, "a media thread does not keep up");
            if let Some(event) = lost {
                self.handle(Input::Media(event));
            }
        }
    }

    fn start_dialplan(
        &self,
        call: crate::sip::endpoint::CallHandle,
        dialplan: Arc<Dialplan>,
        mut channel: Box<crate::call::channel::CallChannel>,
        rng: Rng,
    ) {
        use tracing::Instrument;
        let (events, globals) = (self.events.clone(), self.globals.clone());
        let services = self.services.clone();
        let span = channel.span();
        let task = tokio::spawn(
            async move {
                let end = dialplan::run(dialplan, channel.as_mut(), globals, services, rng).await;
                if let dialplan::RunEnd::Fault(fault) = end {
                    tracing::error!("the dialplan could not go on: {fault}");
                }
            }
            .instrument(span),
        );
        tokio::spawn(async move {
            let panicked = task.await.is_err();
            let _ = events.send(Event::DialplanEnded { call, panicked });
        });
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

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
