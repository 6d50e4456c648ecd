//! Where to send a request: from a SIP URI to addresses in the order to try them (RFC 3263 section 4).
//!
//! [`Resolution`] asks questions and is told the answers; it does no DNS itself (`io::dns` does). NAPTR is not asked: it
//! chooses among transports, ours are UDP and TCP, and where there is none the RFC has a client ask for the SRV records
//! of each transport that it speaks, which is what happens here. Of one host's addresses IPv4 comes first, since
//! that is what trunks are reached by; who has no such socket leaves those out.

#[cfg(test)]
mod tests;

use super::message::Uri;
use super::Transport;
use crate::limits;
use crate::rng::Rng;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The port of SIP over UDP and TCP.
const SIP_PORT: u16 = 5060;

/// One place to send a request to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// How.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}",
            self.transport.via_name().to_ascii_lowercase(),
            self.address
        )
    }
}

/// What a URI says of where to send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    /// A host name in lower case, or an address.
    pub host: String,
    /// Where one is given; it rules out SRV.
    pub port: Option<u16>,
    /// `;transport=` where it is given.
    pub transport: Option<Transport>,
}

/// Why a URI leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// A scheme or transport that is not ours.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// DNS knows no address of the host.
    #[error("no address found for {0}")]
    NoAddress(String),
    /// The domain says by SRV that it has no SIP service (RFC 2782: a target of `.`).
    #[error("{0} declares that it offers no SIP service")]
    NoService(String),
    /// DNS did not answer, or not in time.
    #[error("DNS does not answer for {host}: {reason}")]
    Dns {
        /// The host asked for.
        host: String,
        /// What went wrong.
        reason: String,
    },
}

impl Destination {
    /// Reads a URI; `maddr` overrides the host.
    ///
    /// # Errors
    /// A scheme or a transport that is not ours (`sips`, `tel`, TLS).
    pub fn of(uri: &Uri) -> Result<Self, ResolveError> {
        if uri.scheme != "sip" {
            return Err(ResolveError::Unsupported(format!("scheme {}:", uri.scheme)));
        }
        let transport = match uri.param("transport") {
            None => None,
            Some(t) if t.eq_ignore_ascii_case("udp") => Some(Transport::Udp),
            Some(t) if t.eq_ignore_ascii_case("tcp") => Some(Transport::Tcp),
            Some(t) => return Err(ResolveError::Unsupported(format!("transport {t}"))),
        };
        let host = uri.param("maddr").unwrap_or(&uri.host);
        Ok(Destination {
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            port: uri.port,
            transport,
        })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        Ok(())
    }
}

/// Something to ask DNS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// SRV records of this name (`_sip._udp.example.org`).
    Services(String),
    /// A and AAAA records of this name.
    Addresses(String),
}

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Lower comes first.
    pub priority: u16,
    /// The share among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host, without the dot at its end; empty where the service is declared absent.
    pub host: String,
}

/// What DNS said. A name that does not exist is an empty list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Question::Services`].
    Services(Vec<Service>),
    /// To [`Question::Addresses`].
    Addresses(Vec<IpAddr>),
    /// No answer; the reason.
    Failed(String),
}

/// One URI on its way to addresses.
#[derive(Debug)]
pub struct Resolution {
    destination: Destination,
    stage: Stage,
    /// The first failure of DNS: told where nothing else was found.
    failure: Option<String>,
}

#[derive(Debug)]
enum Stage {
    /// SRV is asked for each transport; `None` while that answer is missing.
    Services(Vec<(Transport, Option<Vec<Service>>)>),
    /// Hosts in the order to try, and the addresses as they become known.
    Addresses {
        places: Vec<(Transport, String, u16)>,
        known: BTreeMap<String, Option<Vec<IpAddr>>>,
    },
    /// Known.
    Done(Result<Vec<Target>, ResolveError>),
}

impl Resolution {
    /// Begins.
    pub fn new(destination: Destination) -> Self {
        let transport = destination.transport.unwrap_or(Transport::Udp);
        let port = destination.port.unwrap_or(SIP_PORT);
        let stage = if let Ok(ip) = destination.host.parse::<IpAddr>() {
            let address = SocketAddr::new(ip, port);
            Stage::Done(Ok(vec![Target { transport, address }]))
        } else if destination.port.is_some() {
            addresses(vec![(transport, destination.host.clone(), port)])
        } else {
            let asked = match destination.transport {
                Some(transport) => vec![(transport, None)],
                None => vec![(Transport::Udp, None), (Transport::Tcp, None)],
            };
            Stage::Services(asked)
        };
        Resolution {
            destination,
            stage,
            failure: None,
        }
    }

    /// What is to be asked now; all at once, in any order. Empty once the outcome is known.
    pub fn questions(&self) -> Vec<Question> {
        match &self.stage {
            Stage::Services(asked) => asked
                .iter()
                .filter(|(_, answer)| answer.is_none())
                .map(|(transport, _)| Question::Services(self.service_name(*transport)))
                .collect(),
            Stage::Addresses { known, .. } => known
                .iter()
                .filter(|(_, answer)| answer.is_none())
                .map(|(host, _)| Question::Addresses(host.clone()))
                .collect(),
            Stage::Done(_) => Vec::new(),
        }
    }

