//! `/api/mailboxes/{mailbox}/memos`: the owner's list, and what the owner does with one memo.

use super::entry::{self, entry};
use super::owner::Owner;
use super::{bad_request, blocking, body, no_such_memo};
use crate::http::path::Path;
use crate::http::{answer, State};
use crate::limits;
use crate::memo::envelope::Envelope;
use crate::memo::key::MemoId;
use crate::memo::record::Record;
use crate::memo::store::receipts::Reason;
use crate::memo::store::{Cursor, Durable, Store};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as FromState};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::json;

/// Memos on a page, unless asked for fewer.
const PAGE: usize = 50;

#[derive(Deserialize)]
pub(super) struct Window {
    /// At most so many.
    limit: Option<usize>,
    /// From there on: `next` of the page before.
    after: Option<String>,
}

/// `GET …/memos`
pub(super) async fn list(
    FromState(state): FromState<State>,
    owner: Owner,
    window: Result<Query<Window>, QueryRejection>,
) -> Result<Response, Response> {
    let Ok(Query(window)) = window else {
        return Err(bad_request("limit must be a number"));
    };
    let Ok(after) = window.after.as_deref().map(str::parse::<Cursor>).transpose() else {
        return Err(bad_request("after must be what next said"));
    };
    let limit = window.limit.unwrap_or(PAGE).clamp(1, limits::INBOX_PAGE);
    let store = state.store().clone();
    // Two megabytes of a page of 200 are written there as well: otherwise each of the async threads would keep the room.
    let answer = blocking(move || {
        let page = store.list(Some(&owner.mailbox), after, limit)?;
        Ok(answer::json(
            StatusCode::OK,
            Listed {
                success: true,
                total: page.total,
                unread: page.unread,
                version: page.version,
                next: page.next.map(|next| next.to_string()),
                memos: Entries {
                    records: &page.records,
                    store: &store,
                },
            },
        ))
    });
    answer.await
}

/// A page of the list.
#[derive(Serialize)]
struct Listed<'a> {
    success: bool,
    total: usize,
    unread: usize,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    memos: Entries<'a>,
}

/// Records as entries, of which one at a time is in memory.
struct Entries<'a> {
    records: &'a [Record],
    store: &'a Store,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.records
                .iter()
                .map(|record| entry(record, self.store.share_count(&record.id))),
        )
    }
}

/// A memo of the owner's, by the id in the path; none where it is another's, or none at all.
pub(super) async fn own(state: &State, owner: &Owner, id: &str) -> Result<Record, Response> {
    let id: MemoId = id.parse().map_err(|_| no_such_memo())?;
    let store = state.store().clone();
    let record = blocking(move || store.get(&id)).await?;
    record
        .filter(|record| record.user_id.as_deref() == Some(&owner.mailbox))
        .ok_or_else(no_such_memo)
}

/// `GET …/memos/{id}`
pub(super) async fn show(
    FromState(state): FromState<State>,
    owner: Owner,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Response> {
    let record = own(&state, &owner, &id).await?;
    let shares = state.store().share_count(&record.id);
    Ok(answer::json(StatusCode::OK, entry::answer(&record, shares)))
}

/// What an owner may change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    heard: Option<bool>,
    /// Null takes the expiry away, which is not the same as saying nothing of it.
    #[serde(default, deserialize_with = "said")]
    expires_at: Option<Option<String>>,
    federation_shared: Option<bool>,
    trusted_domains: Option<Vec<String>>,
    sealed_envelope: Option<Envelope>,
}

fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// `PATCH …/memos/{id}`
pub(super) async fn change(
    FromState(state): FromState<State>,
    owner: Owner,
    Path((_, id)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Response> {
    let changes: Changes = body::json(body, limits::HTTP_ENVELOPE_BODY_BYTES).await?;
    let expires_at = match &changes.expires_at {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(super::upload::expiry(text, state.wall())?)),
    };
    if let Some(domains) = &changes.trusted_domains {
        if domains.len() > limits::TRUSTED_DOMAINS || !domains.iter().all(|domain| is_domain(domain)) {
            return Err(bad_request(
                "trusted_domains must be a short list of domain names",
            ));
        }
    }
    if changes
        .sealed_envelope
        .as_ref()
        .is_some_and(|envelope| !envelope.is_plausible())
    {
        return Err(bad_request("sealed_envelope is none"));
    }
    let id: MemoId = id.parse().map_err(|_| no_such_memo())?;
    let only_marks = expires_at.is_none()
        && changes.federation_shared.is_none()
        && changes.trusted_domains.is_none()
        && changes.sealed_envelope.is_none();
    let durable = if only_marks { Durable::Soon } else { Durable::Now };
    let store = state.store().clone();
    let done = blocking(move || {
        let done = store.update(&id, durable, |record| {
            if record.user_id.as_deref() != Some(&owner.mailbox) {
                return Err(());
            }
            record.heard = changes.heard.unwrap_or(record.heard);
            record.expires_at = expires_at.unwrap_or(record.expires_at);
            record.federation_shared = changes.federation_shared.unwrap_or(record.federation_shared);
            if let Some(domains) = changes.trusted_domains {
                record.trusted_domains = domains;
            }
            if let Some(envelope) = changes.sealed_envelope {
                record.sealed_envelope = Some(envelope);
            }
            Ok(())
        })?;
        Ok(done.map(|done| done.map(|record| entry::answer(&record, store.share_count(&id)))))
    });
    match done.await? {
        Some(Ok(answer)) => Ok(answer::json(StatusCode::OK, answer)),
        Some(Err(())) | None => Err(no_such_memo()),
    }
}

/// A domain name, with or without a port.
fn is_domain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
    (1..=limits::DOMAIN_BYTES).contains(&text.len()) && text.chars().all(plain)
}

/// `DELETE …/memos/{id}`
pub(super) async fn delete(
    FromState(state): FromState<State>,
    owner: Owner,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, Response> {
    let record = own(&state, &owner, &id).await?;
    let (store, now) = (state.store().clone(), state.wall());
    let deleted = blocking(move || store.delete(&record.id, Reason::Owner, now)).await?;
    let deleted = deleted.ok_or_else(no_such_memo)?;
    Ok(answer::json(
        StatusCode::OK,
        json!({"success": true, "receipt": deleted.receipt}),
    ))
}
