//! Resources that pages of other domains may ask: what opens a memo is in the request, never in a cookie.

use axum::extract::Request;
use axum::http::{header, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Header fields of answers that such a page may read.
const EXPOSED: &str =
    "Memo-Iv, Memo-Audio-Format, Memo-Created-At, Memo-Encryption, Memo-Complete, Retry-After, Content-Length";

/// Lets any page read the answer, a refusal too.
pub(super) async fn any_origin(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What a browser asks before it sends a request for such a page.
pub(super) async fn preflight() -> Response {
    let fields = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, fields).into_response()
}
