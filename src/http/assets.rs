//! The pages' own files, built into the program: nothing to install, nothing to be found missing, no other host.

use super::home;
use axum::extract::Path;
use axum::http::{header, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// The player page.
pub(super) const VOICE_HTML: &str = include_str!("assets/voice.html");
/// The page of the bare domain.
pub(super) const HOME_HTML: &str = include_str!("assets/home.html");
/// The page of an address that does not exist.
pub(super) const NOT_FOUND_HTML: &str = include_str!("assets/not_found.html");

/// `GET /assets/{name}`. Kept by browsers, but asked after each time, so that an update is seen at once.
pub(super) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let (media_type, content) = match name.as_str() {
        "voice.js" => ("text/javascript; charset=utf-8", include_str!("assets/voice.js")),
        "fragment.js" => (
            "text/javascript; charset=utf-8",
            include_str!("assets/fragment.js"),
        ),
        "memo.js" => ("text/javascript; charset=utf-8", include_str!("assets/memo.js")),
        "style.css" => ("text/css; charset=utf-8", include_str!("assets/style.css")),
        "icon.svg" => ("image/svg+xml", include_str!("assets/icon.svg")),
        _ => return home::not_found().await,
    };
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(content)[..8]));
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, media_type)], content).into_response(),
    };
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    response
}
