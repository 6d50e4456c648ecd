//! `GET /inbox/{mailbox}`: the owner's inbox. The same bytes for every mailbox, so the page tells nothing about which there
//! are; the owner's secret is in the fragment, and what it opens is opened in the browser.

use super::{assets, headers, voice};
use axum::extract::Path;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::Json;
use serde_json::json;

pub(super) async fn page() -> Response {
    let mut response = Html(assets::INBOX_HTML).into_response();
    headers::no_store(&mut response);
    response
}

pub(super) async fn without_slash(Path(mailbox): Path<String>) -> Response {
    voice::to_sibling(&mailbox).await
}

/// `GET /inbox/{mailbox}/manifest.webmanifest`: what a telephone needs to put the inbox on its home screen. Addresses in
/// it count from its own.
pub(super) async fn manifest(Path(mailbox): Path<String>) -> Response {
    if !voice::is_plain(&mailbox) {
        return super::home::not_found().await;
    }
    let icon = |file: &str, sizes: &str, media_type: &str| json!({"src": format!("../../assets/{file}"), "sizes": sizes, "type": media_type});
    let manifest = json!({
        "id": format!("../{mailbox}"),
        "name": format!("Memos of {mailbox}"),
        "short_name": mailbox,
        "start_url": format!("../{mailbox}"),
        "scope": "../",
        "display": "standalone",
        "background_color": "#eef3f1",
        "theme_color": "#eef3f1",
        "icons": [icon("icon.svg", "any", "image/svg+xml"), icon("icon-192.png", "192x192", "image/png")],
    });
    (
        [(header::CONTENT_TYPE, "application/manifest+json")],
        Json(manifest),
    )
        .into_response()
}
