//! `POST /api/open`: a memo of another domain, fetched for a page of ours whose browser cannot ask that domain itself.
//!
//! The page sends the access token, and the answer is ciphertext, as `/voice/{id}/audio` gives it. A domain that speaks
//! 1.0 alone needs the key: that is said with 409 and `needs_key`, and where the person agrees the page sends the key,
//! which goes on to that domain and is kept no longer than the request.
//!
//! What came from elsewhere lies in memory until the page has taken it: so long it counts, among what one address, one
//! domain and all together may have there, and its bytes among those of all answers of other domains.

use super::answer;
use super::api::crowd::Crowd;
use super::audio::{self, MemoFields};
use super::body;
use super::client_address::Client;
use super::federation::SecretText;
use super::State;
use crate::federation::client::{ClientError, Fetched, Now, Secret};
use crate::federation::domain::Domain;
use crate::federation::peers::PeerError;
use crate::federation::server::{Asker, Proof};
use crate::limits;
use crate::memo::key::MemoKey;
use crate::memo::token::AccessToken;
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroize as _;

#[derive(Deserialize)]
struct Ask {
    domain: String,
    memo_id: String,
    access_token: Option<SecretText>,
    access_key: Option<SecretText>,
}

/// What the page shows.
enum Shown {
    Token(AccessToken),
    Key(MemoKey),
}

struct Wanted {
    domain: Domain,
    memo_id: String,
    shown: Shown,
}

pub(super) async fn post(
    FromState(state): FromState<State>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // A page of another site has no business here: it may ask that domain itself, or its own server.
    if headers
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
    {
        return answer::failure(
            StatusCode::FORBIDDEN,
            "this resource is for this server's own pages",
        );
    }
    if let Err(refused) = audio::admit(&state, client, "open") {
        return refused;
    }
    match read(body).await {
        Ok(wanted) => open(&state, client, wanted).await,
        Err(refused) => refused,
    }
}

async fn read(body: Body) -> Result<Wanted, Response> {
    let malformed = |what: &str| {
        answer::failure(
            StatusCode::BAD_REQUEST,
            &format!("the request is malformed: {what}"),
        )
    };
    let bytes = body::whole(body, limits::HTTP_BODY_BYTES).await?;
    let parsed: Result<Ask, _> = serde_json::from_slice(&bytes);
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.zeroize();
    }
    let ask = parsed
        .map_err(|_| malformed("domain, memo_id and access_token must be strings, in one JSON object"))?;
    let domain = Domain::of_base(&ask.domain).map_err(|error| malformed(&format!("domain is {error}")))?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let length = ask.memo_id.len();
    if !(1..=limits::PEER_MEMO_ID_CHARS).contains(&length) || !ask.memo_id.chars().all(is_plain) {
        return Err(malformed("memo_id is no memo's id"));
    }
    let shown = match (&ask.access_token, &ask.access_key) {
        (Some(token), None) => AccessToken::from_text(&token.0).map(Shown::Token),
        (None, Some(key)) => MemoKey::from_text(&key.0).map(Shown::Key),
        _ => return Err(malformed("either access_token or access_key is needed")),
    };
    Ok(Wanted {
        domain,
        memo_id: ask.memo_id,
        shown: shown.map_err(|_| malformed("what should be a token or a key is none"))?,
    })
}

async fn open(state: &State, client: Client, wanted: Wanted) -> Response {
    let node = &state.inner.federation;
    let own_name = state.inner.domain.parse::<Domain>();
    if wanted.domain == node.domain || own_name.as_ref() == Ok(&wanted.domain) {
        return open_own(state, client, &wanted).await;
    }
    let log = |outcome: &str| {
        let (address, domain, memo) = (client.address, &wanted.domain, &wanted.memo_id);
        tracing::info!(%address, %domain, memo, outcome, "open");
    };
    let relays = &state.inner.relays;
    let places = (
        relays.askers.wait(client.address, 1, state.inner.memo_wait).await,
        relays.room.clone().try_acquire_owned(),
        relays.domains.enter_as(wanted.domain.clone()),
    );
    let (Some(asker), Ok(permit), Some(domain)) = places else {
        let name = wanted.domain.as_str();
        state.log_refusal(client, "open", "refused: too many at once", Some(name));
        return answer::busy();
    };
    let secret = match &wanted.shown {
        Shown::Token(token) => Secret::Token(token),
        Shown::Key(key) => Secret::Key(key),
    };
    let fetched = node
        .client
        .fetch(&wanted.domain, &wanted.memo_id, secret, state.both_clocks())
        .await;
    match fetched {
        Ok(memo) => {
            log("fetched");
            let mut response = answer::large(memo.ciphertext.clone(), (permit, asker, domain));
            audio::describe(&mut response, &fields(&memo));
            response
        }
        Err(error) => {
            log(&error.to_string());
            failed(&error)
        }
    }
}

/// A memo of this domain, by a link that names it.
async fn open_own(state: &State, client: Client, wanted: &Wanted) -> Response {
    let proof = match &wanted.shown {
        Shown::Token(token) => Proof::Token(token.verifier()),
        Shown::Key(key) => Proof::Token(AccessToken::derive(key).verifier()),
    };
    let id = wanted.memo_id.parse().ok();
    match audio::fetch(state, client, id, proof, Asker::OwnPage).await {
        Ok(granted) => granted.respond(),
        Err(refused) => refused,
    }
}

fn fields(memo: &Arc<Fetched>) -> MemoFields {
    MemoFields {
        iv: memo.encryption_iv,
        audio_format: memo.audio_format.clone(),
        created_at: memo.created_at.clone(),
        encryption: memo.encryption.clone(),
        complete: memo.complete,
    }
}

fn failed(error: &ClientError) -> Response {
    let status = match error {
        ClientError::NeedsKey(_) => {
            let body = json!({"success": false, "error": error.to_string(), "needs_key": true});
            return answer::json(StatusCode::CONFLICT, body);
        }
        ClientError::Busy(_) | ClientError::Peer(PeerError::Busy) => return answer::busy(),
        ClientError::Unknown(_) => StatusCode::NOT_FOUND,
        ClientError::Expired => StatusCode::GONE,
        ClientError::Refused { .. } | ClientError::Peer(PeerError::Forbidden { .. }) => StatusCode::FORBIDDEN,
        ClientError::Peer(_) | ClientError::Strange { .. } => StatusCode::BAD_GATEWAY,
    };
    answer::failure(status, &error.to_string())
}

/// What is being fetched from other domains, or was and is on its way to who asked.
pub(super) struct Relays {
    room: Arc<Semaphore>,
    askers: Crowd,
    domains: Crowd<Domain>,
}

impl Default for Relays {
    fn default() -> Self {
        Relays {
            room: Arc::new(Semaphore::new(limits::RELAYS)),
            askers: Crowd::new(limits::RELAYS_PER_ADDRESS, limits::RELAYS),
            domains: Crowd::new(limits::RELAYS_PER_DOMAIN, limits::RELAYS),
        }
    }
}

impl State {
    /// What both clocks say.
    pub fn both_clocks(&self) -> Now {
        let since = self.wall().duration_since(std::time::UNIX_EPOCH);
        Now {
            instant: self.now(),
            wall_secs: since.unwrap_or_default().as_secs(),
        }
    }
}
