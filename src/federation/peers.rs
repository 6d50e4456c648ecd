//! What other domains say of themselves: their discovery documents, fetched when they are needed and kept for a while.
//!
//! One request at a time asks a domain, and those that need the same document wait for it. A domain that is slow or dead
//! holds up nobody else: the time is bounded, a failure is remembered for a while, and domains that nobody vouches for
//! have a share of the places of their own, beyond which they are told to come later.

use super::discovery::{self, DiscoveryError, Peer};
use super::domain::Domain;
use crate::limits;
use crate::time::{Duration, Instant};
use crate::web::{self, Reach, ReachError, ReadError, Room};
use reqwest::{StatusCode, Url};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Domains that the configuration vouches for.
    trusted: Vec<Domain>,
    slots: Mutex<Slots>,
    strangers: Semaphore,
    acquaintances: Semaphore,
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
    /// Held by who asks, so that others wait for the answer.
    found: tokio::sync::Mutex<Option<Found>>,
    /// Whether it ever gave a document.
    is_acquaintance: AtomicBool,
}

struct Found {
    at: Instant,
    outcome: Result<Arc<Peer>, PeerError>,
}

impl Peers {
    /// None known yet.
    ///
    /// # Errors
    /// Where this machine cannot speak TLS.
    pub fn new(reach: Arc<Reach>, trusted: &[String]) -> Result<Self, String> {
        Ok(Peers {
            client: http_client(reach.clone())?,
            reach,
            room: Room::new(limits::DISCOVERY_BYTES * 2 * limits::DISCOVERIES),
            trusted: trusted.iter().filter_map(|name| name.parse().ok()).collect(),
            slots: Mutex::default(),
            strangers: Semaphore::new(limits::DISCOVERIES),
            acquaintances: Semaphore::new(limits::DISCOVERIES),
        })
    }

    /// Which hosts may be asked.
    pub fn reach(&self) -> &Arc<Reach> {
        &self.reach
    }

    /// What a domain says of itself, as of `age` ago at the earliest.
    ///
    /// # Errors
    /// Why nothing is known.
    pub async fn get(&self, domain: &Domain, age: Duration, now: Instant) -> Result<Arc<Peer>, PeerError> {
        let slot = self.slot(domain);
        let mut found = slot.found.lock().await;
        if let Some(found) = &*found {
            let most = match &found.outcome {
                Ok(_) => age,
                Err(_) => limits::DISCOVERY_FAILURE_AGE,
            };
            if now.since(found.at) < most {
                return found.outcome.clone();
            }
        }
        let is_known = slot.is_acquaintance.load(Ordering::Relaxed) || self.trusted.contains(domain);
        let places = if is_known {
            &self.acquaintances
        } else {
            &self.strangers
        };
        let _place = places.try_acquire().map_err(|_| PeerError::Busy)?;
        let outcome = self.ask(domain).await.map(Arc::new);
        if outcome.is_ok() {
            slot.is_acquaintance.store(true, Ordering::Relaxed);
        }
        // Our own shortage says nothing of the domain.
        if outcome != Err(PeerError::Busy) {
            *found = Some(Found {
                at: now,
                outcome: outcome.clone(),
            });
        }
        outcome
    }

    fn slot(&self, domain: &Domain) -> Arc<Slot> {
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
