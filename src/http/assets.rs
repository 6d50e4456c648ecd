//! The pages' own files, built into the program: nothing to install, nothing to be found missing, no other host.

use super::home;
use axum::extract::Path;
use axum::http::{header, HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// The player page.
pub(super) const VOICE_HTML: &str = include_str!("assets/voice.html");
/// The inbox.
pub(super) const INBOX_HTML: &str = include_str!("assets/inbox.html");
/// The page that records.
pub(super) const RECORD_HTML: &str = include_str!("assets/record.html");
/// The page that opens links of any domain.
pub(super) const OPEN_HTML: &str = include_str!("assets/open.html");
/// What leads from a mangled address to the page that opens links.
pub(super) const MANGLED_HTML: &str = include_str!("assets/mangled.html");
/// The page of the bare domain.
pub(super) const HOME_HTML: &str = include_str!("assets/home.html");
/// The page of an address that does not exist.
pub(super) const NOT_FOUND_HTML: &str = include_str!("assets/not_found.html");

/// The service worker. It lies among the assets and has the inbox in its charge.
const SERVICE_WORKER: &str = "service-worker.js";

macro_rules! files {
    ($($name:literal)*) => {
        &[$(($name, include_bytes!(concat!("assets/", $name)))),*]
    };
}

/// Every file by its name, but for the pages.
const FILES: &[(&str, &[u8])] = files![
    "api.js"
    "changes.js"
    "dom.js"
    "envelope-file.js"
    "expiry.js"
    "fragment.js"
    "icon-192.png"
    "icon.svg"
    "inbox-view.js"
    "inbox.css"
    "inbox.js"
    "keep.js"
    "keys.js"
    "list.js"
    "memos.js"
    "offline.js"
    "open.js"
    "panel.js"
    "parts.css"
    "player.js"
    "problems.js"
    "qr.js"
    "record.css"
    "record.js"
    "recorder-worklet.js"
    "recorder.js"
    "removal.js"
    "resample.js"
    "rotate.js"
    "sealing.js"
    "secret.js"
    "service-worker.js"
    "settings.js"
    "setup.js"
    "share.js"
    "style.css"
    "telephone-worker.js"
    "telephone.js"
    "text.js"
    "ui.js"
    "voice.js"
];

/// The library that others may use too; the pages have no other.
const LIBRARY: (&str, &[u8]) = ("voice-memo.js", include_bytes!("../../contrib/voice-memo.js"));

fn file(name: &str) -> Option<&'static [u8]> {
    let mut all = FILES.iter().chain([&LIBRARY]);
    all.find(|(known, _)| *known == name).map(|(_, content)| *content)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("png") => "image/png",
        _ => "image/svg+xml",
    }
}

/// `GET /assets/{name}`. Kept by browsers, but asked after each time, so that an update is seen at once.
pub(super) async fn get(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(content) = file(&name) else {
        return home::not_found().await;
    };
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(content)[..8]));
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, media_type(&name))], content).into_response(),
    };
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    if name == SERVICE_WORKER {
        fields.insert(
            HeaderName::from_static("service-worker-allowed"),
            HeaderValue::from_static("/"),
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;
    use std::collections::BTreeSet;

    /// Every page that the server gives.
    const PAGES: [&str; 7] = [
        VOICE_HTML,
        INBOX_HTML,
        RECORD_HTML,
        OPEN_HTML,
        MANGLED_HTML,
        HOME_HTML,
        NOT_FOUND_HTML,
    ];

    fn text(name: &str) -> &'static str {
        std::str::from_utf8(file(name).expect("it is there")).expect("it is text")
    }

    fn scripts() -> impl Iterator<Item = (&'static str, &'static str)> {
        let names = FILES.iter().map(|(name, _)| *name);
        names
            .filter(|name| name.ends_with(".js"))
            .map(|name| (name, text(name)))
    }

    /// The files that a script needs, and those need in turn.
    fn needed(script: &str, found: &mut BTreeSet<String>) {
        if !found.insert(script.to_owned()) {
            return;
        }
        let import =
            Regex::new(r#"from "\./([\w.-]+)"|new URL\("([\w-]+\.(?:js|svg))""#).expect("it compiles");
        for import in import.captures_iter(text(script)) {
            let name = import.get(1).or(import.get(2)).expect("one of them").as_str();
            assert!(file(name).is_some(), "{script} wants {name}");
            if name.ends_with(".js") {
                needed(name, found);
            }
        }
    }

    #[test]
    fn every_file_that_a_script_or_a_page_wants_is_served() {
        for (name, _) in scripts() {
            needed(name, &mut BTreeSet::new());
        }
        let wanted = Regex::new(r#"(?:src|href)="(?:\.\./)?assets/([^"]+)""#).expect("it compiles");
        for page in PAGES {
            for wanted in wanted.captures_iter(page) {
                assert!(file(&wanted[1]).is_some(), "{}", &wanted[1]);
            }
        }
    }

    #[test]
    fn the_inbox_opens_offline_with_all_that_it_needs() {
        let mut inbox = BTreeSet::new();
        needed("inbox.js", &mut inbox);
        inbox.remove(SERVICE_WORKER);
        let kept = text(SERVICE_WORKER);
        for name in inbox {
            assert!(
                kept.contains(&format!("\"{name}\",")),
                "{SERVICE_WORKER} does not keep {name}"
            );
        }
    }

    #[test]
    fn nothing_of_an_envelope_becomes_markup_and_no_style_is_inline() {
        let markup = Regex::new(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|setHTML|\beval\(|new Function",
        )
        .expect("it compiles");
        for (name, script) in scripts() {
            assert!(!markup.is_match(script), "{name}");
        }
        for page in PAGES {
            assert!(!page.contains(" style=") && !page.contains("<style") && !page.contains(" onclick="));
        }
    }
}
