//! `POST /api/memos`: a memo that somebody leaves without a telephone, encrypted in their browser: for a mailbox, sealed
//! to its owner there, or for a link that they give to whom they like. Where the operator permits it.

use super::bad_request;
use super::upload::{self, Sender};
use crate::http::client_address::Client;
use crate::http::{answer, State};
use crate::limits;
use crate::memo::record::{Facts, Millis, Source};
use crate::memo::store::NewMemo;
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

pub(super) async fn leave(
    FromState(state): FromState<State>,
    client: Client,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    if !state.inner.record {
        return Err(answer::failure(
            StatusCode::FORBIDDEN,
            "this server takes no memos from browsers",
        ));
    }
    if let Err(wait) = state.limiter().upload(client.address, state.now()) {
        return Err(answer::too_many(wait));
    }
    let upload = upload::read(&state, client, Sender::Stranger, &headers, body).await?;
    // Counted when it is known, and before it is stored.
    if let Err(wait) = state
        .limiter()
        .uploaded(client.address, upload.size_bytes, state.now())
    {
        return Err(answer::too_many(wait));
    }
    let now = state.wall();
    let expires_at = match &upload.mailbox {
        Some(mailbox) => {
            let Some(envelope) = &upload.envelope else {
                return Err(bad_request("sealed_envelope is missing"));
            };
            let takes = state.takes_memos(mailbox);
            let (store, name) = (state.store().clone(), mailbox.clone());
            let owner = super::blocking(move || store.mailboxes().owner(&name)).await?;
            let Some(owner) = owner.filter(|_| takes) else {
                return Err(answer::failure(
                    StatusCode::NOT_FOUND,
                    "there is no such mailbox here, or it takes no memos from browsers",
                ));
            };
            // The owner could never open it. What the envelope holds, nobody here can tell.
            if envelope.kem != owner.kem {
                return Err(answer::failure(
                    StatusCode::CONFLICT,
                    "sealed_envelope is for a key of another kind than the mailbox's: ask for its key again",
                ));
            }
            upload.expires_at
        }
        None => {
            // Nobody but the sender knows of it, and nobody can be asked whether it may go.
            let latest = now + state.inner.record_time;
            Some(
                upload
                    .expires_at
                    .map_or(latest, |expires_at| expires_at.min(latest)),
            )
        }
    };
    if state.store().web_bytes() + upload.size_bytes > limits::WEB_MEMOS_BYTES {
        tracing::warn!("no room for memos from browsers: they take as much as they may");
        return Err(answer::failure(
            StatusCode::INSUFFICIENT_STORAGE,
            "this server has no room for more memos from browsers",
        ));
    }
    let facts = Facts {
        mailbox: upload.mailbox,
        source: Source::Web,
        expires_at,
        max_accesses: upload.max_accesses,
        envelope: upload.envelope,
        ..Facts::at(state.inner.domain.clone(), now)
    };
    let memo = NewMemo {
        sealed: upload.sealed,
        facts,
    };
    let record = upload::store(&state, memo, upload.held).await?;
    tracing::info!(
        address = %client.address,
        memo = %record.id,
        mailbox = record.user_id.as_deref().unwrap_or("-"),
        bytes = record.file_size_bytes,
        "memo left in a browser"
    );
    if let (Some(tell), Some(_)) = (&state.inner.on_web_memo, &record.user_id) {
        tell(&record);
    }
    Ok(answer::json(
        StatusCode::CREATED,
        json!({
            "success": true,
            "id": record.id,
            "expires_at": record.expires_at.map(Millis::to_rfc3339),
        }),
    ))
}
