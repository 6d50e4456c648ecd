//! `/healthz` and `/readyz`, for whatever watches the process.

use super::answer;
use super::State;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// The process lives and answers.
pub(super) async fn alive() -> Response {
    answer::json(
        StatusCode::OK,
        json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}),
    )
}

/// The switch can take calls.
pub(super) async fn ready(FromState(state): FromState<State>) -> Response {
    match (state.inner.readiness)() {
        Ok(()) => answer::json(
            StatusCode::OK,
            json!({"status": "ready", "memos": state.store().count()}),
        ),
        Err(reason) => answer::json(
            StatusCode::SERVICE_UNAVAILABLE,
            json!({"status": "not ready", "reason": reason}),
        ),
    }
}
