//! Requests' bodies: JSON within a bound.

use super::bad_request;
use crate::http::body::whole;
use axum::body::Body;
use axum::response::Response;
use serde::de::DeserializeOwned;

/// Reads a JSON object of at most `most` bytes. The error is the answer.
pub(super) async fn json<T: DeserializeOwned>(body: Body, most: usize) -> Result<T, Response> {
    let bytes = whole(body, most).await?;
    serde_json::from_slice(&bytes).map_err(|error| malformed(&error))
}

/// Says where a request is malformed, and no value of what it held.
pub(super) fn malformed(error: &serde_json::Error) -> Response {
    match error.classify() {
        // Such a message names a field or a kind of value, and may quote a value: nothing here is a secret, but a
        // client that puts one where none belongs should not find it in its log.
        serde_json::error::Category::Data => {
            let text = error.to_string();
            let named = ["missing field `", "unknown field `", "duplicate field `"]
                .iter()
                .find(|start| text.starts_with(**start))
                .and_then(|_| text.split(" at line ").next());
            bad_request(&format!(
                "the request is malformed: {}",
                named.unwrap_or("a field has a value that it cannot have")
            ))
        }
        _ => bad_request("the request is malformed: it is not JSON"),
    }
}
