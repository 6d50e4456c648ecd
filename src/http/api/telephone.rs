//! `…/telephone`: the lock that a telephone code opens, of a memo or of the whole mailbox. It is made in the owner's
//! browser, where the code and the key are; here it is kept, where the operator permits that at all.

use super::owner::Owner;
use super::{bad_request, blocking, body, memos, no_such_memo};
use crate::http::path::Path;
use crate::http::{answer, State};
use crate::limits;
use crate::memo::store::telephone::SetLock;
use crate::memo::telephone::lock::TelephoneLock;
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

fn done() -> Response {
    answer::json(StatusCode::OK, json!({"success": true}))
}

/// 403 where the mailbox's memos are not to be heard by telephone code.
fn permitted(state: &State, owner: &Owner) -> Result<(), Response> {
    match state.permits_telephone(&owner.mailbox) {
        true => Ok(()),
        false => Err(answer::failure(
            StatusCode::FORBIDDEN,
            "this mailbox has no telephone codes: its configuration says so",
        )),
    }
}

/// `PUT /api/mailboxes/{mailbox}/memos/{id}/telephone`
pub(super) async fn put_of_memo(
    FromState(state): FromState<State>,
    owner: Owner,
    Path((_, id)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Response> {
    permitted(&state, &owner)?;
    let lock: TelephoneLock = body::json(body, limits::HTTP_BODY_BYTES).await?;
    if lock.locator().is_none() {
        return Err(bad_request("locator is missing"));
    }
    let memo = memos::own(&state, &owner, &id).await?;
    let store = state.store().clone();
    match blocking(move || store.telephone().set(&memo.id, &lock)).await? {
        SetLock::Done => Ok(done()),
        SetLock::Taken => Err(answer::failure(
            StatusCode::CONFLICT,
            "another memo has this locator",
        )),
        SetLock::NoMemo => Err(no_such_memo()),
    }
}

/// `DELETE /api/mailboxes/{mailbox}/memos/{id}/telephone`
pub(super) async fn delete_of_memo(
    FromState(state): FromState<State>,
    owner: Owner,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Response> {
    let memo = memos::own(&state, &owner, &id).await?;
    let store = state.store().clone();
    blocking(move || store.telephone().remove(&memo.id)).await?;
    Ok(done())
}

/// `PUT /api/mailboxes/{mailbox}/telephone`
pub(super) async fn put_of_mailbox(
    FromState(state): FromState<State>,
    owner: Owner,
    body: Body,
) -> Result<Response, Response> {
    permitted(&state, &owner)?;
    let lock: TelephoneLock = body::json(body, limits::HTTP_BODY_BYTES).await?;
    if lock.locator().is_some() {
        return Err(bad_request("a mailbox's lock has no locator"));
    }
    let store = state.store().clone();
    blocking(move || store.telephone().set_mailbox(&owner.mailbox, Some(&lock))).await?;
    Ok(done())
}

/// `DELETE /api/mailboxes/{mailbox}/telephone`
pub(super) async fn delete_of_mailbox(
    FromState(state): FromState<State>,
    owner: Owner,
) -> Result<Response, Response> {
    let store = state.store().clone();
    blocking(move || store.telephone().set_mailbox(&owner.mailbox, None)).await?;
    Ok(done())
}
