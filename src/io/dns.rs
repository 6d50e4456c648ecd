//! DNS for SIP: asks what `sip::resolve` wants to know, by the system's configuration and /etc/hosts.
//!
//! Each question is bounded in time, and answers are kept for as long as they say. The system's files are read again
//! when they change: a switch that was started before the network came up, or that moved to another one, finds its
//! registrar by itself.

use crate::limits;
use crate::rng::Rng;
use crate::sip::resolve::{Answer, Destination, Question, Resolution, ResolveError, Service, Target};
use futures_util::future::join_all;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig, ResolverOpts};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{ResolveError as LookupError, TokioResolver};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The files whose change makes a new resolver.
const SYSTEM_FILES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// The resolver of this process. A clone is the same resolver.
#[derive(Clone)]
pub struct Resolver {
    state: Arc<Mutex<State>>,
    /// Whether the system's files are followed; not where the configuration was given.
    follows_system: bool,
}

struct State {
    resolver: TokioResolver,
    /// When the system's files were written that `resolver` was made from.
    written: Written,
    rng: Rng,
}

type Written = [Option<SystemTime>; SYSTEM_FILES.len()];

impl Default for Resolver {
    fn default() -> Self {
        Resolver::new()
    }
}

impl Resolver {
    /// A resolver by the system's configuration. Where there is none, addresses and /etc/hosts still resolve.
    pub fn new() -> Self {
        let (config, options) = read_system_conf().unwrap_or_else(|error| {
            tracing::warn!("no DNS server is known, names cannot be looked up: {error}");
            (ResolverConfig::new(), ResolverOpts::default())
        });
        let state = State {
            resolver: resolver(config, options),
            written: written(),
            rng: Rng::from_os(),
        };
        Resolver {
            state: Arc::new(Mutex::new(state)),
            follows_system: true,
        }
    }

    /// A resolver by this configuration.
    pub fn with_config(config: ResolverConfig, options: ResolverOpts, rng: Rng) -> Self {
        let state = State {
            resolver: resolver(config, options),
            written: Written::default(),
            rng,
        };
        Resolver {
            state: Arc::new(Mutex::new(state)),
            follows_system: false,
        }
    }

    /// The addresses of a destination, in the order to try them.
    ///
    /// # Errors
    /// There are none, or DNS did not say.
    pub async fn resolve(&self, destination: Destination) -> Result<Vec<Target>, ResolveError> {
        let resolver = self.resolver();
        let mut resolution = Resolution::new(destination);
        loop {
            if let Some(outcome) = resolution.outcome() {
                return outcome.clone();
            }
            let questions = resolution.questions();
            let answers = join_all(questions.iter().map(|question| ask(&resolver, question))).await;
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            for (question, answer) in questions.iter().zip(answers) {
                resolution.answer(question, answer, &mut state.rng);
            }
        }
    }

    /// The resolver, made anew where the system's files changed.
    fn resolver(&self) -> TokioResolver {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.follows_system {
            let now = written();
            if now != state.written {
                // While a file is being written it may not parse; the old resolver serves until it does.
                if let Ok((config, options)) = read_system_conf() {
                    tracing::info!("the system's DNS configuration changed and was read again");
                    state.resolver = resolver(config, options);
                    state.written = now;
                }
            }
        }
        state.resolver.clone()
    }
}

fn written() -> Written {
    SYSTEM_FILES.map(|path| Path::new(path).metadata().and_then(|m| m.modified()).ok())
}

fn resolver(config: ResolverConfig, options: ResolverOpts) -> TokioResolver {
    let mut builder =
        TokioResolver::builder_with_config(config, TokioConnectionProvider::default()).with_options(options);
    let options = builder.options_mut();
    options.cache_size = limits::DNS_CACHE;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}

async fn ask(resolver: &TokioResolver, question: &Question) -> Answer {
    let lookup = async {
        match question {
            // A name with its dot at the end: no search domain is tried for a service.
            Question::Services(name) => match resolver.srv_lookup(format!("{name}.")).await {
                Ok(found) => Answer::Services(
                    found
                        .iter()
                        .map(|srv| Service {
                            priority: srv.priority(),
                            weight: srv.weight(),
                            port: srv.port(),
                            host: srv.target().to_utf8().trim_end_matches('.').to_ascii_lowercase(),
                        })
                        .collect(),
                ),
                Err(error) => failed(&error, Answer::Services(Vec::new())),
            },
            Question::Addresses(host) => match resolver.lookup_ip(host.as_str()).await {
                Ok(found) => Answer::Addresses(found.iter().collect()),
                Err(error) => failed(&error, Answer::Addresses(Vec::new())),
            },
        }
    };
    match tokio::time::timeout(limits::DNS_TIME, lookup).await {
        Ok(answer) => answer,
        Err(_) => Answer::Failed(format!("no answer within {} seconds", limits::DNS_TIME.as_secs())),
    }
}

