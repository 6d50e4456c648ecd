//! Header fields that keep pages to themselves.

use super::Peer;
use axum::extract::Request;
use axum::http::header::{self, HeaderName};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

/// Nothing from elsewhere, no inline script or style; the decrypted audio is a blob of the page's own.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; media-src blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// On every answer, unless its resource says otherwise. `Referrer-Policy` keeps an old link's `?key=` out of the requests that
/// its page makes; `frame-ancestors` and `X-Frame-Options` keep the player out of strangers' frames.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    ),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// For how long a browser asks this host by HTTPS alone, once it did: a month, so that an operator who goes back to plain
/// HTTP is not locked out for years. Other hosts of the domain are not ours to speak for.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=2592000";

pub(super) async fn secure(request: Request, next: Next) -> Response {
    // Behind a proxy, it is the proxy's to say.
    let speaks_tls = request.extensions().get::<Peer>().is_some_and(|peer| peer.tls);
    let is_strict = speaks_tls && !is_this_machine(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers
            .entry(name)
            .or_insert_with(|| HeaderValue::from_static(value));
    }
    if is_strict {
        let value = HeaderValue::from_static(STRICT_TRANSPORT_SECURITY);
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

/// Whether it was asked for as `localhost`, where other programs speak plain HTTP to the same browser.
fn is_this_machine(headers: &axum::http::HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let name = host.and_then(|host| host.split(':').next()).unwrap_or_default();
    name.eq_ignore_ascii_case("localhost")
}

/// Nobody on the way keeps this answer, nor does the browser.
pub(super) fn no_store(response: &mut Response) {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// The token after `Bearer` (RFC 6750 2.1).
pub(super) fn bearer(headers: &axum::http::HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
