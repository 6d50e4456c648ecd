//! `GET /record` and `GET /record/{mailbox}`: leaving a memo without a telephone, recorded and encrypted in the browser.
//! There only where the operator permits it.

use super::{assets, headers, home, voice, State};
use axum::extract::{Path, State as FromState};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};

/// The page without a mailbox lies one step further up than its files' addresses count from.
pub(super) async fn page(FromState(state): FromState<State>) -> Response {
    show(&state, assets::RECORD_HTML.replace("\"../assets/", "\"assets/")).await
}

pub(super) async fn of_mailbox(FromState(state): FromState<State>) -> Response {
    show(&state, assets::RECORD_HTML.to_owned()).await
}

pub(super) async fn without_slash(Path(mailbox): Path<String>) -> Response {
    voice::to_sibling(&mailbox).await
}

async fn show(state: &State, html: String) -> Response {
    if !state.inner.record {
        return home::not_found().await;
    }
    let mut response = Html(html).into_response();
    headers::no_store(&mut response);
    // The one page that may ask for the microphone.
    response.headers_mut().insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(self), geolocation=()"),
    );
    response
}
