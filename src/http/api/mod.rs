//! What pages and other clients do with memos: an owner's inbox, shares, keys, and memos that are left in a browser. JSON
//! in and out, as `docs/http-api.md` describes it; one file a resource.
//!
//! - [`memos`], [`shares`], [`changes`], [`telephone`], [`mailbox`], [`receipts`], [`web`]: the resources.
//! - [`owner`], [`upload`], [`entry`], [`body`]: what several of them need.

mod body;
mod changes;
pub(super) mod crowd;
mod entry;
mod mailbox;
mod memos;
mod owner;
mod receipts;
mod shares;
mod telephone;
mod upload;
mod web;

use super::{answer, State};
use crate::memo::store::StoreError;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, patch, post, put};
use axum::Router;

/// The resources below `/api`, but for federation's.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/api/mailboxes/{mailbox}", get(mailbox::show))
        .route("/api/mailboxes/{mailbox}/key", put(mailbox::put_key))
        .route("/api/mailboxes/{mailbox}/memos", get(memos::list))
        .route("/api/mailboxes/{mailbox}/changes", get(changes::wait))
        .route(
            "/api/mailboxes/{mailbox}/memos/{id}",
            patch(memos::change).get(memos::show).delete(memos::delete),
        )
        .route(
            "/api/mailboxes/{mailbox}/memos/{id}/shares",
            get(shares::list).post(shares::make),
        )
        .route(
            "/api/mailboxes/{mailbox}/memos/{id}/telephone",
            put(telephone::put_of_memo).delete(telephone::delete_of_memo),
        )
        .route(
            "/api/mailboxes/{mailbox}/telephone",
            put(telephone::put_of_mailbox).delete(telephone::delete_of_mailbox),
        )
        .route("/api/memos", post(web::leave))
        .route("/api/receipts/{id}", get(receipts::show))
}

/// Works on the store off the async threads. The error is the answer.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Response> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(StoreError::Full)) => Err(answer::failure(
            StatusCode::INSUFFICIENT_STORAGE,
            "the server's disk is full",
        )),
        Ok(Err(StoreError::Taken)) => Err(answer::failure(
            StatusCode::CONFLICT,
            &StoreError::Taken.to_string(),
        )),
        Ok(Err(error)) => {
            tracing::error!(%error, "a request could not be done");
            Err(answer::broken())
        }
        Err(_) => Err(answer::broken()),
    }
}

/// 404 for a memo that is not there, or not in this mailbox.
fn no_such_memo() -> Response {
    answer::failure(StatusCode::NOT_FOUND, "there is no such memo in this mailbox")
}

fn bad_request(what: &str) -> Response {
    answer::failure(StatusCode::BAD_REQUEST, what)
}
