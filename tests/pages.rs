//! What surrounds the pages: header fields, addresses, and what a page may not hold.

#[path = "common/served.rs"]
mod served;

use reqwest::{redirect, Client, Response, StatusCode};
use serde_json::{json, Value};
use served::Served;

async fn get(served: &Served, path: &str) -> Response {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none());
    client
        .build()
        .unwrap()
        .get(served.url(path))
        .send()
        .await
        .unwrap()
}

fn field<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn each_page_may_do_what_it_needs_and_no_more() {
    let served = Served::start(|config| config.http.record = true);
    for (path, connect, microphone) in [
        ("/voice/EBESExQVFhcYGRobHB0eHw", "'self'", "()"),
        ("/inbox/main", "'self'", "()"),
        ("/record", "'self'", "(self)"),
        ("/record/main", "'self'", "(self)"),
        ("/open", "'self' https:", "()"),
        ("/open%23https://memo.invalid/voice/a%23b", "'self'", "()"),
    ] {
        let response = get(&served, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let policy = field(&response, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ")
        );
        assert!(
            policy.contains(&format!("connect-src {connect};")),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        let permissions = field(&response, "permissions-policy");
        assert!(
            permissions.contains(&format!("microphone={microphone}")),
            "{path}: {permissions}"
        );
        assert_eq!(field(&response, "cache-control"), "no-store", "{path}");
        let html = response.text().await.unwrap();
        // A secret that a mail program put into the path leaves the address before anything else is asked for.
        let first = html.find("src=").unwrap();
        assert!(
            html[first..]
                .split('>')
                .next()
                .unwrap()
                .contains("assets/fragment.js\""),
            "{path}"
        );
        for forbidden in ["<script>", "style=", "onclick", "http://", "src=\"/", "href=\"/"] {
            assert!(!html.contains(forbidden), "{forbidden} in {path}");
        }
    }
}

#[tokio::test]
async fn an_inbox_says_nothing_of_which_there_are() {
    let served = Served::start(|_| ());
    let known = get(&served, "/inbox/main").await.text().await.unwrap();
    let unknown = get(&served, "/inbox/nobody").await.text().await.unwrap();
    assert_eq!(known, unknown);
}

#[tokio::test]
async fn nothing_is_recorded_where_the_operator_does_not_permit_it() {
    let served = Served::start(|_| ());
    for path in ["/record", "/record/main"] {
        assert_eq!(get(&served, path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_is_taken_off() {
    let served = Served::start(|config| config.http.record = true);
    for (path, location) in [
        ("/inbox/main/", "../main"),
        ("/record/100@office/", "../100@office"),
        ("/record/", "../record"),
        ("/open/", "../open"),
    ] {
        let response = get(&served, path).await;
        assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT, "{path}");
        assert_eq!(field(&response, "location"), location);
    }
}

#[tokio::test]
async fn an_inbox_can_stand_on_a_home_screen_and_open_without_a_network() {
    let served = Served::start(|_| ());
    let manifest: Value = get(&served, "/inbox/main/manifest.webmanifest")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&manifest["start_url"], &manifest["scope"]),
        (&json!("../main"), &json!("../"))
    );
    for icon in manifest["icons"].as_array().unwrap() {
        let path = icon["src"].as_str().unwrap().replace("../../", "/");
        let response = get(&served, &path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(field(&response, "content-type"), icon["type"].as_str().unwrap());
    }
    let worker = get(&served, "/assets/service-worker.js").await;
    assert_eq!(field(&worker, "service-worker-allowed"), "/");
}
