//! What other domains say of themselves: their discovery documents, fetched when they are needed and kept for a while.
//!
//! One request at a time asks a domain, and those that need the same document wait for it. A domain that is slow or dead
//! holds up nobody else: the time is bounded, and a failure is remembered for a while. Domains that the configuration names,
//! domains that gave a document before, which anybody's may, and all others have places of their own, beyond which they are
//! told to come later: so those whom nobody vouches for cannot crowd out the others, whatever they answer.
//!
//! A document is good until its age is over, also where a newer one cannot be had.

use super::discovery::{self, DiscoveryError, Peer};
use super::domain::Domain;
use crate::limits;
use crate::time::{Duration, Instant};
use crate::web::{self, Reach, ReachError, ReadError, Room};
use reqwest::{StatusCode, Url};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;
use tokio::sync::Semaphore;

/// Why nothing is known of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeerError {
    /// It may not be asked: its address is no public one, or not by HTTPS.
    #[error("{domain} is not asked: {reason}")]
    Forbidden {
        /// Which.
        domain: Domain,
        /// Why.
        reason: ReachError,
    },
    /// It could not be reached.
    #[error("{domain} could not be reached: {reason}")]
    Unreachable {
        /// Which.
        domain: Domain,
        /// Why.
        reason: String,
    },
    /// It answers, but has no discovery document.
    #[error("{domain} does not federate: it answers {what} in the place of a discovery document")]
    NotFederated {
        /// Which.
        domain: Domain,
        /// What it answers.
        what: String,
    },
    /// It has a document that says nothing.
    #[error("{domain} does not federate: {reason}")]
    Document {
        /// Which.
        domain: Domain,
        /// What is wrong with it.
        reason: DiscoveryError,
    },
    /// Too many domains are being asked at once.
    #[error("too many domains are being asked at once; try again later")]
    Busy,
}

impl PeerError {
    /// Whether another attempt may go better by itself.
    pub fn is_passing(&self) -> bool {
        matches!(self, PeerError::Unreachable { .. } | PeerError::Busy)
    }
}

/// The documents.
pub struct Peers {
    client: reqwest::Client,
    reach: Arc<Reach>,
    room: Room,
    /// Domains that the configuration vouches for. They are never forgotten.
    trusted: HashMap<Domain, Arc<Slot>>,
    slots: Mutex<Slots>,
    /// Places for domains that are asked.
    places: Places,
}

/// Of each kind of domain, so many are asked at once.
struct Places {
    trusted: Semaphore,
    /// That gave a document before.
    acquaintances: Semaphore,
    strangers: Semaphore,
}

/// Bounded: when the young half is full it becomes the old half, and the old half, not asked for since, is forgotten.
#[derive(Default)]
struct Slots {
    young: HashMap<Domain, Arc<Slot>>,
    old: HashMap<Domain, Arc<Slot>>,
}

/// One domain.
#[derive(Default)]
struct Slot {
    /// Held by who asks, so that others wait for the answer. Who has a document in it gave one, however long ago.
    found: tokio::sync::Mutex<Found>,
}

/// What came of asking a domain.
#[derive(Default)]
struct Found {
    /// The last document, and since when it is known.
    document: Option<(Instant, Arc<Peer>)>,
    /// A failure since then.
    failure: Option<(Instant, PeerError)>,
}

impl Found {
    /// The document, where it is younger than that.
    fn document(&self, age: Duration, now: Instant) -> Option<Arc<Peer>> {
        let (at, peer) = self.document.as_ref()?;
        (now.since(*at) < age).then(|| peer.clone())
    }

    /// The document in the place of a newer one that cannot be had, or why not.
    fn instead(&self, error: PeerError, now: Instant) -> Result<Arc<Peer>, PeerError> {
        self.document(limits::DISCOVERY_AGE, now).ok_or(error)
    }
}

