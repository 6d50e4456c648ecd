//! The control task: everything that happens comes to the `Switch` value through it, and what that value asks for is carried
//! out here.

use super::handles::Ask;
use super::sockets::Sockets;
use super::Observer;
use crate::call::channel::FromChannel;
use crate::config::Config;
use crate::dialplan::services::Services;
use crate::dialplan::{self, Dialplan, Globals};
use crate::io::clock::Clock;
use crate::io::counts::{self, Changed};
use crate::io::notify::{Notice, Notifier};
use crate::io::transcribe::{self, Transcriber};
use crate::io::vault_thread::VaultQueue;
use crate::io::{dns, Event, Received};
use crate::media::thread::MediaThread;
use crate::memo::record::Millis;
use crate::memo::store::Store;
use crate::memo::vault::StoredMemo;
use crate::ops::redact::{sip_ladder, Towards};
use crate::rng::Rng;
use crate::sip::resolve::Target;
use crate::sip::Transport;
use crate::switch::{self, Input, Output, Switch, Ticket};
use crate::trunk::registration::Route;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Inputs handled before the outputs are carried out, so that neither starves.
const BATCH: usize = 256;

/// The control task.
pub(super) struct Control {
    pub(super) config: Arc<Config>,
    pub(super) switch: Switch,
    pub(super) clock: Clock,
    pub(super) sockets: Sockets,
    pub(super) events: mpsc::UnboundedSender<Event>,
    pub(super) media: Vec<MediaThread>,
    pub(super) vault: VaultQueue,
    pub(super) globals: Globals,
    pub(super) services: Arc<dyn Services>,
    pub(super) notifier: Notifier,
    pub(super) transcriber: Option<Transcriber>,
    pub(super) store: Store,
    pub(super) changed: Changed,
    pub(super) observer: Option<Observer>,
    pub(super) resolver: dns::Resolver,
    /// Who waits for what becomes of a text outside any call, by its number.
    pub(super) messages: HashMap<u64, oneshot::Sender<bool>>,
    pub(super) last_message: u64,
    pub(super) stopping: Option<oneshot::Sender<()>>,
}

impl Control {
    pub(super) async fn run(
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

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
