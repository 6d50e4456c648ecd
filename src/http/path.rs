//! What stands in an address, for resources that answer in JSON whatever it is.

use super::answer;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::StatusCode;
use axum::response::Response;
use serde::de::DeserializeOwned;

/// As axum's, but for the answer where it is no UTF-8.
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(named)| Path(named))
            .map_err(|_| answer::failure(StatusCode::BAD_REQUEST, "the address is not UTF-8"))
    }
}
