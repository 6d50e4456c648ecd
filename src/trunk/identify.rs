//! Which trunk a call comes from.
//!
//! In this order, the first that fits:
//!
//! 1. The user of the Request-URI is the token of a Contact that we registered. Only the registrar was told it, and it has
//!    130 random bits, so whoever shows it has it from there, from whatever address the call comes.
//! 2. The address that the call comes from is in a trunk's `match`.
//! 3. The user of the Request-URI is the user name that we registered with, and the call comes from the very address and
//!    port that answered our registration, which is alive: registrars that ignore the Contact's user do so.
//! 4. No trunk is configured at all, and the call comes from this machine.
//!
//! A source address of a datagram can be forged, so 2 and 3 prove less than 1. Whoever forges it sees none of our
//! responses, cannot acknowledge, and gains what dialling the number gives to everybody: to leave a memo. In 3 the
//! operator did not name an address, hence the narrow condition. A call by the registrar's address to any other user
//! is refused, with the line that would admit it.

use crate::config::Trunk;
use crate::limits;
use crate::sip::message::Request;
use crate::sip::Flow;
use crate::time::{Duration, Instant};
use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// How often the refusal of calls from one address is logged.
const REFUSAL_PERIOD: Duration = Duration::from_secs(60);

/// All trunks, with what is known of their registrations.
#[derive(Clone, Debug, Default)]
pub struct TrunkTable {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    trunk: Arc<Trunk>,
    /// The user of the Contact that is registered.
    token: Option<String>,
    /// The registrar's address while the registration is alive.
    registered_with: Option<SocketAddr>,
}

/// The trunk of a call: its context, codecs, number format and kind of silence are the configuration's.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The trunk; one named `local`, with every default, for a call from this machine without any trunk.
    pub trunk: Arc<Trunk>,
    /// By what it was known.
    pub how: How,
}

/// By what a call's trunk was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The token of our registered Contact.
    Token,
    /// The trunk's `match`.
    Address,
    /// Our user name, from the address that we are registered with.
    Registrar,
    /// No trunk is configured; the call is from this machine.
    Loopback,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::Token => "registration",
            How::Address => "address",
            How::Registrar => "registrar",
            How::Loopback => "loopback",
        })
    }
}

/// A call that no trunk answers for. To be answered [`Refusal::STATUS`]; its `Display` is the log line, which ends with the
/// lines of configuration that would admit the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where the call came from.
    pub source: SocketAddr,
    /// The trunk whose registrar has that address, where one has.
    pub registrar_of: Option<String>,
    /// Whether no trunk is configured at all.
    pub no_trunks: bool,
}

impl Refusal {
    /// What the caller is answered: 403.
    pub const STATUS: u16 = 403;

    /// The lines for `obelus.toml` that would admit calls from this address.
    pub fn toml(&self) -> String {
        let address = self.source.ip().to_canonical();
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        let (name, comment) = match &self.registrar_of {
            Some(name) => (name.clone(), "  # stands there already; add the next line to it"),
            None => (
                format!("trunk-{}", address.to_string().replace(['.', ':'], "-")),
                "",
            ),
        };
        format!("[[trunk]]\nname = {name:?}{comment}\nmatch = [\"{address}/{prefix}\"]")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match (self.no_trunks, &self.registrar_of) {
            (true, _) => "no trunk is configured, so only calls from this machine are taken",
            (_, Some(_)) => "it comes from a trunk's registrar, yet not to our registered Contact",
            _ => "no trunk matches",
        };
        write!(
            f,
            "call from {} refused: {why}. To admit it, put into obelus.toml:\n{}",
            self.source,
            self.toml()
        )
    }
}

impl TrunkTable {
    /// A table of these trunks, in the order of the file.
    pub fn new(trunks: impl IntoIterator<Item = Trunk>) -> Self {
        let entries = trunks
            .into_iter()
            .map(|trunk| Entry {
                trunk: Arc::new(trunk),
                token: None,
                registered_with: None,
            })
            .collect();
        TrunkTable { entries }
    }

    /// The trunks, in the order of the file.
    pub fn trunks(&self) -> impl Iterator<Item = &Arc<Trunk>> {
        self.entries.iter().map(|e| &e.trunk)
    }

