//! `GET /api/receipts/{id}`: that a memo was deleted, signed. For the owner of the mailbox that it was in, and for the
//! operator.

use super::blocking;
use super::owner::{missing, presented};
use crate::http::client_address::Client;
use crate::http::headers::bearer;
use crate::http::path::Path;
use crate::http::{answer, operator, State};
use crate::memo::key::MemoId;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

pub(super) async fn show(
    FromState(state): FromState<State>,
    client: Client,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let Some(token) = presented(&headers) else {
        return Err(missing());
    };
    // An owner's token is of another shape than a text that somebody chose: who shows one guesses at nothing.
    let is_operator = match token.is_one {
        true => bearer(&headers).is_some_and(|given| state.is_admin(given)),
        false => match operator::prove(&state, client, &headers) {
            Ok(()) => true,
            Err(refused) if refused.status() == StatusCode::UNAUTHORIZED => false,
            Err(refused) => return Err(refused),
        },
    };
    if !is_operator {
        if let Err(wait) = state.limiter().request(client.address, state.now()) {
            return Err(answer::too_many(wait));
        }
    }
    let store = state.store().clone();
    let found = blocking(move || {
        let receipt = match id.parse::<MemoId>() {
            Ok(id) => store.receipt(&id)?,
            Err(_) => None,
        };
        let mailbox = receipt.as_ref().and_then(|receipt| receipt.mailbox());
        let (owner, known) = store
            .mailboxes()
            .owner_or_decoy(mailbox.as_deref().unwrap_or_default())?;
        let is_owner = owner.listing_token_hash.matches(&token.verifier) & known & token.is_one;
        Ok(receipt.filter(|_| is_owner || is_operator))
    });
    match found.await? {
        Some(receipt) => Ok(answer::json(StatusCode::OK, json!(receipt))),
        None => Err(answer::failure(
            StatusCode::NOT_FOUND,
            "there is no such receipt, or it is another mailbox's",
        )),
    }
}
