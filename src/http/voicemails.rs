//! `GET /voicemails`: what is stored, for operators. It holds nothing that opens a memo.

use super::answer;
use super::client_address::Client;
use super::{operator, State};
use crate::memo::record::Record;
use crate::memo::store::Cursor;
use crate::memo::vault::seconds;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as FromState};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{json, Value};

/// Memos on a page, unless asked for fewer.
const PAGE: usize = 1_000;

#[derive(Deserialize)]
pub(super) struct Window {
    /// At most so many.
    limit: Option<usize>,
    /// From there on: `next` of the page before.
    after: Option<String>,
}

pub(super) async fn list(
    FromState(state): FromState<State>,
    client: Client,
    headers: HeaderMap,
    window: Result<Query<Window>, QueryRejection>,
) -> Response {
    if state.inner.admin_token.is_none() {
        return answer::failure(
            StatusCode::FORBIDDEN,
            "this list needs admin_token in the server's configuration",
        );
    }
    if let Err(refused) = operator::prove(&state, client, &headers) {
        return refused;
    }
    let Ok(Query(window)) = window else {
        return answer::failure(StatusCode::BAD_REQUEST, "limit must be a number");
    };
    let after = match window.after.as_deref().map(str::parse::<Cursor>).transpose() {
        Ok(after) => after,
        Err(_) => return answer::failure(StatusCode::BAD_REQUEST, "after must be what next said"),
    };
    let limit = window.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let store = state.store().clone();
    match tokio::task::spawn_blocking(move || store.list(None, after, limit)).await {
        Ok(Ok(page)) => {
            let base = state.inner.base.as_str();
            let mut answer = json!({
                "success": true,
                "total": page.total,
                "voicemails": page.records.iter().map(|record| entry(record, base)).collect::<Vec<_>>(),
            });
            if let Some(next) = page.next {
                answer["next"] = Value::String(next.to_string());
            }
            answer::json(StatusCode::OK, answer)
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the list of memos could not be read");
            answer::broken()
        }
        Err(_) => answer::broken(),
    }
}

/// `from` is null unless the mailbox's configuration leaves it in clear. `duration` follows from the size, or is null for
/// a format whose size does not tell.
fn entry(record: &Record, base: &str) -> Value {
    let clear = record.metadata.clear.as_ref();
    let stated = clear.and_then(|clear| clear.duration_seconds);
    json!({
        "id": record.id,
        "from": clear.and_then(|clear| clear.from.as_deref()),
        "duration": record.duration().map(seconds).or(stated),
        "size_bytes": record.file_size_bytes,
        "sealed_envelope": record.sealed_envelope,
        "access_url": format!("{base}/voice/{}", record.id),
        "access_count": record.access_count,
        "created_at": record.created_at.to_rfc3339(),
    })
}
