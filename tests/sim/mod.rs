//! A whole switch and its callers in one thread and in virtual time, over a network made from a seed.

pub mod caller;
pub mod media_io;
pub mod net;

use caller::Caller;
use media_io::{Ports, SimIo};
use net::{Datagram, Net, Quality};
use obelus::call::channel::FromChannel;
use obelus::config::{Config, Mailbox};
use obelus::dialplan::{self, Globals};
use obelus::media::library::Library;
use obelus::media::worker::Worker;
use obelus::memo::link::LinkBase;
use obelus::memo::store::Store;
use obelus::memo::vault::Vault;
use obelus::rng::Rng;
use obelus::sip::endpoint::CallHandle;
use obelus::sip::{Flow, Transport};
use obelus::switch::{Input, Output, Parts, Status, Switch};
use obelus::time::{Duration, Instant};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;
use tokio::sync::mpsc;

const TICK: Duration = Duration::from_millis(20);

/// What was left when everything should have been over.
#[derive(Debug, PartialEq, Eq)]
pub struct Leftovers {
    pub calls: usize,
    pub dialogs: usize,
    pub transactions: usize,
    pub ports: usize,
    pub bound: usize,
    pub legs: usize,
    pub drafts: usize,
    pub tasks: usize,
}

impl Leftovers {
    pub const NONE: Leftovers = Leftovers {
        calls: 0,
        dialogs: 0,
        transactions: 0,
        ports: 0,
        bound: 0,
        legs: 0,
        drafts: 0,
        tasks: 0,
    };
}

type Task = (CallHandle, Pin<Box<dyn Future<Output = ()> + Send>>);

pub struct World {
    pub now: Instant,
    pub callers: Vec<Caller>,
    /// Memos that were handed over.
    pub memos: Vec<String>,
    switch: Switch,
    sip: SocketAddr,
    worker: Worker,
    ports: Arc<Mutex<Ports>>,
    net: Arc<Mutex<Net>>,
    vault: Vault,
    store: Store,
    tasks: Vec<Task>,
    requests: mpsc::UnboundedReceiver<FromChannel>,
    micros: Arc<AtomicU64>,
    next_tick: Instant,
    _folder: tempfile::TempDir,
}

impl World {
    /// A switch with that dialplan, and no caller.
    pub fn new(seed: u64, quality: Quality, conf: &str) -> World {
        let mut rng = Rng::from_seed(seed);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(folder.path()).expect("a new store opens");
        let mut config = Config::default();
        config.media.ports = (20_000, 20_999);
        config.mailboxes = vec![Mailbox {
            silence_secs: 3,
            ..Mailbox::named("main")
        }];
        // The callers come from elsewhere, as a trunk's calls do.
        let mut trunk = obelus::config::Trunk::named("sim");
        trunk.matches = vec![obelus::config::Cidr {
            address: [192, 0, 2, 0].into(),
            prefix: 24,
        }];
        config.trunks = vec![trunk];
        let reader = dialplan::reader::Memory::new([("sim.conf", conf)]);
        let (dialplan, findings) = dialplan::load(
            std::path::Path::new("sim.conf"),
            &reader,
            &dialplan::Options::default(),
        );
        let dialplan = Arc::new(dialplan.unwrap_or_else(|| panic!("the dialplan loads: {findings:?}")));
        let micros = Arc::new(AtomicU64::new(0));
        let (to_switch, requests) = mpsc::unbounded_channel();
        let clock = micros.clone();
        let parts = Parts {
            config: Arc::new(config),
            dialplan,
            library: Arc::new(Library::new(Vec::new(), obelus::media::builtin_sounds::SOUNDS)),
            clock: Arc::new(move || {
                SystemTime::UNIX_EPOCH
                    + Duration::from_micros(1_700_000_000_000_000 + clock.load(Ordering::Relaxed))
            }),
            requests: to_switch,
            workers: 1,
        };
        let net = Arc::new(Mutex::new(Net::new(quality, rng.fork())));
        let ports = Arc::new(Mutex::new(Ports::default()));
        let io = SimIo {
            ports: ports.clone(),
            net: net.clone(),
        };
        World {
            now: Instant::ZERO,
            callers: Vec::new(),
            memos: Vec::new(),
            worker: Worker::new(Box::new(io), rng.fork()),
            switch: Switch::new(parts, rng.fork()),
            sip: "198.51.100.1:5060".parse().expect("an address"),
            vault: Vault::new(
                store.clone(),
                "example.org".into(),
                LinkBase::new("example.org", None, true),
            ),
            store,
            tasks: Vec::new(),
            requests,
            micros,
            next_tick: Instant::ZERO,
            ports,
            net,
            _folder: folder,
        }
    }

    pub fn sip(&self) -> SocketAddr {
        self.sip
    }

    pub fn status(&self) -> Status {
        self.switch.status(self.now)
    }

    /// Memos in the store.
    pub fn stored(&self) -> usize {
        self.store.count()
    }

