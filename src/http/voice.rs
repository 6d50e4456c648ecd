//! `GET /voice/{id}`: the player. The same bytes for every id, so the page tells nothing about which memos exist.

use super::{assets, headers};
use axum::extract::Path;
use axum::http::{header, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};

pub(super) async fn page() -> Response {
    let mut response = Html(assets::VOICE_HTML).into_response();
    headers::no_store(&mut response);
    response
}

/// A slash at the end, as some mail programs add it, would break the page's relative addresses. The browser keeps the
/// fragment over a redirect.
pub(super) async fn without_slash(Path(id): Path<String>) -> Response {
    to_sibling(&id).await
}

/// Sends the browser to the address of that name without a slash behind it.
pub(super) async fn to_sibling(name: &str) -> Response {
    match HeaderValue::from_str(&format!("../{name}")) {
        Ok(location) if is_plain(name) => {
            (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        _ => super::home::not_found().await,
    }
}

/// Whether a name stands in an address as it is; those of memos and mailboxes do. One that begins with a dot could mean a
/// folder.
pub(super) fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    !name.starts_with('.') && name.chars().all(plain)
}
