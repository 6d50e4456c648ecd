//! Who asks: what a signed request proves of its sender.
//!
//! The order is that of cost, and of what may be believed: first the signature's form and times, then the body's digest;
//! then the key is looked for where only the claimed domain can have put it; only a signature that verifies uses up a
//! nonce, so that nobody can use up another's.

use super::domain::Domain;
use super::nonces::{NonceError, Nonces};
use super::peers::{PeerError, Peers};
use super::signature::{self, Message, Presented, SignatureError};
use crate::federation::client::Now;
use crate::limits;
use crate::memo::store::marks::Marks;
use std::sync::{Mutex, PoisonError};
use thiserror::Error;

/// Why a signed request is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuthenticationError {
    /// The signature itself.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The nonce.
    #[error(transparent)]
    Nonce(#[from] NonceError),
    /// It does not say whose it is.
    #[error("a signed request must name its requesting_domain, a host and a port where it is not 443")]
    NoDomain,
    /// The domain's document cannot be had.
    #[error("the keys of {0}")]
    Keys(PeerError),
    /// The domain's document does not name the key.
    #[error("{domain} names no signature key {keyid}")]
    UnknownKey {
        /// Which.
        domain: Domain,
        /// Whose thumbprint.
        keyid: String,
    },
}

impl AuthenticationError {
    /// One word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            AuthenticationError::Signature(error) => error.code(),
            AuthenticationError::Nonce(NonceError::Full | NonceError::NotKept) => "busy",
            AuthenticationError::Nonce(_) => "replayed",
            AuthenticationError::NoDomain => "domain",
            AuthenticationError::Keys(_) => "keys",
            AuthenticationError::UnknownKey { .. } => "unknown-key",
        }
    }
}

/// The header fields of a request that may be signed, and what else is signed of it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The URLs that this server has for what was asked; the first is what its discovery document says.
    pub target_uris: &'a [String],
    /// `Signature-Input`, its lines joined by commas; none where there is none.
    pub signature_input: Option<&'a str>,
    /// `Signature`, likewise.
    pub signature: Option<&'a str>,
    /// `Content-Digest`, likewise.
    pub content_digest: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// The domain that signed the request; none where nobody did. `claimed` is what the request says of itself.
///
/// # Errors
/// Why its signature proves nothing.
pub async fn authenticate(
    request: Request<'_>,
    claimed: Option<&str>,
    peers: &Peers,
    nonces: &Mutex<Nonces>,
    marks: &Marks,
    now: Now,
) -> Result<Option<Domain>, AuthenticationError> {
    let Some(input) = request.signature_input else {
        return Ok(None);
    };
    let Some(presented) = Presented::read(input, request.signature.unwrap_or_default())? else {
        return Ok(None);
    };
    presented.check_time(now.wall_secs)?;
    let content_digest = request.content_digest.ok_or(SignatureError::NoDigest)?;
    signature::check_digest(content_digest, request.body)?;
    let domain: Domain = claimed
        .and_then(|domain| domain.parse().ok())
        .ok_or(AuthenticationError::NoDomain)?;
    // A key that the document does not name may be newer than our copy.
    let mut key = None;
    for age in [limits::DISCOVERY_AGE, limits::DISCOVERY_AGE_LEAST] {
        let peer = peers
            .get(&domain, age, now.instant)
            .await
            .map_err(AuthenticationError::Keys)?;
        key = peer.key(presented.keyid()).cloned();
        if key.is_some() {
            break;
        }
    }
    let Some(key) = key else {
        return Err(AuthenticationError::UnknownKey {
            domain,
            keyid: presented.keyid().to_owned(),
        });
    };
    let mut outcome = Err(SignatureError::Forged);
    for target_uri in request.target_uris {
        let message = Message {
            method: request.method,
            target_uri,
            content_digest,
        };
        outcome = presented.verify(&key, &message);
        if outcome.is_ok() {
            break;
        }
    }
    let verified = outcome?;
    let accepted = nonces.lock().unwrap_or_else(PoisonError::into_inner).accept(
        verified.keyid(),
        verified.nonce(),
        verified.created_secs(),
        verified.expires_secs(),
        now.wall_secs,
    )?;
    if let Some(mark) = accepted {
        let kept = marks.keep_aside(mark, verified.expires_secs(), now.wall_secs);
        if let Err(error) = kept.await {
            tracing::error!(%error, "a signed request could not be remembered on disk");
            return Err(NonceError::NotKept.into());
        }
    }
    Ok(Some(domain))
}
