//! `GET /api/mailboxes/{mailbox}/changes?since=V`: answered when the mailbox is no longer at version V, or after a while,
//! so that an open inbox shows new memos by themselves.

use super::bad_request;
use super::owner::Owner;
use crate::http::client_address::Client;
use crate::http::{answer, State};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as FromState};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
pub(super) struct Since {
    since: u64,
}

pub(super) async fn wait(
    FromState(state): FromState<State>,
    owner: Owner,
    client: Client,
    since: Result<Query<Since>, QueryRejection>,
) -> Result<Response, Response> {
    let Ok(Query(Since { since })) = since else {
        return Err(bad_request("since must be a version"));
    };
    let _place = state
        .inner
        .pollers
        .enter(client.address)
        .ok_or_else(answer::busy)?;
    // Subscribed before the version is read, so that no change falls between.
    let mut changed = state.inner.changed.subscribe();
    let until = tokio::time::sleep(state.inner.poll_time);
    tokio::pin!(until);
    loop {
        let version = state.store().version(&owner.mailbox);
        let is_over = version != since || *changed.borrow_and_update() == super::super::STOPPING;
        if is_over {
            return Ok(answer::json(StatusCode::OK, json!({"version": version})));
        }
        tokio::select! {
            () = &mut until => return Ok(answer::json(StatusCode::OK, json!({"version": version}))),
            still = changed.changed() => if still.is_err() {
                return Err(answer::busy());
            },
        }
    }
}
