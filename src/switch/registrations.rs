//! Our registrations with trunks: joins each one's machine to the endpoint's transactions, to DNS and to the flows.

use crate::config::{Config, Trunk};
use crate::rng::Rng;
use crate::sip::endpoint::ClientTx;
use crate::sip::message::{Request, Response, Uri};
use crate::sip::resolve::{Destination, Target};
use crate::sip::Flow;
use crate::time::Instant;
use crate::trunk::identify::TrunkTable;
use crate::trunk::registration::{Input, Output, Registration, RegistrationConfig, Route, Status};
use std::collections::VecDeque;

/// For whom something is looked up, opened or sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// The registration of the trunk at that place in the configuration.
    Trunk(usize),
    /// The text of that number.
    Message(u64),
}

/// Names one request for a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    asker: Asker,
    number: u64,
}

impl Ticket {
    /// The asker's request of that number.
    pub(super) fn new(asker: Asker, number: u64) -> Self {
        Ticket { asker, number }
    }

    /// Whose it is.
    pub(super) fn asker(&self) -> Asker {
        self.asker
    }
}

/// Names to look up.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// For whom.
    pub asker: Asker,
    /// What to find.
    pub destination: Destination,
}

/// What the switch is to do for a registration or a text.
pub(super) enum Act {
    Request {
        asker: Asker,
        flow: Flow,
        request: Box<Request>,
    },
    Resolve(Lookup),
    OpenFlow {
        ticket: Ticket,
        target: Target,
    },
    KeepAlive {
        flow: Flow,
    },
}

/// One trunk that registers.
struct Line {
    /// The trunk's place in the configuration.
    trunk: usize,
    registration: Registration,
    /// The way that the last request went.
    flow: Option<Flow>,
    /// A request that waits for its flow.
    waiting: Option<(Ticket, Box<Request>)>,
    /// The request whose response is awaited.
    awaited: Option<ClientTx>,
    /// Whether a binding stands, by the last word.
    is_registered: bool,
}

/// Every trunk, and the registrations of those that have a registrar.
pub(super) struct Registrations {
    trunks: TrunkTable,
    lines: Vec<Line>,
    acts: VecDeque<Act>,
    last_ticket: u64,
}

impl Registrations {
    pub fn new(config: &Config, rng: &mut Rng) -> Self {
        let mut trunks = TrunkTable::new(config.trunks.iter().cloned());
        let mut lines = Vec::new();
        for (trunk, of) in config.trunks.iter().enumerate() {
            if let Some(registration_config) = registration_config(of) {
                let registration = Registration::new(registration_config, rng.fork());
                trunks.set_token(trunk, registration.token());
                lines.push(Line {
                    trunk,
                    registration,
                    flow: None,
                    waiting: None,
                    awaited: None,
                    is_registered: false,
                });
            }
        }
        Registrations {
            trunks,
            lines,
            acts: VecDeque::new(),
            last_ticket: 0,
        }
    }

    pub fn trunks(&self) -> &TrunkTable {
        &self.trunks
    }

    /// The trunk whose registrar is that host, with its place in the configuration and its registrar.
    pub fn trunk_of(&self, host: &str) -> Option<(usize, &Trunk, Uri)> {
        self.trunks.trunks().enumerate().find_map(|(index, trunk)| {
            let registrar = registrar(trunk)?;
            let found = registrar.host.eq_ignore_ascii_case(host);
            found.then_some((index, trunk.as_ref(), registrar))
        })
    }

    /// The way by which a trunk is registered now.
    pub fn flow_of(&self, trunk: usize) -> Option<Flow> {
        let line = self.lines.iter().find(|line| line.trunk == trunk)?;
        line.is_registered.then_some(line.flow).flatten()
    }

    pub fn start(&mut self, now: Instant) {
        self.each(now, |_| Some(Input::Start));
    }

    pub fn shutdown(&mut self, now: Instant) {
        self.each(now, |_| Some(Input::Shutdown));
    }

