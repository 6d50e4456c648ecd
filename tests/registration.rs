//! A trunk's registration against a simulated registrar, in virtual time: whatever the registrar does, the trunk is
//! registered again by itself.
//!
//! The registrar checks credentials by its own arithmetic (RFC 7616 3.4.1), not by the code under test.

use md5::Md5;
use obelus::rng::Rng;
use obelus::secret::Secret;
use obelus::sip::message::{Method, NameAddr, Request, Response};
use obelus::sip::resolve::{Destination, Target};
use obelus::sip::Transport;
use obelus::time::{Duration, Instant};
use obelus::trunk::registration::{Input, Output, Phase, Registration, RegistrationConfig, Route};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

const USER: &str = "100000";
const PASSWORD: &str = "correct horse";
/// Timer F of the transaction that carries a REGISTER: 64 * T1.
const TIMER_F: Duration = Duration::from_secs(32);
/// One way through the simulated network.
const LATENCY: Duration = Duration::from_millis(20);

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address and port")
}

fn hash(algorithm: &str, text: &str) -> String {
    match algorithm {
        "MD5" => hex::encode(Md5::digest(text.as_bytes())),
        "SHA-256" => hex::encode(Sha256::digest(text.as_bytes())),
        other => panic!("the registrar was asked for {other}"),
    }
}

/// The parameters of a Digest header.
fn digest_params(value: &str) -> HashMap<String, String> {
    let list = value.strip_prefix("Digest ").expect("digest credentials");
    list.split(", ")
        .map(|pair| {
            let (name, value) = pair.split_once('=').expect("name=value");
            (name.to_owned(), value.trim_matches('"').to_owned())
        })
        .collect()
}

/// What the registrar does with the next request instead of its work.
#[derive(Clone, Debug)]
enum Act {
    Silent,
    Unreachable,
    Answer(u16, Vec<(&'static str, String)>),
}

/// How long a nonce is good.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Nonces {
    Forever,
    /// For one request; afterwards the challenge says `stale=true`.
    OnceThenStale,
    /// For one request; afterwards the challenge does not say so.
    OnceThenSilent,
    /// Each of them is stale at once.
    AlwaysStale,
}

struct Registrar {
    algorithms: Vec<&'static str>,
    /// All challenges in one field, or a field each.
    in_one_field: bool,
    nonces: Nonces,
    password: &'static str,
    min_expires: Option<u32>,
    /// Granted at most.
    max_expires: u32,
    script: VecDeque<Act>,
    /// It gives no answer at these times, whatever the script says.
    silent_between: Option<(Instant, Instant)>,
    nonce: u32,
    last_count: u32,
    /// User of the Contact, its address, and when it ends.
    bindings: Vec<(String, SocketAddr, Instant)>,
    requests: Vec<(Instant, Request)>,
    algorithms_seen: Vec<String>,
}

impl Registrar {
    fn new() -> Self {
        Registrar {
            algorithms: vec!["MD5"],
            in_one_field: false,
            nonces: Nonces::Forever,
            password: PASSWORD,
            min_expires: None,
            max_expires: 3_600,
            script: VecDeque::new(),
            silent_between: None,
            nonce: 0,
            last_count: 0,
            bindings: vec![(
                "another-phone".into(),
                at("198.51.100.99:5060"),
                Instant::from_secs(u32::MAX.into()),
            )],
            requests: Vec::new(),
            algorithms_seen: Vec::new(),
        }
    }

    fn handle(&mut self, now: Instant, request: &Request) -> Act {
        self.requests.push((now, request.clone()));
        if self
            .silent_between
            .is_some_and(|(from, to)| now >= from && now < to)
        {
            return Act::Silent;
        }
        if let Some(act) = self.script.pop_front() {
            return act;
        }
        if !self.algorithms.is_empty() {
            match self.check(request) {
                Ok(()) => {}
                Err(stale) => return self.challenge(stale),
            }
        }
        let contact: NameAddr = request.headers.contacts().expect("a Contact").remove(0);
        let asked: u32 = contact
            .param("expires")
            .expect("an expiry")
            .parse()
            .expect("a number");
        assert_eq!(request.headers.expires().expect("a number"), Some(asked));
        if let Some(least) = self.min_expires.filter(|least| asked > 0 && asked < *least) {
            return Act::Answer(423, vec![("Min-Expires", least.to_string())]);
        }
        let granted = asked.min(self.max_expires);
        let address = SocketAddr::new(
            contact.uri.host_ip().expect("an address"),
            contact.uri.port.expect("a port"),
        );
        self.bindings.retain(|(user, _, _)| *user != contact.uri.user);
        if granted > 0 {
            let until = now + Duration::from_secs(granted.into());
            self.bindings.push((contact.uri.user.clone(), address, until));
        }
        let list = self.bindings.iter().map(|(user, address, until)| {
            (
                "Contact",
                format!("<sip:{user}@{address}>;expires={}", until.since(now).as_secs()),
            )
        });
        Act::Answer(200, list.collect())
    }

