//! Answers that several resources give.

use super::headers;
use crate::limits;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{header, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::Json;
use base64::engine::general_purpose::STANDARD;
use base64::Engine as _;
use serde::Serialize;
use serde_json::{json, Value};
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

/// A JSON object with ciphertext in it as `encrypted_audio_b64`, beside the fields given. Written once, off the async
/// threads, since it may have 85 MB; its place is kept as that of [`large`].
pub(super) async fn with_audio(fields: Value, ciphertext: Vec<u8>, place: impl Send + 'static) -> Response {
    let written = tokio::task::spawn_blocking(move || (audio_text(&fields, &ciphertext), place));
    let Ok((text, place)) = written.await else {
        return broken();
    };
    let mut response = large(text.into(), place);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn audio_text(fields: &Value, ciphertext: &[u8]) -> String {
    let fields = fields.to_string();
    let mut text = String::with_capacity(ciphertext.len().div_ceil(3) * 4 + fields.len() + 32);
    text.push_str("{\"encrypted_audio_b64\":\"");
    STANDARD.encode_string(ciphertext, &mut text);
    text.push_str("\",");
    text.push_str(fields.strip_prefix('{').unwrap_or_default());
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphertext_stands_in_an_object_beside_its_fields() {
        let text = audio_text(&json!({"success": true, "memo_id": "a\"b"}), &[1, 2, 3, 4]);
        let read: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({"success": true, "memo_id": "a\"b", "encrypted_audio_b64": "AQIDBA=="});
        assert_eq!(read, expected);
    }
}
