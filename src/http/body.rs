//! Requests' bodies, whole and within a bound.

use super::answer;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::StreamExt as _;
use zeroize::Zeroize as _;

/// Reads a body of at most `most` bytes into memory of its own, once: it may hold a key, which can then be wiped where it
/// lies, and is wiped where it came. The error is the answer.
pub(super) async fn whole(body: Body, most: usize) -> Result<Bytes, Response> {
    let announced = body.size_hint().exact();
    let announced = announced.and_then(|length| usize::try_from(length).ok());
    let mut whole = Vec::with_capacity(announced.map_or(most, |length| length.min(most)));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| broken())?;
        if whole.len() + piece.len() > most {
            whole.zeroize();
            return Err(too_large());
        }
        whole.extend_from_slice(&piece);
        if let Ok(mut piece) = piece.try_into_mut() {
            piece.zeroize();
        }
    }
    Ok(whole.into())
}

/// 413
pub(super) fn too_large() -> Response {
    answer::failure(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large")
}

/// 400 for a body that ended early, or was not as its head said: chunks that are none, most likely.
pub(super) fn broken() -> Response {
    answer::failure(
        StatusCode::BAD_REQUEST,
        "the request broke off, or its body is not as its head says",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::iter;

    async fn read(pieces: Vec<Result<Bytes, std::io::Error>>) -> Result<Bytes, StatusCode> {
        let read = whole(Body::from_stream(iter(pieces)), 4).await;
        read.map_err(|refused| refused.status())
    }

    #[tokio::test]
    async fn a_body_is_read_and_what_is_too_long_is_told_from_what_is_broken() {
        let piece = |text: &'static str| Ok(Bytes::from_static(text.as_bytes()));
        let broken = || Err(std::io::Error::other("broken"));
        assert_eq!(read(vec![piece("ab"), piece("cd")]).await, Ok("abcd".into()));
        assert_eq!(read(vec![]).await, Ok(Bytes::new()));
        let too_large = Err(StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(read(vec![piece("ab"), piece("cde")]).await, too_large);
        assert_eq!(
            read(vec![piece("ab"), broken()]).await,
            Err(StatusCode::BAD_REQUEST)
        );
        let announced = whole(Body::from("abcde"), 4).await.unwrap_err();
        assert_eq!(announced.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
