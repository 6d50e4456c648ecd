//! One line for each request, at debug: the resource's pattern and the memo's id, never the path or the query as
//! they came, since old or mangled links carry a key in them.

use super::client_address::Client;
use super::State;
use crate::memo::key::MemoId;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams, Request, State as FromState};
use axum::middleware::Next;
use axum::response::Response;

pub(super) async fn log(
    FromState(state): FromState<State>,
    client: Client,
    pattern: Option<MatchedPath>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let start = state.now();
    let method = request.method().clone();
    let memo = params
        .ok()
        .and_then(|params| params.iter().find_map(|(_, value)| value.parse::<MemoId>().ok()));
    let response = next.run(request).await;
    tracing::debug!(
        client = %client.address,
        %method,
        resource = pattern.as_ref().map_or("unknown", MatchedPath::as_str),
        memo = memo.map(tracing::field::display),
        status = response.status().as_u16(),
        millis = state.now().since(start).as_millis() as u64,
        "request"
    );
    response
}
