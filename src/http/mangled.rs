//! `GET /open%23…`: an address of `/open` whose `#` some program that forwards links turned into `%23`, so that the whole
//! link came here. Nothing is done with it: the page that is given back moves it behind a `#` in the address bar and asks for
//! `/open` itself, and so sends the secret nowhere again. The other pages do the same by themselves (`fragment.js`); here
//! the link that follows has slashes of its own, so that the page's files would be looked for in the wrong place.

use super::{assets, headers, home};
use axum::http::{Method, Uri};
use axum::response::{Html, IntoResponse, Response};

/// For every address that is no resource's.
pub(super) async fn or_not_found(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    if method != Method::GET || !is_mangled(path) {
        return home::not_found().await;
    }
    let up = "../".repeat(path.matches('/').count() - 1);
    let html = assets::MANGLED_HTML.replace("\"assets/", &format!("\"{up}assets/"));
    let mut response = Html(html).into_response();
    headers::no_store(&mut response);
    response
}

/// Whether a path is that of `/open` with `%23` behind it, or with `%2523`, where two programs were at work.
fn is_mangled(path: &str) -> bool {
    path.strip_prefix("/open%").is_some_and(|mut rest| {
        while let Some(more) = rest.strip_prefix("25") {
            rest = more;
        }
        rest.starts_with("23")
    })
}

#[cfg(test)]
mod tests {
    use super::is_mangled;

    #[test]
    fn a_mangled_address_is_told_from_others() {
        for path in [
            "/open%23",
            "/open%23https://a/voice/b%23c",
            "/open%2523x",
            "/open%252523x",
        ] {
            assert!(is_mangled(path), "{path}");
        }
        for path in [
            "/",
            "/open",
            "/open%",
            "/open%25",
            "/open%24x",
            "/opened%23x",
            "/x/open%23x",
        ] {
            assert!(!is_mangled(path), "{path}");
        }
    }
}