/// A name that does not exist is an answer, and so is a name without records of that kind.
fn failed(error: &LookupError, none: Answer) -> Answer {
    if error.is_no_records_found() || error.is_nx_domain() {
        return none;
    }
    Answer::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Uri;
    use hickory_resolver::config::NameServerConfig;
    use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
    use hickory_resolver::proto::rr::rdata::{A, SRV};
    use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
    use hickory_resolver::proto::xfer::Protocol;
    use std::net::{Ipv4Addr, SocketAddr};
    use tokio::net::UdpSocket;

    fn destination(uri: &str) -> Destination {
        Destination::of(&uri.parse::<Uri>().expect("a URI")).expect("a destination of ours")
    }

    fn name(text: &str) -> Name {
        Name::from_ascii(text).expect("a name")
    }

    /// A name server that knows one domain.
    async fn serve(socket: UdpSocket) {
        let mut buffer = [0; 512];
        while let Ok((len, peer)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..len]).expect("a query");
            let question = query.queries()[0].clone();
            let data = match (question.name().to_ascii().as_str(), question.query_type()) {
                ("_sip._udp.example.org.", RecordType::SRV) => {
                    vec![
                        RData::SRV(SRV::new(20, 0, 5060, name("b.example.org."))),
                        RData::SRV(SRV::new(10, 0, 5080, name("a.example.org."))),
                    ]
                }
                ("a.example.org.", RecordType::A) => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))],
                ("b.example.org.", RecordType::A) => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 2)))],
                _ => Vec::new(),
            };
            let mut answer = Message::new();
            answer.set_id(query.id()).set_message_type(MessageType::Response);
            answer.set_response_code(if data.is_empty() {
                ResponseCode::NXDomain
            } else {
                ResponseCode::NoError
            });
            answer.add_answers(
                data.into_iter()
                    .map(|d| Record::from_rdata(question.name().clone(), 60, d)),
            );
            answer.add_query(question);
            let bytes = answer.to_vec().expect("an answer");
            socket.send_to(&bytes, peer).await.expect("sent");
        }
    }

    async fn dns() -> Resolver {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let server: SocketAddr = socket.local_addr().expect("an address");
        tokio::spawn(serve(socket));
        let mut config = ResolverConfig::new();
        config.add_name_server(NameServerConfig::new(server, Protocol::Udp));
        Resolver::with_config(config, ResolverOpts::default(), Rng::from_seed(1))
    }

    #[tokio::test]
    async fn services_and_addresses_come_from_dns() {
        let dns = dns().await;
        let targets = dns.resolve(destination("sip:example.org")).await.expect("found");
        let targets: Vec<String> = targets.iter().map(Target::to_string).collect();
        assert_eq!(targets, ["udp:192.0.2.1:5080", "udp:192.0.2.2:5060"]);
        let targets = dns
            .resolve(destination("sip:b.example.org:5070;transport=tcp"))
            .await
            .expect("found");
        assert_eq!(targets[0].to_string(), "tcp:192.0.2.2:5070");
    }

    #[tokio::test]
    async fn a_name_that_does_not_exist_is_told() {
        let error = dns()
            .await
            .resolve(destination("sip:no.example.org"))
            .await
            .expect_err("nothing");
        assert_eq!(error, ResolveError::NoAddress("no.example.org".into()));
    }

    #[tokio::test]
    async fn addresses_and_this_machine_need_no_server() {
        let dns = Resolver::with_config(ResolverConfig::new(), ResolverOpts::default(), Rng::from_seed(1));
        let targets = dns
            .resolve(destination("sip:192.0.2.7"))
            .await
            .expect("an address");
        assert_eq!(targets[0].to_string(), "udp:192.0.2.7:5060");
        let targets = dns
            .resolve(destination("sip:localhost:5070"))
            .await
            .expect("this machine");
        assert!(
            targets
                .iter()
                .any(|t| t.address == "127.0.0.1:5070".parse().expect("an address")),
            "{targets:?}"
        );
    }
}