impl Peers {
    /// None known yet.
    ///
    /// # Errors
    /// Where this machine cannot speak TLS.
    pub fn new<'a>(reach: Arc<Reach>, trusted: impl IntoIterator<Item = &'a String>) -> Result<Self, String> {
        Ok(Peers {
            client: http_client(reach.clone())?,
            reach,
            room: Room::new(limits::DISCOVERY_BYTES * 3 * limits::DISCOVERIES),
            trusted: trusted
                .into_iter()
                .filter_map(|name| Some((name.parse().ok()?, Arc::default())))
                .collect(),
            slots: Mutex::default(),
            places: Places {
                trusted: Semaphore::new(limits::DISCOVERIES),
                acquaintances: Semaphore::new(limits::DISCOVERIES),
                strangers: Semaphore::new(limits::DISCOVERIES),
            },
        })
    }

    /// Which hosts may be asked.
    pub fn reach(&self) -> &Arc<Reach> {
        &self.reach
    }

    /// What a domain says of itself, as of `age` ago at the earliest; where that cannot be had, what it said within
    /// [`limits::DISCOVERY_AGE`].
    ///
    /// # Errors
    /// Why nothing is known.
    pub async fn get(&self, domain: &Domain, age: Duration, now: Instant) -> Result<Arc<Peer>, PeerError> {
        let slot = self.slot(domain);
        let mut found = slot.found.lock().await;
        if let Some(peer) = found.document(age, now) {
            return Ok(peer);
        }
        if let Some((at, error)) = &found.failure {
            if now.since(*at) < limits::DISCOVERY_FAILURE_AGE {
                return found.instead(error.clone(), now);
            }
        }
        let places = if self.trusted.contains_key(domain) {
            &self.places.trusted
        } else if found.document.is_some() {
            &self.places.acquaintances
        } else {
            &self.places.strangers
        };
        let Ok(_place) = places.try_acquire() else {
            return found.instead(PeerError::Busy, now);
        };
        match self.ask(domain).await {
            Ok(peer) => {
                let peer = Arc::new(peer);
                *found = Found {
                    document: Some((now, peer.clone())),
                    failure: None,
                };
                Ok(peer)
            }
            Err(error) => {
                // Our own shortage says nothing of the domain.
                if error != PeerError::Busy {
                    found.failure = Some((now, error.clone()));
                }
                found.instead(error, now)
            }
        }
    }

    fn slot(&self, domain: &Domain) -> Arc<Slot> {
        if let Some(slot) = self.trusted.get(domain) {
            return slot.clone();
        }
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.young.get(domain) {
            return slot.clone();
        }
        let slot = slots.old.remove(domain).unwrap_or_default();
        if slots.young.len() >= limits::DISCOVERY_CACHE / 2 {
            slots.old = std::mem::take(&mut slots.young);
        }
        slots.young.insert(domain.clone(), slot.clone());
        slot
    }

    async fn ask(&self, domain: &Domain) -> Result<Peer, PeerError> {
        let port = Url::parse(&discovery::url(domain, true))
            .ok()
            .and_then(|url| url.port_or_known_default());
        let is_named = self.reach.names(domain.host(), port);
        ask_at(
            &self.client,
            &self.reach,
            &self.room,
            domain,
            &discovery::url(domain, is_named),
        )
        .await
    }
}

/// Fetches a domain's document from there.
pub(super) async fn ask_at(
    client: &reqwest::Client,
    reach: &Reach,
    room: &Room,
    domain: &Domain,
    url: &str,
) -> Result<Peer, PeerError> {
    let unreachable = |reason: String| PeerError::Unreachable {
        domain: domain.clone(),
        reason,
    };
    let not_federated = |what: String| PeerError::NotFederated {
        domain: domain.clone(),
        what,
    };
    let url = Url::parse(url).map_err(|error| unreachable(error.to_string()))?;
    reach.permit(&url).map_err(|reason| PeerError::Forbidden {
        domain: domain.clone(),
        reason,
    })?;
    let request = client.get(url).header("accept", "application/json");
    let response = request
        .send()
        .await
        .map_err(|error| unreachable(web::reason(&error.without_url())))?;
    if response.status() != StatusCode::OK {
        return Err(not_federated(response.status().to_string()));
    }
    let read = room.read(response, limits::DISCOVERY_BYTES).await;
    let (body, _room) = read.map_err(|error| match error {
        ReadError::Busy => PeerError::Busy,
        ReadError::Broken(reason) => unreachable(reason),
        ReadError::TooLarge(_) => not_federated(error.to_string()),
    })?;
    Peer::parse(&body).map_err(|reason| PeerError::Document {
        domain: domain.clone(),
        reason,
    })
}

