//! What a person sees who opens the bare domain, or an address that does not exist.

use super::{assets, headers};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

pub(super) async fn page() -> Response {
    Html(assets::HOME_HTML).into_response()
}

pub(super) async fn not_found() -> Response {
    let mut response = (StatusCode::NOT_FOUND, Html(assets::NOT_FOUND_HTML)).into_response();
    headers::no_store(&mut response);
    response
}