    /// `Err(stale)` where a challenge is due.
    fn check(&mut self, request: &Request) -> Result<(), bool> {
        let header = request.headers.get("Authorization").ok_or(false)?;
        let p = digest_params(header);
        // Credentials for somebody else's challenge lack what ours asks for.
        let algorithm = p
            .get("algorithm")
            .filter(|_| p.contains_key("qop"))
            .ok_or(false)?
            .clone();
        let a1 = hash(&algorithm, &format!("{USER}:{}:{}", p["realm"], self.password));
        let a2 = hash(&algorithm, &format!("REGISTER:{}", p["uri"]));
        let text = format!(
            "{a1}:{}:{}:{}:{}:{a2}",
            p["nonce"], p["nc"], p["cnonce"], p["qop"]
        );
        assert_eq!(p["uri"], request.uri.to_string());
        if p["response"] != hash(&algorithm, &text) {
            return Err(false);
        }
        let current = p["nonce"] == format!("nonce{}", self.nonce);
        let count = u32::from_str_radix(&p["nc"], 16).expect("hexadecimal");
        let used = self.last_count > 0;
        match self.nonces {
            Nonces::OnceThenStale if !current || used => return Err(true),
            Nonces::OnceThenSilent if !current || used => return Err(false),
            Nonces::AlwaysStale => return Err(true),
            _ if !current => return Err(true),
            _ => assert_eq!(count, self.last_count + 1, "the nonce count rises by one"),
        }
        self.last_count = count;
        self.algorithms_seen.push(algorithm);
        Ok(())
    }

    fn challenge(&mut self, stale: bool) -> Act {
        self.nonce += 1;
        self.last_count = 0;
        let stale = if stale { ", stale=true" } else { "" };
        let each = self.algorithms.iter().map(|algorithm| {
            format!(
                "Digest realm=\"example.org\", nonce=\"nonce{}\", algorithm={algorithm}, qop=\"auth,auth-int\"{stale}",
                self.nonce
            )
        });
        let fields: Vec<String> = if self.in_one_field {
            vec![each.collect::<Vec<_>>().join(", ")]
        } else {
            each.collect()
        };
        Act::Answer(401, fields.into_iter().map(|f| ("WWW-Authenticate", f)).collect())
    }
}

/// A registration, a registrar at each address, DNS, and a clock.
struct World {
    now: Instant,
    registration: Registration,
    registrars: HashMap<SocketAddr, Registrar>,
    dns: HashMap<String, Result<Vec<Target>, String>>,
    /// Answers on their way.
    arrivals: Vec<(Instant, Input)>,
    phases: Vec<(Instant, Phase)>,
    keep_alives: Vec<Instant>,
    /// How long no binding of ours stood at the first registrar, so far.
    gap: Duration,
}

const HOME: &str = "192.0.2.10:5060";

impl World {
    fn new(registrar: Registrar) -> Self {
        World::with_password(registrar, Some(PASSWORD))
    }

    fn with_password(registrar: Registrar, password: Option<&str>) -> Self {
        let config = RegistrationConfig {
            trunk: "provider".into(),
            registrar: "sip:registrar.example.org".parse().expect("a URI"),
            username: USER.into(),
            password: password.map(|p| Secret::new(p.into())),
            expires_secs: 600,
        };
        let home = Target {
            transport: Transport::Udp,
            address: at(HOME),
        };
        World {
            now: Instant::from_secs(1_000),
            registration: Registration::new(config, Rng::from_seed(11)),
            registrars: HashMap::from([(at(HOME), registrar)]),
            dns: HashMap::from([("registrar.example.org".into(), Ok(vec![home]))]),
            arrivals: Vec::new(),
            phases: Vec::new(),
            keep_alives: Vec::new(),
            gap: Duration::ZERO,
        }
    }

    fn started(registrar: Registrar) -> Self {
        let mut world = World::new(registrar);
        world.input(Input::Start);
        world
    }

    fn home(&mut self) -> &mut Registrar {
        self.registrars.get_mut(&at(HOME)).expect("the registrar")
    }

    fn input(&mut self, input: Input) {
        self.registration.handle(self.now, input);
        while let Some(output) = self.registration.poll_output() {
            match output {
                Output::Resolve(destination) => self.resolve(&destination),
                Output::Send { target, request } => self.send(target, &request),
                Output::KeepAlive { target } => {
                    assert_eq!(Some(target.address), self.registration.registered_with(self.now));
                    self.keep_alives.push(self.now);
                }
                Output::Changed(phase) => self.phases.push((self.now, phase)),
            }
        }
    }

    fn resolve(&mut self, destination: &Destination) {
        let known = self
            .dns
            .get(&destination.host)
            .cloned()
            .unwrap_or(Err("no such host".into()));
        let routes = known.map(|targets| {
            let contact = at("198.51.100.1:5060");
            targets
                .into_iter()
                .map(|target| Route { target, contact })
                .collect()
        });
        self.arrivals.push((self.now + LATENCY, Input::Resolved(routes)));
    }

