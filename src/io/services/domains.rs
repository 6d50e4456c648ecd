//! The way to memos of other domains by telephone codes, through this domain's part in federation.

use super::memos::{Domains, RemoteMemo};
use crate::dialplan::memos::Refusal;
use crate::federation::client::ClientError;
use crate::federation::domain::Domain;
use crate::federation::peers::PeerError;
use crate::http;
use crate::memo::record::Encryption;
use crate::memo::telephone::code::{Locator, Proof};
use crate::memo::telephone::lock::Parameters;
use async_trait::async_trait;

/// Other domains, asked in the name of this one, with the key and the clocks of its pages.
pub struct Federated(http::State);

impl Federated {
    /// In the name of that server.
    pub fn new(state: http::State) -> Self {
        Federated(state)
    }
}

#[async_trait]
impl Domains for Federated {
    async fn parameters(&self, domain: &str, locator: Locator) -> Result<Parameters, Refusal> {
        let (domain, now) = (parse(domain)?, self.0.both_clocks());
        let client = &self.0.federation().client;
        let asked = client.telephone_parameters(&domain, locator, now).await;
        asked.map_err(refusal)
    }

    async fn open(&self, domain: &str, locator: Locator, proof: &Proof) -> Result<RemoteMemo, Refusal> {
        let (domain, now) = (parse(domain)?, self.0.both_clocks());
        let client = &self.0.federation().client;
        let unlocked = client.telephone_memo(&domain, locator, proof, now).await;
        let unlocked = unlocked.map_err(refusal)?;
        let memo = unlocked.memo;
        let encryptions = [Encryption::Whole, Encryption::Stream];
        let encryption = encryptions
            .into_iter()
            .find(|known| known.name() == memo.encryption);
        Ok(RemoteMemo {
            id: unlocked.id,
            wrapped: unlocked.wrapped,
            ciphertext: memo.ciphertext.into(),
            iv: memo.encryption_iv,
            encryption: encryption.ok_or_else(|| Refusal::Unplayable("its encryption is unknown".into()))?,
            audio_format: memo.audio_format,
        })
    }
}

fn parse(domain: &str) -> Result<Domain, Refusal> {
    domain
        .parse()
        .map_err(|error| Refusal::Failed(format!("{domain} in [federation] numbers is {error}")))
}

/// What the caller is told, and the log.
fn refusal(error: ClientError) -> Refusal {
    match error {
        ClientError::Unknown(_) => Refusal::Wrong,
        ClientError::Expired => Refusal::Expired,
        ClientError::Busy(_) | ClientError::Peer(PeerError::Busy) => Refusal::TooOften,
        other => Refusal::Failed(other.to_string()),
    }
}