    /// The token of the trunk's registration. The trunk is named by its place in the file.
    pub fn set_token(&mut self, index: usize, token: impl Into<String>) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.token = Some(token.into());
        }
    }

    /// The registrar's address while the registration is alive, `None` once it is not.
    pub fn set_registered(&mut self, index: usize, with: Option<SocketAddr>) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.registered_with = with;
        }
    }

    /// The users by which a trunk's registrar calls us: not numbers, so the number called stands elsewhere.
    pub fn own_users(&self, trunk: &Trunk) -> Vec<&str> {
        let entry = self.entries.iter().find(|e| e.trunk.name == trunk.name);
        entry.map_or_else(Vec::new, |e| {
            let username = e
                .trunk
                .username
                .as_deref()
                .filter(|_| e.trunk.registrar.is_some());
            e.token.as_deref().into_iter().chain(username).collect()
        })
    }

    /// The trunk of an INVITE.
    ///
    /// # Errors
    /// None answers for it.
    pub fn identify(&self, request: &Request, flow: &Flow) -> Result<Match, Refusal> {
        let user = request.uri.user.as_str();
        let address = flow.remote.ip().to_canonical();
        let found = |entry: &Entry, how| Match {
            trunk: entry.trunk.clone(),
            how,
        };
        let by = |how, fits: &dyn Fn(&Entry) -> bool| {
            self.entries
                .iter()
                .find(|e| fits(e))
                .map(|entry| found(entry, how))
        };

        let from_registrar = |e: &Entry| e.registered_with.is_some_and(|with| same(with, flow.remote));
        by(How::Token, &|e| {
            e.token.as_deref().is_some_and(|token| is_token(user, token))
        })
        .or_else(|| {
            by(How::Address, &|e| {
                e.trunk.matches.iter().any(|range| range.contains(address))
            })
        })
        .or_else(|| {
            by(How::Registrar, &|e| {
                from_registrar(e) && e.trunk.username.as_deref().is_some_and(|name| name == user)
            })
        })
        .or_else(|| {
            (self.entries.is_empty() && address.is_loopback()).then(|| Match {
                trunk: Arc::new(Trunk::named("local")),
                how: How::Loopback,
            })
        })
        .ok_or_else(|| Refusal {
            source: flow.remote,
            registrar_of: self
                .entries
                .iter()
                .find(|e| from_registrar(e))
                .map(|e| e.trunk.name.clone()),
            no_trunks: self.entries.is_empty(),
        })
    }
}

/// Compares without telling by the time it takes how much of a guess was right. Some registrars change the case.
fn is_token(user: &str, token: &str) -> bool {
    user.to_ascii_lowercase()
        .as_bytes()
        .ct_eq(token.as_bytes())
        .into()
}

fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.ip().to_canonical() == b.ip().to_canonical() && a.port() == b.port()
}

/// Which refusals to log: one a minute for each address, and only so many addresses, or whoever scans the network for
/// open switches fills the disk with our log.
#[derive(Debug, Default)]
pub struct RefusalLog {
    seen: HashMap<IpAddr, Instant>,
}

impl RefusalLog {
    /// Whether this refusal is to be logged.
    pub fn should_log(&mut self, now: Instant, source: IpAddr) -> bool {
        let source = network(source);
        if self.seen.len() >= limits::REFUSED_ADDRESSES && !self.seen.contains_key(&source) {
            self.seen.retain(|_, at| now.since(*at) < REFUSAL_PERIOD);
            if self.seen.len() >= limits::REFUSED_ADDRESSES {
                return false;
            }
        }
        let is_due = self
            .seen
            .get(&source)
            .is_none_or(|at| now.since(*at) >= REFUSAL_PERIOD);
        if is_due {
            self.seen.insert(source, now);
        }
        is_due
    }
}

