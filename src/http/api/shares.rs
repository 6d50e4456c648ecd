//! `/api/mailboxes/{mailbox}/memos/{id}/shares`: copies of a memo under keys of their own, which the owner gives out and
//! takes back one by one. Revoking a share is deleting it.

use super::entry::{self, entry};
use super::owner::Owner;
use super::upload::{self, Sender};
use super::{blocking, memos};
use crate::http::client_address::Client;
use crate::http::path::Path;
use crate::http::{answer, State};
use crate::limits;
use crate::memo::record::{Facts, Source};
use crate::memo::store::NewMemo;
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{json, Value};

/// `GET …/shares`
pub(super) async fn list(
    FromState(state): FromState<State>,
    owner: Owner,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Response> {
    let original = memos::own(&state, &owner, &id).await?;
    let store = state.store().clone();
    let shares = blocking(move || store.shares(&original.id)).await?;
    let shares: Vec<Value> = shares.iter().map(|share| entry(share, 0)).collect();
    Ok(answer::json(
        StatusCode::OK,
        json!({"success": true, "shares": shares}),
    ))
}

/// `POST …/shares`
pub(super) async fn make(
    FromState(state): FromState<State>,
    owner: Owner,
    client: Client,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let original = memos::own(&state, &owner, &id).await?;
    if original.metadata.share_of.is_some() {
        return Err(answer::failure(StatusCode::CONFLICT, "a share has no shares"));
    }
    if state.store().share_count(&original.id) >= limits::SHARES {
        return Err(answer::failure(
            StatusCode::CONFLICT,
            "this memo has too many shares",
        ));
    }
    let upload = upload::read(&state, client, Sender::Owner, &headers, body).await?;
    let Some(envelope) = upload.envelope else {
        return Err(super::bad_request("sealed_envelope is missing"));
    };
    let facts = Facts {
        mailbox: Some(owner.mailbox),
        source: Source::Share,
        expires_at: upload.expires_at,
        max_accesses: upload.max_accesses,
        share_of: Some(original.id),
        envelope: Some(envelope),
        ..Facts::at(state.inner.domain.clone(), state.wall())
    };
    let record = upload::store(
        &state,
        NewMemo {
            sealed: upload.sealed,
            facts,
        },
        upload.held,
    )
    .await?;
    // The original may have been deleted meanwhile, and its shares with it.
    if !state.store().contains(&original.id) {
        let (store, now) = (state.store().clone(), state.wall());
        blocking(move || store.delete(&record.id, crate::memo::store::receipts::Reason::Owner, now)).await?;
        return Err(super::no_such_memo());
    }
    Ok(answer::json(StatusCode::CREATED, entry::answer(&record, 0)))
}
