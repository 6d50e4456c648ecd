//! Voice federation over HTTP: discovery, fetch, verify, in versions 1.0 and 1.1.

use super::answer;
use super::audio::{admit, decide, fetch as fetch_memo};
use super::body;
use super::client_address::Client;
use super::State;
use crate::federation::authenticate::{authenticate, AuthenticationError, Request};
use crate::federation::discovery::Discovery;
use crate::federation::nonces::NonceError;
use crate::federation::server::{self, Asker, Proof, Refusal};
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use axum::body::{Body, Bytes};
use axum::extract::State as FromState;
use axum::http::{header, HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use axum::Json;
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use serde::{Deserialize, Deserializer};
use serde_json::{json, Value};
use std::time::SystemTime;
use zeroize::{Zeroize as _, Zeroizing};

/// `GET /.well-known/voice-federation`
pub(super) async fn discovery(FromState(state): FromState<State>, client: Client) -> Json<Discovery> {
    let node = &state.inner.federation;
    let trusted = node.policy.trusted().to_vec();
    let url = own_url(&state, client);
    let ours = Discovery::of(&url, &node.identity, trusted);
    Json(match state.takes_codes() {
        true => ours.with_telephone(&url),
        false => ours,
    })
}

/// What stands before this server's paths.
fn own_url(state: &State, client: Client) -> String {
    let base = &state.inner.base;
    // A proxy that is trusted knows better than a configuration without `public_url` whether HTTPS is spoken.
    match client.https && !base.is_https() {
        true => format!("https://{}", state.inner.domain),
        false => base.url(),
    }
}

/// What a peer asks. Fields that are not named here are no reason to refuse it.
#[derive(Deserialize)]
struct Ask {
    memo_id: String,
    access_key: Option<SecretText>,
    access_token: Option<SecretText>,
    #[serde(default)]
    requesting_domain: Value,
}

/// Wiped when dropped.
pub(super) struct SecretText(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| SecretText(Zeroizing::new(text)))
    }
}

/// What of it a decision needs.
struct Attempt {
    id: Option<MemoId>,
    proof: Proof,
    asker: Asker,
}

/// What surrounds a request.
pub(super) struct Head {
    pub(super) client: Client,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl axum::extract::FromRequestParts<State> for Head {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &State,
    ) -> Result<Self, Self::Rejection> {
        Ok(Head {
            client: Client::from_request_parts(parts, state).await?,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers: std::mem::take(&mut parts.headers),
        })
    }
}

impl Head {
    /// A field's lines, joined by commas. What is no text is told by the parser that meets it.
    fn field(&self, name: &str) -> Option<String> {
        let lines: Vec<_> = self.headers.get_all(name).iter().collect();
        let text = |line: &&HeaderValue| String::from_utf8_lossy(line.as_bytes()).trim().to_owned();
        (!lines.is_empty()).then(|| lines.iter().map(text).collect::<Vec<_>>().join(", "))
    }

    /// The URLs that a peer may have signed: what our discovery document says, and the same by HTTPS where it says HTTP,
    /// since peers that know better than we do whether a proxy speaks TLS for us ask by HTTPS.
    fn target_uris(&self, state: &State) -> Vec<String> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let announced = own_url(state, self.client);
        let mut bases = vec![announced.clone()];
        bases.extend(
            announced
                .strip_prefix("http://")
                .map(|rest| format!("https://{rest}")),
        );
        bases.into_iter().map(|base| format!("{base}{path}")).collect()
    }
}

/// Reads a request, and finds out who asks; the error is the answer.
async fn read(state: &State, what: &'static str, head: &Head, body: Body) -> Result<Attempt, Response> {
    admit(state, head.client, what)?;
    let bytes = body::whole(body, limits::HTTP_BODY_BYTES).await?;
    let attempt = understand(state, what, head, &bytes).await;
    // The request held a key or a token: nothing of it stays.
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.zeroize();
    }
    attempt
}

async fn understand(
    state: &State,
    what: &'static str,
    head: &Head,
    bytes: &Bytes,
) -> Result<Attempt, Response> {
    let ask: Ask = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    let asker = who(state, what, head, bytes, &ask.requesting_domain).await?;
    let proof = match (&ask.access_token, &ask.access_key) {
        (Some(_), _) if asker == Asker::UnsignedPeer => {
            log_refused(head, what, "refused: a token without a signature");
            let text = "a request with an access token must be signed";
            return Err(answer::failure_with_code(StatusCode::FORBIDDEN, text, "unsigned"));
        }
        (Some(token), _) => Proof::of_token(&token.0),
        (None, Some(key)) => Proof::of_key(&key.0),
        (None, None) => {
            return Err(answer::failure(
                StatusCode::BAD_REQUEST,
                "the request is malformed: access_key is missing",
            ));
        }
    };
    Ok(Attempt {
        id: ask.memo_id.parse().ok(),
        proof,
        asker,
    })
}

