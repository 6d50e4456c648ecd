//! A domain's own part in federation: its name, its key, what it knows of others.

use super::client::Client;
use super::domain::{BadDomain, Domain};
use super::identity::Identity;
use super::nonces::Nonces;
use super::peers::Peers;
use super::policy::Policy;
use crate::config;
use crate::memo::link::LinkBase;
use crate::memo::store::marks::Marks;
use crate::memo::store::receipts::Issuer;
use crate::memo::store::{Store, StoreError};
use crate::web::Reach;
use std::sync::{Arc, Mutex};
use thiserror::Error;

/// Why there is no federation.
#[derive(Debug, Error)]
pub enum NodeError {
    /// The signing key.
    #[error("the signing key: {0}")]
    Identity(#[from] StoreError),
    /// The name.
    #[error("the domain in the configuration is {0}")]
    Domain(#[from] BadDomain),
    /// This machine cannot speak TLS.
    #[error("HTTPS to other domains: {0}")]
    Tls(String),
}

/// Lets a store that no switch runs on sign receipts of what it deletes, as the switch whose links begin with `base` does:
/// with the key in the store, which is made where there is none.
///
/// # Errors
/// What is missing for it.
pub fn sign_receipts(store: &Store, base: &LinkBase) -> Result<(), NodeError> {
    let domain = Domain::of_base(base.as_str())?;
    store.set_issuer(issuer(&domain, Arc::new(Identity::load(store)?)));
    Ok(())
}

fn issuer(domain: &Domain, identity: Arc<Identity>) -> Issuer {
    Issuer {
        domain: domain.to_string(),
        sign: Arc::new(move |bytes| (identity.keyid().to_owned(), identity.sign(bytes))),
    }
}

/// All of it.
pub struct Node {
    /// How this domain is called, in links and by others.
    pub domain: Domain,
    /// Its signing key.
    pub identity: Arc<Identity>,
    /// Who is served.
    pub policy: Policy,
    /// What others say of themselves.
    pub peers: Arc<Peers>,
    /// Fetches from others.
    pub client: Client,
    /// Marks of requests that were accepted.
    pub nonces: Mutex<Nonces>,
    /// Those of them that a restart must not undo.
    pub marks: Marks,
}

impl Node {
    /// Lets the store sign receipts of what it deletes with this domain's key.
    pub fn sign_receipts(&self, store: &Store) {
        store.set_issuer(issuer(&self.domain, self.identity.clone()));
    }

    /// Of a server whose links begin with `base`, and which starts now, seconds since 1970.
    ///
    /// # Errors
    /// What is missing for it.
    pub fn new(
        store: &Store,
        base: &LinkBase,
        config: &config::Federation,
        now_secs: u64,
    ) -> Result<Self, NodeError> {
        let domain = Domain::of_base(base.as_str())?;
        let identity = Arc::new(Identity::load(store)?);
        let reach = Arc::new(Reach::with(&config.allow_private));
        let named = config
            .trusted_domains
            .iter()
            .chain(config.numbers.iter().map(|(_, domain)| domain));
        let peers = Arc::new(Peers::new(reach, named).map_err(NodeError::Tls)?);
        let client = Client::new(peers.clone(), identity.clone(), domain.clone()).map_err(NodeError::Tls)?;
        let marks = store.marks();
        Ok(Node {
            domain,
            identity,
            policy: Policy::new(config),
            peers,
            client,
            // In the second in which this server starts, another may have accepted what was signed in it.
            nonces: Mutex::new(Nonces::new(now_secs + 1).with_kept(marks.all()?)),
            marks,
        })
    }
}