/// The client that documents are asked for with.
pub(super) fn http_client(reach: Arc<Reach>) -> Result<reqwest::Client, String> {
    let client = web::client(reach)
        .redirect(web::within_host(limits::DISCOVERY_REDIRECTIONS))
        .connect_timeout(limits::FETCH_CONNECT_TIME)
        .timeout(limits::DISCOVERY_TIME)
        .build();
    client.map_err(|error| web::reason(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc;

    /// A domain on loopback that gives these answers, one a connection; then it is gone.
    fn domain(answers: Vec<&'static str>) -> Domain {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let domain = listener.local_addr().unwrap().to_string().parse().unwrap();
        let (ready, is_ready) = mpsc::channel();
        std::thread::spawn(move || {
            ready.send(()).unwrap();
            for answer in answers {
                let (mut connection, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                let _ = connection.read(&mut request);
                connection.write_all(answer.as_bytes()).unwrap();
            }
        });
        is_ready.recv().unwrap();
        domain
    }

    const DOCUMENT: &str =
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"endpoints\":{\"fetch\":\"https://x.example/f\"}}";
    const FAILURE: &str =
        "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

    fn peers(named: &[&Domain], trusted: &[&Domain]) -> Peers {
        let texts = |domains: &[&Domain]| domains.iter().map(ToString::to_string).collect::<Vec<_>>();
        Peers::new(Arc::new(Reach::with(&texts(named))), &texts(trusted)).unwrap()
    }

    #[tokio::test]
    async fn a_document_stays_good_until_its_age_is_over_though_a_newer_one_cannot_be_had() {
        let domain = domain(vec![DOCUMENT, FAILURE, FAILURE, DOCUMENT]);
        let peers = peers(&[&domain], &[]);
        let get = |age: Duration, secs: u64| peers.get(&domain, age, Instant::from_secs(secs));
        let (usual, least) = (limits::DISCOVERY_AGE, limits::DISCOVERY_AGE_LEAST);
        let first = get(usual, 0).await.unwrap();
        // Somebody shows a key that it does not name: a newer one is asked for, in vain.
        assert!(Arc::ptr_eq(&get(least, 20).await.unwrap(), &first));
        // Not asked again so soon, and good all the while.
        assert!(Arc::ptr_eq(&get(least, 21).await.unwrap(), &first));
        assert!(Arc::ptr_eq(&get(usual, 49).await.unwrap(), &first));
        assert!(Arc::ptr_eq(&get(usual, 599).await.unwrap(), &first));
        // Too old now, and another is not to be had.
        let failed = get(usual, 600).await;
        assert!(
            matches!(failed, Err(PeerError::NotFederated { .. })),
            "{failed:?}"
        );
        assert_eq!(get(usual, 629).await, failed);
        assert_eq!(get(usual, 630).await.unwrap(), first);
    }

    #[tokio::test]
    async fn who_gave_a_document_takes_no_place_of_a_trusted_domain() {
        let domains = [(); 3].map(|()| domain(vec![DOCUMENT, DOCUMENT]));
        let [trusted, acquaintance, stranger] = &domains;
        let peers = peers(&[trusted, acquaintance, stranger], &[trusted]);
        let get = |domain, secs| peers.get(domain, limits::DISCOVERY_AGE, Instant::from_secs(secs));
        get(acquaintance, 0).await.unwrap();
        let most = u32::try_from(limits::DISCOVERIES).unwrap();
        let held = peers.places.acquaintances.try_acquire_many(most).unwrap();
        let more = peers.places.strangers.try_acquire_many(most).unwrap();
        assert_eq!(get(acquaintance, 700).await, Err(PeerError::Busy));
        assert_eq!(get(stranger, 700).await, Err(PeerError::Busy));
        get(trusted, 700).await.unwrap();
        // Nor is it forgotten for others' sake.
        let slot = peers.slot(trusted);
        for number in 0..2 * limits::DISCOVERY_CACHE {
            peers.slot(&format!("d{number}.example").parse().unwrap());
        }
        assert!(Arc::ptr_eq(&peers.slot(trusted), &slot));
        drop((held, more));
        get(acquaintance, 700).await.unwrap();
        get(stranger, 700).await.unwrap();
    }
}
