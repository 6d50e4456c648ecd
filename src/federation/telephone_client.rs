//! Asking another domain for a memo by its telephone code, in this domain's name: by signed requests, with the proof that
//! the code was keyed. The code itself, and what opens the memo, stay here; the other domain counts what was wrong.

use super::client::{self, Client, ClientError, Fetched, Now};
use super::domain::Domain;
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::telephone::code::{Locator, Proof};
use crate::memo::telephone::lock::{Parameters, Wrapped};
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

/// A memo that another domain gave for a proof.
#[derive(Debug)]
pub struct Unlocked {
    /// Its name.
    pub id: MemoId,
    /// Its key, wrapped.
    pub wrapped: Wrapped,
    /// Its ciphertext, and what is said of it.
    pub memo: Fetched,
}

/// What is said of the lock beside the memo.
#[derive(Deserialize)]
struct LockPart {
    memo_id: String,
    iv: String,
    ct: String,
}

impl Client {
    /// How the code of a locator becomes a key. Parameters beyond the bounds are refused.
    ///
    /// # Errors
    /// Why nothing was told.
    pub async fn telephone_parameters(
        &self,
        domain: &Domain,
        locator: Locator,
        now: Now,
    ) -> Result<Parameters, ClientError> {
        let locator = locator.to_string();
        let (body, _room) = self.ask_telephone(domain, &[("locator", &locator)], now).await?;
        serde_json::from_slice(&body)
            .map_err(|_| strange(domain, "parameters that are none, or that are too costly"))
    }

    /// The memo of a locator, for the proof. [`ClientError::Unknown`] says that the code is wrong, or that there is nothing
    /// that it could open.
    ///
    /// # Errors
    /// Why not.
    pub async fn telephone_memo(
        &self,
        domain: &Domain,
        locator: Locator,
        proof: &Proof,
        now: Now,
    ) -> Result<Unlocked, ClientError> {
        let (locator, proof) = (locator.to_string(), proof.to_text());
        let fields = [("locator", locator.as_str()), ("proof", proof.as_str())];
        let (body, held) = self.ask_telephone(domain, &fields, now).await?;
        let name = domain.clone();
        client::off_thread(domain, move || unlocked(&name, &body, held)).await
    }

    async fn ask_telephone(
        &self,
        domain: &Domain,
        fields: &[(&str, &str)],
        now: Now,
    ) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), ClientError> {
        let url = self.telephone_url(domain, now).await?;
        let own = [("requesting_domain", self.own.as_str())];
        let body = client::json_body(&[fields, &own].concat());
        let response = self.post_signed(domain, url, body, now).await?;
        client::read_body(&self.room, domain, response).await
    }

    async fn telephone_url(&self, domain: &Domain, now: Now) -> Result<Url, ClientError> {
        let peer = self.peers.get(domain, limits::DISCOVERY_AGE, now.instant).await?;
        let url = peer
            .v1_1
            .as_ref()
            .and_then(|extension| extension.telephone.as_deref());
        let url = url.ok_or_else(|| ClientError::Refused {
            domain: domain.clone(),
            reason: "it opens no memos by telephone codes".to_owned(),
        })?;
        client::endpoint(domain, url, self.peers.reach())
    }
}

fn unlocked(
    domain: &Domain,
    body: &[u8],
    held: Option<OwnedSemaphorePermit>,
) -> Result<Unlocked, ClientError> {
    let memo = client::fetched(domain, body, held)?;
    let lock: LockPart =
        serde_json::from_slice(body).map_err(|_| strange(domain, "a memo without its key"))?;
    Ok(Unlocked {
        id: lock
            .memo_id
            .parse()
            .map_err(|_| strange(domain, "a memo without a name"))?,
        wrapped: Wrapped::from_text(&lock.iv, &lock.ct)
            .map_err(|_| strange(domain, "a wrapped key that is none"))?,
        memo,
    })
}

fn strange(domain: &Domain, what: &str) -> ClientError {
    ClientError::Strange {
        domain: domain.clone(),
        what: what.to_owned(),
    }
}