    fn send(&mut self, target: Target, request: &Request) {
        assert_eq!(request.method, Method::Register);
        assert!(request.uri.user.is_empty(), "a registrar's URI has no user");
        let act = match self.registrars.get_mut(&target.address) {
            Some(registrar) => registrar.handle(self.now + LATENCY, request),
            None => Act::Silent,
        };
        let (after, input) = match act {
            Act::Silent => (TIMER_F, Input::RequestTimeout),
            Act::Unreachable => (LATENCY, Input::FlowFailed),
            Act::Answer(status, fields) => {
                let mut response: Response = request.response(status);
                for (name, value) in fields {
                    response.headers.push(name, value);
                }
                (LATENCY * 2, Input::Response(Box::new(response)))
            }
        };
        self.arrivals.push((self.now + after, input));
    }

    /// Runs until that time, always taking the earliest of what is due.
    fn run_until(&mut self, end: Instant) {
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 200_000, "the machine spins");
            let arrival = self.arrivals.iter().map(|(at, _)| *at).min();
            let timer = self.registration.poll_timeout();
            let Some(next) = arrival.into_iter().chain(timer).min().filter(|next| *next <= end) else {
                break;
            };
            self.account(next);
            self.now = self.now.max(next);
            if arrival.is_some_and(|a| a <= next) {
                let index = self
                    .arrivals
                    .iter()
                    .position(|(at, _)| *at == next)
                    .expect("the earliest");
                let (_, input) = self.arrivals.remove(index);
                self.input(input);
            } else {
                self.input(Input::Timeout);
            }
        }
        self.account(end);
        self.now = end;
    }

    /// Adds up the time without a binding at the registrar.
    fn account(&mut self, next: Instant) {
        let token = self.registration.token().to_owned();
        let now = self.now;
        let ends = self
            .home()
            .bindings
            .iter()
            .find(|(user, _, _)| *user == token)
            .map_or(now, |b| b.2);
        self.gap += next.since(ends.max(now));
    }

    fn run(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    fn phase(&self) -> Phase {
        self.registration.phase(self.now)
    }

    fn is_bound(&mut self) -> bool {
        let (token, now) = (self.registration.token().to_owned(), self.now);
        self.home()
            .bindings
            .iter()
            .any(|(user, _, until)| *user == token && *until > now)
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn registers_and_stays_registered_for_a_day() {
    let mut world = World::started(Registrar::new());
    world.run(SECOND);
    assert_eq!(world.phase(), Phase::Registered);
    world.gap = Duration::ZERO;
    world.run(24 * HOUR);
    assert_eq!(world.gap, Duration::ZERO, "the binding never lapses");
    let requests = std::mem::take(&mut world.home().requests);
    // One challenge at first; each refresh goes through at once, with the nonce known and its count raised.
    assert!(
        (160..=185).contains(&requests.len()),
        "{} requests in a day",
        requests.len()
    );
    let numbers: Vec<u32> = requests
        .iter()
        .map(|(_, r)| r.headers.cseq().expect("a CSeq").number)
        .collect();
    assert!(numbers.windows(2).all(|w| w[1] == w[0] + 1), "CSeq rises by one");
    let first = requests[0].1.headers.call_id().expect("a Call-ID").to_owned();
    assert!(
        requests.iter().all(|(_, r)| r.headers.call_id() == Ok(&first)),
        "one Call-ID"
    );
    let contact = requests[0].1.headers.contacts().expect("a Contact").remove(0);
    assert_eq!(contact.uri.user, world.registration.token());
    assert_eq!(contact.uri.host_ip(), Some(at("198.51.100.1:0").ip()));
    let from = requests[0].1.headers.from().expect("a From");
    assert_eq!(
        (from.uri.to_string(), from.tag().is_some()),
        ("sip:100000@registrar.example.org".into(), true)
    );
}

#[test]
fn each_kind_of_challenge_is_answered() {
    for (algorithms, in_one_field, expected) in [
        (vec![], false, None),
        (vec!["MD5"], false, Some("MD5")),
        (vec!["SHA-256"], false, Some("SHA-256")),
        (vec!["MD5", "SHA-256"], false, Some("SHA-256")),
        (vec!["SHA-256", "MD5"], true, Some("SHA-256")),
        (vec!["SHA-512-256x", "MD5"], true, Some("MD5")),
    ] {
        let mut world = World::started(Registrar {
            algorithms: algorithms.clone(),
            in_one_field,
            ..Registrar::new()
        });
        world.run(HOUR);
        assert_eq!(world.phase(), Phase::Registered, "{algorithms:?}");
        assert!(world.is_bound());
        let seen = &world.home().algorithms_seen;
        assert!(
            seen.iter().all(|a| Some(a.as_str()) == expected),
            "{algorithms:?}: {seen:?}"
        );
        assert!(seen.len() > 5 || expected.is_none());
    }
}

#[test]
fn stale_nonces_cost_a_round_and_nothing_else() {
    for nonces in [Nonces::OnceThenStale, Nonces::OnceThenSilent] {
        let mut world = World::started(Registrar {
            nonces,
            ..Registrar::new()
        });
        world.run(SECOND);
        world.gap = Duration::ZERO;
        world.run(6 * HOUR);
        assert_eq!(world.gap, Duration::ZERO, "{nonces:?}");
        assert_eq!(
            world.registration.status(world.now).last_error,
            None,
            "{nonces:?}"
        );
        assert_eq!(
            world.phases.len(),
            2,
            "registering, registered, and so it stays: {:?}",
            world.phases
        );
    }
}

#[test]
fn a_registrar_that_calls_every_nonce_stale_is_not_hammered() {
    let mut world = World::started(Registrar {
        nonces: Nonces::AlwaysStale,
        ..Registrar::new()
    });
    world.run(HOUR);
    assert_eq!(world.phase(), Phase::Failed);
    assert!(
        world.home().requests.len() < 200,
        "{} requests in an hour",
        world.home().requests.len()
    );
    world.home().nonces = Nonces::Forever;
    world.run(10 * MINUTE);
    assert_eq!(world.phase(), Phase::Registered);
}

#[test]
fn interval_too_brief() {
    let mut world = World::started(Registrar {
        min_expires: Some(1_800),
        ..Registrar::new()
    });
    world.run(SECOND);
    assert_eq!(world.phase(), Phase::Registered);
    let status = world.registration.status(world.now);
    assert!((1_795..=1_800).contains(&status.expires_in_secs.expect("registered")));
    let asked = world.home().requests.len();
    world.run(2 * HOUR);
    // Later requests ask for the longer time at once.
    let later = &world.home().requests[asked..];
    assert!(!later.is_empty());
    assert!(later.iter().all(|(_, r)| r.headers.expires() == Ok(Some(1_800))));
}

#[test]
fn absurd_minimum_expiries_are_failures() {
    for least in ["1", "4294967295", "soon", ""] {
        let mut registrar = Registrar::new();
        registrar
            .script
            .push_back(Act::Answer(423, vec![("Min-Expires", least.into())]));
        let mut world = World::started(registrar);
        world.run(Duration::from_millis(500));
        assert_eq!(world.phase(), Phase::Failed, "{least}");
        world.run(10 * SECOND);
        assert_eq!(world.phase(), Phase::Registered, "{least}");
    }
}

#[test]
fn service_unavailable_waits_as_it_is_told() {
    let mut registrar = Registrar::new();
    registrar.script.push_back(Act::Answer(
        503,
        vec![("Retry-After", "120 (maintenance);duration=60".into())],
    ));
    registrar.script.push_back(Act::Answer(500, vec![]));
    let mut world = World::started(registrar);
    world.run(SECOND);
    assert_eq!(world.phase(), Phase::Failed);
    let status = world.registration.status(world.now);
    assert_eq!(status.last_error.as_deref(), Some("503 Service Unavailable"));
    assert!(
        (118..=132).contains(&status.next_attempt_in_secs.expect("it waits")),
        "{status:?}"
    );
    world.run(115 * SECOND);
    assert_eq!(world.home().requests.len(), 1);
    world.run(60 * SECOND);
    assert_eq!(world.phase(), Phase::Registered);
    assert_eq!(world.registration.status(world.now).last_error, None);
}

#[test]
fn retry_after_for_years_is_an_hour() {
    let mut registrar = Registrar::new();
    registrar
        .script
        .push_back(Act::Answer(503, vec![("Retry-After", "4000000000".into())]));
    let mut world = World::started(registrar);
    world.run(HOUR + 10 * MINUTE);
    assert_eq!(world.phase(), Phase::Registered);
}

#[test]
fn moved_registrars_are_followed() {
    let away = "192.0.2.20:5060";
    for status in [301, 302] {
        let mut registrar = Registrar::new();
        let contacts =
            "<sip:100000@second.example.org>;q=0.9, <sips:third.example.org>, <sip:fourth.example.org>;q=0.1";
        registrar
            .script
            .push_back(Act::Answer(status, vec![("Contact", contacts.into())]));
        let mut world = World::new(registrar);
        world.registrars.insert(at(away), Registrar::new());
        let target = Target {
            transport: Transport::Udp,
            address: at(away),
        };
        world.dns.insert("second.example.org".into(), Ok(vec![target]));
        world.input(Input::Start);
        world.run(HOUR);
        assert_eq!(world.phase(), Phase::Registered);
        assert_eq!(world.registration.registered_with(world.now), Some(at(away)));
        let requests = &world.registrars[&at(away)].requests;
        assert!(requests.len() > 5, "refreshes go there too");
        assert!(requests
            .iter()
            .all(|(_, r)| r.uri.to_string() == "sip:second.example.org"));
        assert!(requests
            .iter()
            .all(|(_, r)| r.headers.to().expect("a To").uri.host == "registrar.example.org"));
    }
}

#[test]
fn circles_and_dead_ends_are_left() {
    for contact in [
        "<sip:registrar.example.org>",
        "<sips:registrar.example.org>",
        "<tel:+15555550100>",
        "<sip:no.example.org>",
    ] {
        let mut registrar = Registrar::new();
        let redirect = Act::Answer(302, vec![("Contact", contact.into())]);
        registrar.script.extend(vec![redirect; 200]);
        let mut world = World::started(registrar);
        world.run(20 * MINUTE);
        assert_eq!(world.phase(), Phase::Failed, "{contact}");
        assert!(
            world.home().requests.len() < 100,
            "{contact}: {}",
            world.home().requests.len()
        );
        world.home().script.clear();
        world.run(10 * MINUTE);
        assert_eq!(world.phase(), Phase::Registered, "{contact}");
    }
}

#[test]
fn silence_for_a_minute_or_a_day() {
    for silence in [MINUTE, 24 * HOUR] {
        let mut world = World::started(Registrar::new());
        world.run(5 * MINUTE);
        assert_eq!(world.phase(), Phase::Registered);
        let from = world.now;
        world.home().silent_between = Some((from, from + silence));
        world.run(silence + 15 * MINUTE);
        assert_eq!(world.phase(), Phase::Registered, "after {silence:?}");
        assert!(world.is_bound());
        let tries = world
            .home()
            .requests
            .iter()
            .filter(|(at, _)| *at >= from && *at < from + silence)
            .count();
        assert!(tries < 400, "{tries} requests into the silence");
    }
}

#[test]
fn silence_from_the_start() {
    let mut world = World::new(Registrar::new());
    let start = world.now;
    world.home().silent_between = Some((start, start + MINUTE));
    world.input(Input::Start);
    world.run(30 * SECOND);
    assert_eq!(world.phase(), Phase::Registering);
    world.run(3 * MINUTE);
    assert_eq!(world.phase(), Phase::Registered);
}

#[test]
fn a_wrong_password_is_tried_once_in_5_to_60_minutes() {
    for script in [None, Some(403)] {
        let mut registrar = Registrar {
            password: "another",
            ..Registrar::new()
        };
        if let Some(status) = script {
            registrar.script.extend(vec![Act::Answer(status, vec![]); 1_000]);
        }
        let mut world = World::started(registrar);
        world.run(24 * HOUR);
        assert_eq!(world.phase(), Phase::Rejected);
        let times: Vec<Instant> = world.home().requests.iter().map(|(at, _)| *at).collect();
        // The requests of one attempt stand close together.
        let starts: Vec<Instant> = times
            .iter()
            .enumerate()
            .filter(|(i, t)| *i == 0 || t.since(times[i - 1]) > MINUTE)
            .map(|(_, t)| *t)
            .collect();
        assert!(
            (20..=40).contains(&starts.len()),
            "{} attempts in a day",
            starts.len()
        );
        for pair in starts.windows(2) {
            let wait = pair[1].since(pair[0]);
            assert!(wait >= 5 * MINUTE && wait <= HOUR + SECOND, "{wait:?}");
        }
        assert!(times.len() <= 2 * starts.len(), "a challenge and one answer each");
        // Where the password is put right at the registrar, it comes back by itself.
        world.home().password = PASSWORD;
        world.home().script.clear();
        world.run(HOUR + MINUTE);
        assert_eq!(world.phase(), Phase::Registered);
    }
}

#[test]
fn a_missing_password_is_told_as_such() {
    let mut world = World::with_password(Registrar::new(), None);
    world.input(Input::Start);
    world.run(MINUTE);
    assert_eq!(world.phase(), Phase::Rejected);
    let error = world.registration.status(world.now).last_error.expect("told");
    assert_eq!(error, "the registrar asks for a password and the trunk has none");
}

#[test]
fn a_restarted_registrar_does_not_look_like_a_wrong_password() {
    // The answer to our credentials is lost with the registrar; the new one knows nothing of the old nonce.
    let mut registrar = Registrar::new();
    let challenge = registrar.challenge(false);
    registrar.script.extend([challenge, Act::Silent]);
    registrar.nonce = 7;
    let mut world = World::started(registrar);
    world.run(2 * MINUTE);
    assert_eq!(world.phase(), Phase::Registered);
    assert!(
        world.phases.iter().all(|(_, phase)| *phase != Phase::Rejected),
        "{:?}",
        world.phases
    );
}

#[test]
fn other_refusals_back_off() {
    for status in [400, 404, 405, 480, 486, 501, 504, 600, 606, 699] {
        let mut registrar = Registrar::new();
        registrar.script.extend(vec![Act::Answer(status, vec![]); 10_000]);
        let mut world = World::started(registrar);
        world.run(24 * HOUR);
        assert_eq!(world.phase(), Phase::Failed, "{status}");
        let count = world.home().requests.len();
        assert!((280..700).contains(&count), "{status}: {count} requests in a day");
        world.home().script.clear();
        world.run(6 * MINUTE);
        assert_eq!(world.phase(), Phase::Registered, "{status}");
    }
}

#[test]
fn dns_that_fails_or_knows_nothing_is_asked_again() {
    for answer in [Err("DNS does not answer".to_owned()), Ok(Vec::new())] {
        let mut world = World::new(Registrar::new());
        let good = world
            .dns
            .insert("registrar.example.org".into(), answer)
            .expect("was there");
        world.input(Input::Start);
        world.run(10 * MINUTE);
        assert_eq!(world.phase(), Phase::Failed);
        world.dns.insert("registrar.example.org".into(), good);
        world.run(6 * MINUTE);
        assert_eq!(world.phase(), Phase::Registered);
    }
}

#[test]
fn an_answer_from_dns_that_never_comes_is_not_waited_for() {
    let mut world = World::started(Registrar::new());
    world.arrivals.clear();
    world.run(5 * MINUTE);
    assert_eq!(world.phase(), Phase::Registered);
}

#[test]
fn the_next_address_is_tried() {
    for act in [Act::Silent, Act::Unreachable, Act::Answer(503, vec![])] {
        let dead = "192.0.2.66:5060";
        let mut world = World::new(Registrar::new());
        let mut broken = Registrar::new();
        broken.script.extend(vec![act; 1_000]);
        world.registrars.insert(at(dead), broken);
        let both = [dead, HOME].map(|a| Target {
            transport: Transport::Udp,
            address: at(a),
        });
        world
            .dns
            .insert("registrar.example.org".into(), Ok(both.to_vec()));
        world.input(Input::Start);
        world.run(33 * SECOND);
        assert_eq!(world.phase(), Phase::Registered);
        world.run(HOUR);
        assert_eq!(
            world.registrars[&at(dead)].requests.len(),
            1,
            "the one that works is kept"
        );
    }
}

#[test]
fn a_broken_connection_registers_again_at_once() {
    let mut world = World::started(Registrar::new());
    world.run(MINUTE);
    let before = world.home().requests.len();
    world.input(Input::FlowFailed);
    world.run(SECOND);
    assert_eq!(world.home().requests.len(), before + 1);
    assert_eq!(world.phase(), Phase::Registered);
}

#[test]
fn the_way_back_is_kept_open() {
    let mut world = World::started(Registrar::new());
    world.run(HOUR);
    let gaps: Vec<Duration> = world.keep_alives.windows(2).map(|w| w[1].since(w[0])).collect();
    assert!(gaps.len() > 110, "{}", gaps.len());
    assert!(gaps.iter().all(|gap| *gap >= 24 * SECOND && *gap < 60 * SECOND));
}

#[test]
fn short_grants_are_refreshed_in_time() {
    for granted in [1, 5, 30, 60, 90, 120] {
        let mut world = World::started(Registrar {
            max_expires: granted,
            ..Registrar::new()
        });
        world.run(SECOND);
        world.gap = Duration::ZERO;
        world.run(10 * MINUTE);
        // With a second granted, and a second the shortest wait, the way there and back is a gap each time.
        assert!(
            granted == 1 || world.gap == Duration::ZERO,
            "{granted}: {:?}",
            world.gap
        );
        let count = world.home().requests.len();
        assert!(
            count <= 602 && count >= 500 / granted as usize,
            "{granted}: {count}"
        );
    }
}

#[test]
fn a_grant_of_nothing_is_a_failure() {
    let mut world = World::new(Registrar::new());
    let contact = format!("<sip:{}@198.51.100.1:5060>;expires=0", world.registration.token());
    world
        .home()
        .script
        .extend(vec![Act::Answer(200, vec![("Contact", contact)]); 1_000]);
    world.input(Input::Start);
    world.run(MINUTE);
    assert_eq!(world.phase(), Phase::Failed);
    assert_eq!(world.registration.registered_with(world.now), None);
}

#[test]
fn shutdown_removes_the_binding() {
    for nonces in [Nonces::Forever, Nonces::OnceThenStale, Nonces::OnceThenSilent] {
        let mut world = World::started(Registrar {
            nonces,
            ..Registrar::new()
        });
        world.run(MINUTE);
        assert!(world.is_bound());
        world.input(Input::Shutdown);
        assert_eq!(world.phase(), Phase::Unregistering);
        world.run(SECOND);
        assert!(world.registration.is_ended());
        assert!(!world.is_bound());
        assert_eq!(world.home().bindings.len(), 1, "the other phone's binding stays");
        world.input(Input::Start);
        world.input(Input::Shutdown);
        assert!(world.registration.is_ended(), "over is over");
    }
}

#[test]
fn shutdown_is_bounded_in_time() {
    let mut world = World::started(Registrar::new());
    world.run(MINUTE);
    let from = world.now;
    world.home().silent_between = Some((from, from + HOUR));
    world.input(Input::Shutdown);
    world.run(5 * SECOND);
    assert!(world.registration.is_ended());
    assert_eq!(world.registration.poll_timeout(), None);
}

#[test]
fn shutdown_in_the_middle_of_registering() {
    // Between the request and its 200: the binding that it made is removed.
    let mut world = World::started(Registrar::new());
    world.run(Duration::from_millis(70));
    assert_eq!(
        world.home().requests.len(),
        2,
        "the one with credentials is on its way"
    );
    world.input(Input::Shutdown);
    world.run(SECOND);
    assert!(world.registration.is_ended());
    assert!(!world.is_bound());
    // Before anything was sent, and while it waits: there is nothing to remove.
    for time in [Duration::ZERO, Duration::from_millis(10)] {
        let mut world = World::started(Registrar::new());
        world.run(time);
        world.input(Input::Shutdown);
        assert!(world.registration.is_ended());
    }
    let mut idle = World::new(Registrar::new());
    idle.input(Input::Shutdown);
    assert!(idle.registration.is_ended());
}

#[test]
fn late_responses_change_nothing() {
    let mut world = World::started(Registrar::new());
    world.run(MINUTE);
    let (_, old) = world.home().requests[0].clone();
    let next = world.registration.poll_timeout();
    world.input(Input::Response(Box::new(old.response(403))));
    world.input(Input::RequestTimeout);
    world.input(Input::Resolved(Err("late".into())));
    world.input(Input::Timeout);
    assert_eq!(world.phase(), Phase::Registered);
    assert_eq!(world.registration.poll_timeout(), next);
    // An answer to the request before the last is none to the last.
    world.input(Input::FlowFailed);
    world.input(Input::Response(Box::new(old.response(403))));
    world.run(SECOND);
    assert_eq!(world.phase(), Phase::Registered);
}

#[test]
fn the_state_reads_well() {
    let mut world = World::started(Registrar::new());
    world.run(SECOND);
    let status = world.registration.status(world.now);
    let json = serde_json::to_value(&status).expect("a status is plain data");
    assert_eq!(json["trunk"], "provider");
    assert_eq!(json["registrar"], "sip:registrar.example.org");
    assert_eq!(json["phase"], "registered");
    assert!(json["expires_in_secs"]
        .as_u64()
        .is_some_and(|s| (595..=600).contains(&s)));
    assert!(json["next_attempt_in_secs"]
        .as_u64()
        .is_some_and(|s| (470..=540).contains(&s)));
    assert!(json["last_error"].is_null());
}

fn any_act() -> impl Strategy<Value = Act> {
    let fields = prop_oneof![
        Just(vec![]),
        Just(vec![(
            "Contact",
            "<sip:registrar.example.org>;expires=1".to_owned()
        )]),
        Just(vec![("Contact", "<sip:elsewhere.example.org>".to_owned())]),
        Just(vec![("Contact", "*".to_owned()), ("Expires", "-3".to_owned())]),
        Just(vec![("Retry-After", "5".to_owned())]),
        Just(vec![("Min-Expires", "700".to_owned())]),
        Just(vec![(
            "WWW-Authenticate",
            "Digest realm=\"a\", nonce=\"b\"".to_owned()
        )]),
        Just(vec![(
            "Proxy-Authenticate",
            "Digest realm=\"a\", nonce=\"b\", qop=\"auth\", stale=true".to_owned()
        )]),
        Just(vec![("WWW-Authenticate", "Basic realm=\"a\"".to_owned())]),
        Just(vec![
            ("WWW-Authenticate", "\"".to_owned()),
            ("Contact", "<<>,;\"".to_owned())
        ]),
    ];
    let status = prop_oneof![
        Just(401u16),
        Just(407),
        Just(302),
        Just(423),
        Just(503),
        Just(200),
        100u16..700
    ];
    prop_oneof![
        8 => (status, fields).prop_map(|(status, fields)| Act::Answer(status, fields)),
        1 => Just(Act::Silent),
        1 => Just(Act::Unreachable),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever a registrar does for a while, once it behaves we are registered within the longest wait.
    #[test]
    fn it_always_comes_back(acts in proptest::collection::vec(any_act(), 0..30), minutes in 0u32..120) {
        let mut world = World::new(Registrar::new());
        world.home().script.extend(acts.into_iter().filter(|act| {
            // A provisional response is followed by a final one or a timeout; here nothing would follow.
            !matches!(act, Act::Answer(100..=199, _))
        }));
        world.input(Input::Start);
        world.run(minutes * MINUTE);
        world.home().script.clear();
        world.run(2 * HOUR + 10 * MINUTE);
        prop_assert_eq!(world.phase(), Phase::Registered);
        prop_assert!(world.is_bound() || world.registration.registered_with(world.now).is_some());
        world.input(Input::Shutdown);
        world.run(5 * SECOND);
        prop_assert!(world.registration.is_ended());
    }
}

/// A registrar on a real socket, and callers on others.
mod loopback {
    use super::*;
    use obelus::config::{Config, Trunk};
    use obelus::dialplan;
    use obelus::io::server::{Server, Start};
    use obelus::media::builtin_sounds::SOUNDS;
    use obelus::media::library::Library;
    use obelus::sip::message::Message;
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::net::UdpSocket;
    use std::sync::Arc;

    /// Longer than anything here takes; a test that fails says so instead of hanging.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

    /// Somebody who speaks SIP.
    struct Peer {
        socket: UdpSocket,
        /// Of the requests that were answered, by their transactions, with their answers.
        answered: RefCell<HashMap<String, Vec<u8>>>,
    }

    impl Peer {
        fn new() -> Self {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket
                .set_read_timeout(Some(PATIENCE))
                .expect("a bound on waiting");
            Peer {
                socket,
                answered: RefCell::default(),
            }
        }

        fn address(&self) -> SocketAddr {
            self.socket.local_addr().expect("an address")
        }

        fn receive(&self) -> (Message, SocketAddr) {
            let mut buffer = [0; 65_535];
            loop {
                let (len, from) = self.socket.recv_from(&mut buffer).expect("a message in time");
                if let Ok(message) = Message::parse(&buffer[..len]) {
                    return (message, from);
                }
            }
        }

        /// The next request; `respond` makes the response to it. What is sent again, since an answer took longer than
        /// half a second, gets the answer that it had.
        fn serve(&self, respond: impl Fn(&Request) -> Response) -> Request {
            loop {
                let (message, from) = self.receive();
                let Message::Request(request) = message else {
                    continue;
                };
                let transaction = request.headers.get("Via").expect("a Via").to_owned();
                let mut answered = self.answered.borrow_mut();
                let is_new = !answered.contains_key(&transaction);
                let response = answered
                    .entry(transaction)
                    .or_insert_with(|| respond(&request).to_bytes());
                self.socket.send_to(response, from).expect("sent");
                if is_new {
                    return request;
                }
            }
        }

        /// Sends a request and gives its responses up to the final one.
        fn request(
            &self,
            to: SocketAddr,
            method: &str,
            user: &str,
            to_tag: &str,
            body: &str,
        ) -> Vec<Response> {
            let here = self.address();
            let number = if method == "BYE" { 2 } else { 1 };
            let kind = if body.is_empty() {
                ""
            } else {
                "Content-Type: application/sdp\r\n"
            };
            let text = format!(
                "{method} sip:{user}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bK{user}{method}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:5555550111@example.org>;tag=x\r\nTo: <sip:5555550100@example.org>{to_tag}\r\n\
                 Call-ID: {user}\r\nCSeq: {number} {method}\r\nContact: <sip:caller@{here}>\r\n{kind}\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            self.socket.send_to(text.as_bytes(), to).expect("sent");
            let mut responses = Vec::new();
            loop {
                if method == "ACK" {
                    break;
                }
                if let (Message::Response(response), _) = self.receive() {
                    let is_final =
                        response.status >= 200 && response.headers.cseq().expect("a CSeq").number == number;
                    responses.push(response);
                    if is_final {
                        break;
                    }
                }
            }
            responses
        }
    }

    fn statuses(responses: &[Response]) -> Vec<u16> {
        responses.iter().map(|r| r.status).collect()
    }

    async fn server(registrar: SocketAddr, folder: &std::path::Path) -> Server {
        let mut config = Config::default();
        config.sip.listen = vec![(Transport::Udp, at("127.0.0.1:0"))];
        config.http.listen = at("127.0.0.1:0");
        config.media.ports = (42_000, 42_199);
        config.store.path = folder.join("store");
        config.trunks = vec![Trunk {
            registrar: Some(registrar.to_string()),
            username: Some(USER.into()),
            password: Some(Secret::new(PASSWORD.into())),
            ..Trunk::named("provider")
        }];
        let start = Start {
            config: Arc::new(config),
            dialplan: Arc::new(dialplan::built_in()),
            library: Arc::new(Library::new(Vec::new(), SOUNDS)),
            observer: Some(Box::new(drop)),
        };
        Server::start(start).await.expect("the switch starts")
    }

    #[test]
    fn a_running_switch_registers_and_takes_the_calls_of_that_registration() {
        let folder = tempfile::tempdir().expect("a folder");
        let registrar = Peer::new();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let server = runtime.block_on(server(registrar.address(), folder.path()));
        let sip = server.sip[0].1;

        registrar.serve(|request| {
            let mut response = request.response(401);
            let challenge = "Digest realm=\"example.org\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"";
            response.headers.push("WWW-Authenticate", challenge);
            response
        });
        let granted = |request: &Request| {
            let mut response = request.response(200);
            response
                .headers
                .push("Contact", request.headers.get("Contact").expect("a Contact"));
            response
        };
        let request = registrar.serve(granted);
        assert!(request
            .headers
            .get("Authorization")
            .is_some_and(|a| a.contains("algorithm=SHA-256")));
        let contact = request.headers.contacts().expect("a Contact").remove(0);
        assert_eq!(contact.uri.port, Some(sip.port()));

        // A call to what was registered, from an address that nobody named.
        let caller = Peer::new();
        let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 42500 RTP/AVP 0\r\n";
        let responses = caller.request(sip, "INVITE", &contact.uri.user, "", offer);
        assert_eq!(
            statuses(&responses).last(),
            Some(&200),
            "{:?}",
            statuses(&responses)
        );
        let to = responses.last().expect("a 200").headers.to().expect("a To");
        let tag = format!(";tag={}", to.tag().expect("our tag"));
        caller.request(sip, "ACK", &contact.uri.user, &tag, "");
        let responses = caller.request(sip, "BYE", &contact.uri.user, &tag, "");
        assert_eq!(statuses(&responses).last(), Some(&200));

        // The same caller, and the registrar's own socket too, to anybody else.
        for stranger in [&caller, &registrar] {
            assert_eq!(
                statuses(&stranger.request(sip, "INVITE", "5555550100", "", offer)),
                [403]
            );
        }

        let stopping = runtime.spawn(server.stop());
        let request = registrar.serve(granted);
        assert_eq!(
            request.headers.expires(),
            Ok(Some(0)),
            "the binding is taken back"
        );
        runtime.block_on(stopping).expect("it stops");
    }
}