/// Who has one IPv6 address has the 2^64 beside it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & (u128::MAX << 64)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Cidr;
    use crate::sip::message::{Method, Uri};
    use crate::sip::Transport;

    fn flow(remote: &str) -> Flow {
        Flow {
            id: 1,
            transport: Transport::Udp,
            local: "198.51.100.1:5060".parse().expect("an address"),
            remote: remote.parse().expect("an address"),
        }
    }

    fn invite(user: &str) -> Request {
        Request::new(Method::Invite, Uri::sip(user, "198.51.100.1", None))
    }

    fn table() -> TrunkTable {
        let range = |address: &str, prefix| Cidr {
            address: address.parse().expect("an address"),
            prefix,
        };
        let by_address = Trunk {
            matches: vec![range("203.0.113.0", 24), range("2001:db8:1::", 48)],
            ..Trunk::named("office")
        };
        let registered = Trunk {
            registrar: Some("registrar.example.org".into()),
            username: Some("100000".into()),
            context: "incoming".into(),
            ..Trunk::named("provider")
        };
        let mut table = TrunkTable::new([by_address, registered]);
        table.set_token(1, "abcdefgh234567");
        table.set_registered(1, Some("192.0.2.10:5060".parse().expect("an address")));
        table
    }

    #[test]
    fn a_call_is_known_by_token_then_address_then_registrar() {
        for (user, source, expected) in [
            (
                "abcdefgh234567",
                "192.0.2.99:5060",
                Some(("provider", How::Token)),
            ),
            (
                "ABCDEFGH234567",
                "192.0.2.99:5060",
                Some(("provider", How::Token)),
            ),
            (
                "abcdefgh234567",
                "203.0.113.9:5060",
                Some(("provider", How::Token)),
            ),
            ("abcdefgh23456", "192.0.2.99:5060", None),
            ("15550100", "203.0.113.9:40000", Some(("office", How::Address))),
            (
                "15550100",
                "[::ffff:203.0.113.9]:5060",
                Some(("office", How::Address)),
            ),
            ("15550100", "[2001:db8:1::9]:5060", Some(("office", How::Address))),
            ("15550100", "203.0.114.9:5060", None),
            ("100000", "192.0.2.10:5060", Some(("provider", How::Registrar))),
            ("100000", "192.0.2.10:5061", None),
            ("100000", "192.0.2.11:5060", None),
            ("15550100", "192.0.2.10:5060", None),
            ("", "192.0.2.10:5060", None),
            ("15550100", "127.0.0.1:5060", None),
        ] {
            let found = table().identify(&invite(user), &flow(source)).ok();
            let found = found.as_ref().map(|m| (m.trunk.name.as_str(), m.how));
            assert_eq!(found, expected, "{user} from {source}");
        }
    }

    #[test]
    fn an_expired_registration_vouches_for_nothing() {
        let mut table = table();
        table.set_registered(1, None);
        assert!(table
            .identify(&invite("100000"), &flow("192.0.2.10:5060"))
            .is_err());
    }

    #[test]
    fn without_trunks_only_this_machine_calls() {
        let table = TrunkTable::new([]);
        for source in [
            "127.0.0.1:5060",
            "[::1]:5060",
            "127.8.8.8:9",
            "[::ffff:127.0.0.1]:5060",
        ] {
            let found = table.identify(&invite("1"), &flow(source)).expect("loopback");
            assert_eq!(
                (found.trunk.context.as_str(), found.how),
                ("from-trunk", How::Loopback)
            );
        }
        let refusal = table
            .identify(&invite("1"), &flow("203.0.113.7:5060"))
            .expect_err("not loopback");
        assert_eq!(
            refusal.to_string(),
            "call from 203.0.113.7:5060 refused: no trunk is configured, so only calls from this machine are taken. \
             To admit it, put into obelus.toml:\n[[trunk]]\nname = \"trunk-203-0-113-7\"\nmatch = [\"203.0.113.7/32\"]"
        );
    }

    #[test]
    fn a_refusal_shows_what_would_admit_the_call() {
        let refusal = table()
            .identify(&invite("1"), &flow("[2001:db8:2::7]:5060"))
            .expect_err("unknown");
        assert_eq!(
            refusal.toml(),
            "[[trunk]]\nname = \"trunk-2001-db8-2--7\"\nmatch = [\"2001:db8:2::7/128\"]"
        );
        let refusal = table()
            .identify(&invite("15550100"), &flow("192.0.2.10:5060"))
            .expect_err("not our Contact");
        assert_eq!(
            refusal.toml(),
            "[[trunk]]\nname = \"provider\"  # stands there already; add the next line to it\nmatch = [\"192.0.2.10/32\"]"
        );
    }

    #[test]
    fn own_users_are_the_token_and_the_account() {
        let table = table();
        let trunks: Vec<_> = table.trunks().cloned().collect();
        assert_eq!(table.own_users(&trunks[1]), ["abcdefgh234567", "100000"]);
        assert!(table.own_users(&trunks[0]).is_empty());
    }

    #[test]
    fn a_scan_does_not_fill_the_log() {
        let mut log = RefusalLog::default();
        let ip = |n: u32| IpAddr::from(n.to_be_bytes());
        let start = Instant::from_secs(100);
        assert!(log.should_log(start, ip(1)));
        assert!(!log.should_log(start + Duration::from_secs(59), ip(1)));
        assert!(log.should_log(start + Duration::from_secs(60), ip(1)));
        let logged = (0..100_000)
            .filter(|n| log.should_log(start + Duration::from_secs(61), ip(*n)))
            .count();
        assert!(logged <= limits::REFUSED_ADDRESSES);
        assert!(log.seen.len() <= limits::REFUSED_ADDRESSES);
        assert!(
            log.should_log(start + Duration::from_secs(600), ip(7)),
            "it recovers"
        );
        let near = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]);
        let later = start + Duration::from_secs(2_000);
        assert!(log.should_log(later, near(1)));
        assert!(!log.should_log(later, near(2)));
    }
}
