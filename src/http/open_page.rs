//! `GET /open`: opens a memo of any domain, by its link in the fragment or pasted.

use super::{assets, headers};
use axum::http::{header, HeaderValue};
use axum::response::{Html, IntoResponse, Response};

/// As every page's, but for requests to other servers: one that speaks the older protocol is asked by the browser itself,
/// once the person has agreed.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self' https:; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn page() -> Response {
    let mut response = Html(assets::OPEN_HTML).into_response();
    headers::no_store(&mut response);
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    response
}