    /// Takes the answer to one question. An answer to what was not asked changes nothing.
    pub fn answer(&mut self, question: &Question, answer: Answer, rng: &mut Rng) {
        if let Answer::Failed(reason) = &answer {
            self.failure.get_or_insert_with(|| reason.clone());
        }
        let names = [Transport::Udp, Transport::Tcp].map(|t| (t, self.service_name(t)));
        match (&mut self.stage, question) {
            (Stage::Services(asked), Question::Services(name)) => {
                let services = match answer {
                    Answer::Services(services) => services,
                    _ => Vec::new(),
                };
                let transport = names.into_iter().find(|(_, n)| n == name).map(|(t, _)| t);
                if let Some((_, place)) = asked.iter_mut().find(|(t, _)| Some(*t) == transport) {
                    place.get_or_insert(services);
                }
            }
            (Stage::Addresses { known, .. }, Question::Addresses(host)) => {
                let mut addresses = match answer {
                    Answer::Addresses(addresses) => addresses,
                    _ => Vec::new(),
                };
                addresses.sort_by_key(IpAddr::is_ipv6);
                if let Some(place) = known.get_mut(host) {
                    place.get_or_insert(addresses);
                }
            }
            _ => {}
        }
        self.advance(rng);
    }

    /// The addresses in the order to try them, once they are known.
    pub fn outcome(&self) -> Option<&Result<Vec<Target>, ResolveError>> {
        match &self.stage {
            Stage::Done(outcome) => Some(outcome),
            _ => None,
        }
    }

    fn service_name(&self, transport: Transport) -> String {
        format!(
            "_sip._{}.{}",
            transport.via_name().to_ascii_lowercase(),
            self.destination.host
        )
    }

    fn advance(&mut self, rng: &mut Rng) {
        if !self.questions().is_empty() {
            return;
        }
        self.stage = match &mut self.stage {
            Stage::Services(asked) => self.destination.after_services(asked, rng),
            Stage::Addresses { places, known } => {
                let targets: Vec<Target> = places
                    .iter()
                    .flat_map(|(transport, host, port)| {
                        let ips = known.get(host).and_then(Option::as_deref).unwrap_or(&[]);
                        ips.iter().map(|ip| Target {
                            transport: *transport,
                            address: SocketAddr::new(*ip, *port),
                        })
                    })
                    .take(limits::SIP_TARGETS)
                    .collect();
                let host = self.destination.host.clone();
                Stage::Done(match (targets.is_empty(), self.failure.take()) {
                    (false, _) => Ok(targets),
                    (true, Some(reason)) => Err(ResolveError::Dns { host, reason }),
                    (true, None) => Err(ResolveError::NoAddress(host)),
                })
            }
            Stage::Done(_) => return,
        };
    }
}

impl Destination {
    /// The hosts that SRV named, in order; without SRV records the host itself (RFC 3263 4.2).
    fn after_services(&self, asked: &mut [(Transport, Option<Vec<Service>>)], rng: &mut Rng) -> Stage {
        let mut absent = false;
        let mut places = Vec::new();
        for (transport, services) in asked {
            let services = services.take().unwrap_or_default();
            absent |= services.iter().any(|s| s.host.is_empty());
            let real = services.into_iter().filter(|s| !s.host.is_empty()).collect();
            places.extend(
                in_order(real, rng)
                    .into_iter()
                    .map(|s| (*transport, s.host, s.port)),
            );
        }
        places.truncate(limits::SIP_TARGETS);
        if places.is_empty() && absent {
            return Stage::Done(Err(ResolveError::NoService(self.host.clone())));
        }
        if places.is_empty() {
            let transport = self.transport.unwrap_or(Transport::Udp);
            places.push((transport, self.host.clone(), SIP_PORT));
        }
        addresses(places)
    }
}

fn addresses(places: Vec<(Transport, String, u16)>) -> Stage {
    let known = places.iter().map(|(_, host, _)| (host.clone(), None)).collect();
    Stage::Addresses { places, known }
}

/// The order of RFC 2782: by priority, and within one drawn at random by weight.
fn in_order(mut services: Vec<Service>, rng: &mut Rng) -> Vec<Service> {
    // Those of weight 0 stand first, so that they have a small chance of being drawn, as the RFC wants.
    services.sort_by_key(|s| (s.priority, s.weight != 0));
    let mut ordered = Vec::with_capacity(services.len());
    while let Some(priority) = services.first().map(|s| s.priority) {
        let group = services.iter().take_while(|s| s.priority == priority);
        let total: u64 = group.map(|s| u64::from(s.weight)).sum();
        let drawn = rng.below(total + 1);
        let mut sum = 0;
        let chosen = services
            .iter()
            .position(|s| {
                sum += u64::from(s.weight);
                sum >= drawn
            })
            .unwrap_or(0);
        ordered.push(services.remove(chosen));
    }
    ordered
}
