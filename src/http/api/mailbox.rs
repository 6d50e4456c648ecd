//! `/api/mailboxes/{mailbox}`: its public key, for who seals to it; and the change of that key.

use super::owner::{self, mailbox_of, presented};
use super::{bad_request, blocking, body};
use crate::http::client_address::Client;
use crate::http::path::Path;
use crate::http::{answer, State};
use crate::limits;
use crate::memo::owner::{Kem, OwnerPublicKey};
use crate::memo::record::Millis;
use crate::memo::store::mailboxes::OwnerKey;
use crate::memo::token::Verifier;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

/// `GET /api/mailboxes/{mailbox}`: told to anybody where the mailbox takes memos from browsers, else to its owner alone.
pub(super) async fn show(
    FromState(state): FromState<State>,
    client: Client,
    Path(mailbox): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    if let Err(wait) = state.limiter().request(client.address, state.now()) {
        return Err(answer::too_many(wait));
    }
    let (store, name) = (state.store().clone(), mailbox.clone());
    let (owner, known) = blocking(move || store.mailboxes().owner_or_decoy(&name)).await?;
    let given = presented(&headers);
    let is_owner =
        given.is_some_and(|given| owner.listing_token_hash.matches(&given.verifier) & given.is_one);
    let record = state.takes_memos(&mailbox);
    if !known || !(record || is_owner) {
        return Err(answer::failure(
            StatusCode::NOT_FOUND,
            "there is no such mailbox here",
        ));
    }
    let mut about = json!({
        "success": true,
        "mailbox": mailbox,
        "kem": owner.kem,
        "public_key": owner.public_key_text(),
        "record": record,
        "telephone": state.permits_telephone(&mailbox),
    });
    if is_owner {
        // Nobody else is to know whether there is something to guess.
        let store = state.store().clone();
        about["telephone_code"] = json!(blocking(move || store.telephone().has_mailbox(&mailbox)).await?);
    }
    Ok(answer::json(StatusCode::OK, about))
}

#[derive(Deserialize)]
struct NewKey {
    kem: Kem,
    public_key: String,
    listing_token_hash: Verifier,
}

/// `PUT /api/mailboxes/{mailbox}/key`: by the present owner, or once by who has a set-up link.
pub(super) async fn put_key(
    FromState(state): FromState<State>,
    client: Client,
    request: Request,
) -> Result<Response, Response> {
    let (mut parts, body) = request.into_parts();
    let mailbox = mailbox_of(&mut parts, &state).await?;
    let Some(token) = presented(&parts.headers) else {
        return Err(owner::missing());
    };
    let now = state.now();
    let allowed = {
        let mut limiter = state.limiter();
        let allowed = limiter.request(client.address, now);
        allowed.and_then(|()| limiter.may_prove(&mailbox, client.address, now))
    };
    allowed.map_err(answer::too_many)?;
    let key: NewKey = body::json(body, limits::HTTP_BODY_BYTES).await?;
    let public_key = OwnerPublicKey::from_text(key.kem, &key.public_key)
        .map_err(|_| bad_request("public_key is none of that kind"))?;
    let (store, wall, name) = (state.store().clone(), state.wall(), mailbox.clone());
    let owner = OwnerKey::new(&public_key, key.listing_token_hash, wall);
    let changed = blocking(move || {
        store.mailboxes().update(&name, |entry| {
            let by_owner = entry
                .owner
                .as_ref()
                .is_some_and(|owner| owner.listing_token_hash.matches(&token.verifier));
            let by_invite = entry.invite.as_ref().is_some_and(|invite| {
                invite.token_hash.matches(&token.verifier) & (invite.expires_at > Millis::from_time(wall))
            });
            if !(token.is_one & (by_owner | by_invite)) {
                return false;
            }
            entry.owner = Some(owner.clone());
            // Used up, or made for a mailbox that has changed hands since.
            entry.invite = None;
            // A telephone code opens the seed of the owner before.
            entry.telephone = None;
            true
        })
    });
    if !changed.await? {
        state.log_refusal(
            client,
            "owner",
            "refused: unknown mailbox or wrong key",
            Some(&mailbox),
        );
        state.limiter().wrong_owner(&mailbox, client.address, now);
        return Err(owner::wrong());
    }
    tracing::info!(%mailbox, kem = %key.kem, "a mailbox has a new key");
    Ok(answer::json(
        StatusCode::OK,
        json!({"success": true, "mailbox": mailbox, "kem": key.kem, "public_key": public_key.to_text()}),
    ))
}