    /// Runs until nothing more can happen, or until `end`; the time where it stopped.
    pub fn run(&mut self, end: Instant) -> Instant {
        self.settle();
        while let Some(at) = self.next_event().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.micros.store(self.now.as_micros(), Ordering::Relaxed);
            self.deliver();
            if self.has_media() && self.next_tick <= self.now {
                self.worker.tick(self.now);
                self.next_tick = self.now + TICK;
            }
            for caller in &mut self.callers {
                if caller.poll_timeout().is_some_and(|at| at <= self.now) {
                    caller.timeout(self.now, &mut self.net.lock().expect("single-threaded"));
                }
            }
            if self.switch.poll_timeout().is_some_and(|at| at <= self.now) {
                self.switch.handle(self.now, Input::Timeout);
            }
            self.settle();
        }
        self.now
    }

    pub fn shut_down(&mut self) {
        self.switch.handle(self.now, Input::Shutdown);
        self.settle();
    }

    pub fn leftovers(&self) -> Leftovers {
        let status = self.status();
        Leftovers {
            calls: status.calls,
            dialogs: status.dialogs,
            transactions: status.transactions,
            ports: status.ports_in_use,
            bound: self.ports.lock().expect("single-threaded").len(),
            legs: self.worker.counts().legs,
            drafts: self.vault.held().0,
            tasks: self.tasks.len(),
        }
    }

    fn has_media(&self) -> bool {
        self.worker.counts().legs > 0
    }

    fn next_event(&mut self) -> Option<Instant> {
        let tick = self.has_media().then_some(self.next_tick.max(self.now));
        let arrival = self.net.lock().expect("single-threaded").next_arrival();
        let callers = self.callers.iter().filter_map(Caller::poll_timeout).min();
        [tick, arrival, callers, self.switch.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    fn deliver(&mut self) {
        loop {
            let Some(datagram) = self.net.lock().expect("single-threaded").arrive(self.now) else {
                return;
            };
            if datagram.to == self.sip {
                let flow = Flow {
                    id: 1,
                    transport: Transport::Udp,
                    local: self.sip,
                    remote: datagram.from,
                };
                self.switch.handle(
                    self.now,
                    Input::Received {
                        flow,
                        bytes: &datagram.bytes,
                    },
                );
                self.settle();
            } else if let Some(caller) = self.callers.iter_mut().find(|caller| caller.owns(datagram.to)) {
                caller.receive(
                    self.now,
                    &datagram,
                    &mut self.net.lock().expect("single-threaded"),
                );
            } else {
                self.ports
                    .lock()
                    .expect("single-threaded")
                    .deliver(self.now, &datagram);
            }
        }
    }

    /// Carries outputs to where they belong until nobody has more to say.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.switch.poll_output() {
                quiet = false;
                self.carry_out(output);
            }
            while let Some(chunk) = self.worker.poll_audio() {
                quiet = false;
                let command = obelus::memo::vault::VaultCommand::Append {
                    recording: chunk.recording.0,
                    samples: chunk.samples,
                };
                self.vault(command);
            }
            while let Some(event) = self.worker.poll_event() {
                quiet = false;
                self.switch.handle(self.now, Input::Media(event));
            }
            self.poll_tasks();
            while let Ok(from) = self.requests.try_recv() {
                quiet = false;
                self.switch.handle(self.now, Input::Channel(from));
            }
            if quiet {
                return;
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Transmit { flow, bytes } => {
                let datagram = Datagram {
                    from: self.sip,
                    to: flow.remote,
                    bytes,
                };
                self.net.lock().expect("single-threaded").send(self.now, datagram);
            }
            Output::Media { command, .. } => self.worker.command(self.now, command),
            Output::Vault(command) => self.vault(command),
            Output::StartDialplan {
                call,
                dialplan,
                mut channel,
                rng,
            } => {
                let services = Arc::new(dialplan::services::Memory::new());
                let task = async move {
                    dialplan::run(dialplan, channel.as_mut(), Globals::new(), services, rng).await;
                };
                self.tasks.push((call, Box::pin(task)));
            }
            Output::Notify { memo, .. } => self.memos.push(memo.link.expose().to_owned()),
            Output::MessageSent { .. } => panic!("no text of the simulation is outside a call"),
            Output::Resolve(_) | Output::OpenFlow { .. } => panic!("no trunk of the simulation registers"),
        }
    }

    fn vault(&mut self, command: obelus::memo::vault::VaultCommand) {
        for event in self.vault.handle(vec![command]) {
            self.switch.handle(self.now, Input::Vault(event));
        }
    }

    fn poll_tasks(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        let mut ended = Vec::new();
        self.tasks
            .retain_mut(|(call, task)| match task.as_mut().poll(&mut context) {
                Poll::Pending => true,
                Poll::Ready(()) => {
                    ended.push(*call);
                    false
                }
            });
        for call in ended {
            self.switch.handle(
                self.now,
                Input::DialplanEnded {
                    call,
                    panicked: false,
                },
            );
        }
    }
}