/// Who asks, as far as it is proven.
pub(super) async fn who(
    state: &State,
    what: &'static str,
    head: &Head,
    body: &[u8],
    claimed: &Value,
) -> Result<Asker, Response> {
    let node = &state.inner.federation;
    let (input, signature, digest) = (
        head.field("signature-input"),
        head.field("signature"),
        head.field("content-digest"),
    );
    let request = Request {
        method: head.method.as_str(),
        target_uris: &head.target_uris(state),
        signature_input: input.as_deref(),
        signature: signature.as_deref(),
        content_digest: digest.as_deref(),
        body,
    };
    let now = state.both_clocks();
    match authenticate(
        request,
        claimed.as_str(),
        &node.peers,
        &node.nonces,
        &node.marks,
        now,
    )
    .await
    {
        Ok(Some(domain)) => Ok(Asker::Signed(domain)),
        Ok(None) if node.policy.serves_unsigned() => Ok(Asker::UnsignedPeer),
        Ok(None) => {
            log_refused(head, what, "refused: unsigned");
            let text = "this server answers only signed requests";
            Err(answer::failure_with_code(StatusCode::FORBIDDEN, text, "unsigned"))
        }
        Err(error) => {
            let claimed = claimed.as_str().filter(|claimed| claimed.len() <= 253);
            let address = head.client.address;
            tracing::info!(%address, claimed, outcome = %error, "{what}");
            Err(not_authentic(&error))
        }
    }
}

pub(super) fn log_refused(head: &Head, what: &str, outcome: &str) {
    tracing::info!(address = %head.client.address, outcome, "{what}");
}

fn not_authentic(error: &AuthenticationError) -> Response {
    let status = match error {
        AuthenticationError::Signature(error) if error.is_malformed() => StatusCode::BAD_REQUEST,
        AuthenticationError::NoDomain => StatusCode::BAD_REQUEST,
        AuthenticationError::Nonce(NonceError::Full | NonceError::NotKept) => StatusCode::SERVICE_UNAVAILABLE,
        AuthenticationError::Keys(error) if error.is_passing() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    };
    let mut response = answer::failure_with_code(status, &error.to_string(), error.code());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let secs = limits::DISCOVERY_FAILURE_AGE.as_secs();
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(secs));
    }
    response
}

/// Says where a request is malformed, and nothing of what it held.
fn malformed(error: &serde_json::Error) -> Response {
    let what = match error.classify() {
        serde_json::error::Category::Data => {
            "the request is malformed: memo_id and access_key must be strings, in one JSON object"
        }
        _ => "the request is malformed: it is not JSON",
    };
    answer::failure(StatusCode::BAD_REQUEST, what)
}

/// `POST /api/federation/voice/fetch`
pub(super) async fn fetch(FromState(state): FromState<State>, head: Head, body: Body) -> Response {
    let attempt = match read(&state, "fetch", &head, body).await {
        Ok(attempt) => attempt,
        Err(refused) => return refused,
    };
    let granted = match fetch_memo(&state, head.client, attempt.id, attempt.proof, attempt.asker).await {
        Ok(granted) => granted,
        Err(refused) => return refused,
    };
    let (record, outgoing) = granted.outgoing();
    let fields = json!({
        "success": true,
        "memo_id": record.id,
        "encryption_iv": URL_SAFE.encode(record.encryption_iv),
        "encryption": record.metadata.encryption,
        "audio_format": record.audio_format,
        "complete": record.complete,
        // Whole seconds: a peer may read this into an integer.
        "duration_seconds": record.duration().map(|duration| duration.as_secs_f64().round() as u64),
        "max_age_seconds": max_age_secs(&record, state.wall()),
        "metadata": {"source": record.metadata.source, "created_at": record.created_at.to_rfc3339()},
    });
    outgoing.respond_within(&fields)
}

/// How long another domain may keep the ciphertext: not at all where fetches are counted, nor beyond the memo's end.
fn max_age_secs(record: &Record, now: SystemTime) -> u64 {
    let most = limits::FETCH_CACHE_TIME.as_secs();
    let left = record.expires_at.map_or(most, |Millis(expiry)| {
        expiry.saturating_sub(Millis::from_time(now).0) / 1_000
    });
    match record.max_accesses {
        None => left.min(most),
        Some(_) => 0,
    }
}

/// `POST /api/federation/voice/verify`
pub(super) async fn verify(FromState(state): FromState<State>, head: Head, body: Body) -> Response {
    let attempt = match read(&state, "verify", &head, body).await {
        Ok(attempt) => attempt,
        Err(refused) => return refused,
    };
    let verdict = |valid: bool, reason: Option<&str>, expires_at: Option<Millis>| json!({"valid": valid, "reason": reason, "expires_at": expires_at.map(Millis::to_rfc3339)});
    let (shared, now) = (state.clone(), state.wall());
    let found = decide(
        &state,
        head.client,
        "verify",
        attempt.id,
        attempt.asker,
        move |asker| {
            let policy = &shared.inner.federation.policy;
            server::verify(shared.store(), attempt.id, attempt.proof, policy, asker, now)
                .map(|record| verdict(true, None, record.expires_at))
                .or_else(|refusal| match refusal {
                    Refusal::Expired(at) => Ok(verdict(false, Some("expired"), Some(at))),
                    Refusal::UsedUp => Ok(verdict(false, Some("expired"), None)),
                    other => Err(other),
                })
        },
    )
    .await;
    match found {
        Ok(verdict) => answer::json(StatusCode::OK, verdict),
        // A wrong key is an answer to the question here, not a failure.
        Err(refused) if refused.status() == StatusCode::NOT_FOUND => answer::json(
            StatusCode::OK,
            verdict(false, Some("unknown memo or wrong key"), None),
        ),
        Err(refused) => refused,
    }
}
