//! Answers that several resources give.

use super::headers;
use crate::limits;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{header, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;

/// Bytes handed to the connection at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A JSON answer that must not be kept by anybody on the way.
pub(super) fn json(status: StatusCode, body: impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    headers::no_store(&mut response);
    response
}

/// `{"success": false, "error": …}`
pub(super) fn failure(status: StatusCode, error: &str) -> Response {
    json(status, json!({"success": false, "error": error}))
}

/// The same with a word for programs in `code`.
pub(super) fn failure_with_code(status: StatusCode, error: &str, code: &str) -> Response {
    json(status, json!({"success": false, "error": error, "code": code}))
}

/// 429, with the time after which another attempt makes sense.
pub(super) fn too_many(wait: Duration) -> Response {
    let secs = wait.as_secs().max(1);
    let mut response = failure(
        StatusCode::TOO_MANY_REQUESTS,
        "too many attempts; try again later",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(secs));
    response
}

/// 503 for a moment's shortage.
pub(super) fn busy() -> Response {
    let mut response = failure(StatusCode::SERVICE_UNAVAILABLE, "the server is busy");
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(5));
    response
}

/// 500, without telling a stranger why.
pub(super) fn broken() -> Response {
    failure(
        StatusCode::INTERNAL_SERVER_ERROR,
        "the server failed; its log says why",
    )
}

pub(super) async fn method_not_allowed() -> Response {
    failure(
        StatusCode::METHOD_NOT_ALLOWED,
        "this resource does not know that method",
    )
}

/// A large body that keeps its place in memory until the last of it was handed to the connection.
pub(super) fn large(bytes: Bytes, place: impl Send + 'static) -> Response {
    let length = bytes.len();
    let chunks = futures_util::stream::unfold((bytes, place), |(mut rest, place)| async move {
        if rest.is_empty() {
            return None;
        }
        let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
        Some((Ok::<Bytes, std::convert::Infallible>(chunk), (rest, place)))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers::no_store(&mut response);
    response
}

/// Ends a request that has not been answered in time: one whose body trickles, or whose disk hangs. An upload has longer,
/// and is watched over piece by piece.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_upload = request.method() == Method::POST && (path == "/api/memos" || path.ends_with("/shares"));
    let time = match is_upload {
        true => limits::HTTP_UPLOAD_TIME,
        false => limits::HTTP_REQUEST_TIME,
    };
    match tokio::time::timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let mut response = failure(StatusCode::REQUEST_TIMEOUT, "the request took too long");
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}