    pub fn timeout(&mut self, now: Instant) {
        self.each(now, |line| {
            line.registration
                .poll_timeout()
                .filter(|at| *at <= now)
                .map(|_| Input::Timeout)
        });
        // A binding that has run out no longer vouches for the registrar's address.
        for line in &mut self.lines {
            let with = line.registration.registered_with(now);
            line.is_registered = with.is_some();
            self.trunks.set_registered(line.trunk, with);
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.lines
            .iter()
            .filter_map(|line| line.registration.poll_timeout())
            .min()
    }

    pub fn poll_act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    pub fn resolved(&mut self, now: Instant, trunk: usize, routes: Result<Vec<Route>, String>) {
        let mut routes = Some(routes);
        self.each(now, |line| {
            if line.trunk == trunk {
                routes.take().map(Input::Resolved)
            } else {
                None
            }
        });
    }

    pub fn flow_opened(&mut self, now: Instant, ticket: Ticket, flow: Result<Flow, String>) {
        let Some(at) = self
            .lines
            .iter()
            .position(|line| line.waiting.as_ref().is_some_and(|(of, _)| *of == ticket))
        else {
            return;
        };
        let line = &mut self.lines[at];
        let Some((_, request)) = line.waiting.take() else {
            return;
        };
        match flow {
            Ok(flow) => {
                line.flow = Some(flow);
                self.acts.push_back(Act::Request {
                    asker: Asker::Trunk(line.trunk),
                    flow,
                    request,
                });
            }
            Err(reason) => {
                tracing::debug!(trunk = line.trunk, "no way to the registrar: {reason}");
                self.handle(now, at, Input::FlowFailed);
            }
        }
    }

    pub fn flow_failed(&mut self, now: Instant, flow_id: u64) {
        self.each(now, |line| {
            line.flow.filter(|flow| flow.id == flow_id)?;
            line.flow = None;
            // The endpoint will tell of the request's failure too; told once is enough.
            line.awaited = None;
            Some(Input::FlowFailed)
        });
    }

    /// The request of `Act::Request` is under way as that transaction.
    pub fn sent(&mut self, trunk: usize, tx: ClientTx) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.trunk == trunk) {
            line.awaited = Some(tx);
        }
    }

    pub fn response(&mut self, now: Instant, tx: ClientTx, response: Box<Response>) {
        let mut response = Some(response);
        self.each(now, |line| {
            if line.awaited != Some(tx) {
                return None;
            }
            let response = response.take()?;
            if response.is_provisional() {
                return None;
            }
            line.awaited = None;
            Some(Input::Response(response))
        });
    }

    pub fn request_timeout(&mut self, now: Instant, tx: ClientTx) {
        self.each(now, |line| {
            let is_ours = line.awaited == Some(tx);
            is_ours.then(|| {
                line.awaited = None;
                Input::RequestTimeout
            })
        });
    }

    pub fn are_over(&self) -> bool {
        self.lines.iter().all(|line| line.registration.is_ended())
    }

    pub fn use_flow(&self, flow_id: u64) -> bool {
        self.lines
            .iter()
            .any(|line| line.flow.is_some_and(|flow| flow.id == flow_id))
    }

    pub fn status(&self, now: Instant) -> Vec<Status> {
        self.lines
            .iter()
            .map(|line| line.registration.status(now))
            .collect()
    }

    /// Hands each line the input that `input` has for it.
    fn each(&mut self, now: Instant, mut input: impl FnMut(&mut Line) -> Option<Input>) {
        for at in 0..self.lines.len() {
            if let Some(input) = input(&mut self.lines[at]) {
                self.handle(now, at, input);
            }
        }
    }

    fn handle(&mut self, now: Instant, at: usize, input: Input) {
        let line = &mut self.lines[at];
        line.registration.handle(now, input);
        while let Some(output) = line.registration.poll_output() {
            match output {
                Output::Resolve(destination) => {
                    self.acts.push_back(Act::Resolve(Lookup {
                        asker: Asker::Trunk(line.trunk),
                        destination,
                    }));
                }
                Output::Send { target, request } => match line.flow.filter(|flow| leads_to(flow, target)) {
                    Some(flow) => self.acts.push_back(Act::Request {
                        asker: Asker::Trunk(line.trunk),
                        flow,
                        request,
                    }),
                    None => {
                        self.last_ticket += 1;
                        let ticket = Ticket::new(Asker::Trunk(line.trunk), self.last_ticket);
                        line.waiting = Some((ticket, request));
                        self.acts.push_back(Act::OpenFlow { ticket, target });
                    }
                },
                Output::KeepAlive { target } => {
                    if let Some(flow) = line.flow.filter(|flow| leads_to(flow, target)) {
                        self.acts.push_back(Act::KeepAlive { flow });
                    }
                }
                // The machine logs its own changes.
                Output::Changed(_) => {}
            }
        }
        let with = line.registration.registered_with(now);
        line.is_registered = with.is_some();
        self.trunks.set_registered(line.trunk, with);
    }
}

fn leads_to(flow: &Flow, target: Target) -> bool {
    flow.transport == target.transport && flow.remote == target.address
}

/// What a trunk's registration is told; `None` where the trunk has no registrar.
fn registration_config(trunk: &Trunk) -> Option<RegistrationConfig> {
    let registrar = registrar(trunk)?;
    Some(RegistrationConfig {
        trunk: trunk.name.clone(),
        registrar,
        username: trunk.username.clone().unwrap_or_default(),
        password: trunk.password.clone(),
        expires_secs: trunk.expires_secs,
    })
}

/// A trunk's registrar.
fn registrar(trunk: &Trunk) -> Option<Uri> {
    let registrar = trunk.registrar.as_deref()?;
    let text = if registrar.starts_with("sip:") {
        registrar.to_owned()
    } else {
        format!("sip:{registrar}")
    };
    text.parse()
        .inspect_err(|error| tracing::error!(trunk = %trunk.name, "registrar {registrar:?}: {error}"))
        .ok()
}

/// The bytes that keep a NAT's mapping open (RFC 5626 section 3.5.1).
pub(super) const KEEP_ALIVE: &[u8] = b"\r\n\r\n";
