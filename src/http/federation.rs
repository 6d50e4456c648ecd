//! Voice federation 1.0 over HTTP: discovery, fetch, verify.

use super::answer;
use super::audio::{decide, fetch as fetch_memo};
use super::client_address::Client;
use super::State;
use crate::federation::discovery::Discovery;
use crate::federation::server::{self, Asker, Proof, Refusal};
use crate::limits;
use crate::memo::key::MemoId;
use axum::body::{to_bytes, Body};
use axum::extract::State as FromState;
use axum::http::{header, HeaderValue, StatusCode};
use axum::response::Response;
use axum::Json;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use base64::Engine as _;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use zeroize::{Zeroize as _, Zeroizing};

/// `GET /.well-known/voice-federation`
pub(super) async fn discovery(FromState(state): FromState<State>, client: Client) -> Json<Discovery> {
    let base = &state.inner.base;
    // A proxy that is trusted knows better than a configuration without `public_url` whether HTTPS is spoken.
    let url = match client.https && !base.is_https() {
        true => format!("https://{}", state.inner.domain),
        false => base.url(),
    };
    Json(Discovery::of(&url))
}

/// What a peer asks. Fields that are not named here are no reason to refuse it.
#[derive(Deserialize)]
struct Ask {
    memo_id: String,
    access_key: Option<SecretText>,
    access_token: Option<SecretText>,
}

/// Wiped when dropped.
struct SecretText(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| SecretText(Zeroizing::new(text)))
    }
}

/// What of it a decision needs.
struct Attempt {
    id: Option<MemoId>,
    proof: Proof,
}

/// Reads a request; the error is the answer.
async fn read(state: &State, body: Body) -> Result<Attempt, Response> {
    if !state.inner.serve_unsigned {
        return Err(answer::failure(
            StatusCode::FORBIDDEN,
            "this server answers only signed requests",
        ));
    }
    let bytes = to_bytes(body, limits::HTTP_BODY_BYTES)
        .await
        .map_err(|_| answer::failure(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large"))?;
    let parsed: Result<Ask, _> = serde_json::from_slice(&bytes);
    // The request held a key: nothing of it stays.
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.zeroize();
    }
    let ask = parsed.map_err(|error| malformed(&error))?;
    let proof = match (&ask.access_key, &ask.access_token) {
        (Some(key), None) => Proof::of_key(&key.0),
        (_, Some(_token)) => {
            return Err(answer::failure(
                StatusCode::FORBIDDEN,
                "a request with an access token must be signed",
            ));
        }
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
    })
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
pub(super) async fn fetch(FromState(state): FromState<State>, client: Client, body: Body) -> Response {
    let attempt = match read(&state, body).await {
        Ok(attempt) => attempt,
        Err(refused) => return refused,
    };
    let granted = match fetch_memo(&state, client, attempt.id, attempt.proof, Asker::UnsignedPeer).await {
        Ok(granted) => granted,
        Err(refused) => return refused,
    };
    let record = granted.memo.record;
    let answer = json!({
        "success": true,
        "memo_id": record.id,
        "encrypted_audio_b64": STANDARD.encode(&granted.memo.ciphertext),
        "encryption_iv": URL_SAFE.encode(record.encryption_iv),
        "audio_format": record.audio_format,
        // Whole seconds: a peer may read this into an integer.
        "duration_seconds": record.duration().map(|duration| duration.as_secs_f64().round() as u64),
        "metadata": {"source": record.metadata.source, "created_at": record.created_at.to_rfc3339()},
    });
    let mut response = answer::large(answer.to_string().into(), granted.permit);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// `POST /api/federation/voice/verify`
pub(super) async fn verify(FromState(state): FromState<State>, client: Client, body: Body) -> Response {
    let attempt = match read(&state, body).await {
        Ok(attempt) => attempt,
        Err(refused) => return refused,
    };
    let (store, now) = (state.store().clone(), state.wall());
    let verdict = decide(&state, client, "verify", attempt.id, move || {
        server::verify(&store, attempt.id, attempt.proof, Asker::UnsignedPeer, now)
            .map(|record| json!({"valid": true, "reason": null, "expires_at": record.expires_at.map(|at| at.to_rfc3339())}))
            .or_else(|refusal| match refusal {
                Refusal::Expired(at) => {
                    Ok(json!({"valid": false, "reason": "expired", "expires_at": at.to_rfc3339()}))
                }
                Refusal::UsedUp => Ok(json!({"valid": false, "reason": "expired", "expires_at": null})),
                other => Err(other),
            })
    })
    .await;
    match verdict {
        Ok(verdict) => answer::json(StatusCode::OK, verdict),
        // A wrong key is an answer to the question here, not a failure.
        Err(refused) if refused.status() == StatusCode::NOT_FOUND => answer::json(
            StatusCode::OK,
            json!({"valid": false, "reason": "unknown memo or wrong key", "expires_at": null}),
        ),
        Err(refused) => refused,
    }
}
