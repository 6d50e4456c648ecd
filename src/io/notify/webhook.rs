//! A notifier that is an HTTP server: the notice as the body of a POST, success by a 2xx answer.

use super::notice::Telling;
use super::signature::Signer;
use crate::web::reason;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{header, StatusCode};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Redirects followed within one host.
const REDIRECTS: usize = 3;

/// The HTTP client of all webhooks, made when the first is called.
#[derive(Clone, Default)]
pub(super) struct Client(Arc<OnceLock<Result<reqwest::Client, String>>>);

/// A body that is wiped when the last copy of the handle is gone. What the HTTP client copies into its buffer to send
/// is beyond our reach.
struct Body(Arc<Telling>);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        &self.0.json
    }
}

impl Client {
    /// Posts the notice, signed where there is a secret; `Err` says why it counts as failed.
    ///
    /// `webhook-id` is the memo's id, the same at each try, so that a receiver knows a notice that it had already.
    pub async fn post(
        &self,
        url: &str,
        signer: Option<&Signer>,
        telling: Arc<Telling>,
        limit: Duration,
    ) -> Result<(), String> {
        let client = self.0.get_or_init(build).as_ref().map_err(Clone::clone)?;
        let mut request = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &telling.memo_id)
            .timeout(limit);
        if let Some(signer) = signer {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let signature = signer.sign(&telling.memo_id, now.as_secs(), &telling.json);
            request = request
                .header("webhook-timestamp", now.as_secs())
                .header("webhook-signature", signature);
        }
        let response = request
            .body(bytes::Bytes::from_owner(Body(telling)))
            .send()
            .await
            // The URL may hold a token.
            .map_err(|error| reason(&error.without_url()))?;
        let status = response.status();
        if status.is_success() {
            Ok(())
        } else if status.is_redirection() {
            Err(format!(
                "answered {status}: a redirect to another address is not followed"
            ))
        } else {
            Err(format!("answered {status}"))
        }
    }
}

fn build() -> Result<reqwest::Client, String> {
    // Fails where a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(Policy::custom(|attempt| {
            if stays(&attempt) {
                attempt.follow()
            } else {
                attempt.stop()
            }
        }))
        .user_agent(concat!("obelus/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .build()
        .map_err(|error| reason(&error))
}

/// Only redirects that keep the POST, within one host: the link goes where the configuration says and nowhere else.
fn stays(attempt: &Attempt<'_>) -> bool {
    let keeps_method =
        [StatusCode::TEMPORARY_REDIRECT, StatusCode::PERMANENT_REDIRECT].contains(&attempt.status());
    let same_host = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    keeps_method && same_host && attempt.previous().len() <= REDIRECTS
}

/// The host and port of a URL.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}
