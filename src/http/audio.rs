//! `GET /voice/{id}/audio`: a memo's ciphertext, to who presents its access token.
//!
//! The body is the ciphertext with its tag; the IV stands in `Memo-Iv` (base64url), what the plain audio is in
//! `Memo-Audio-Format`, when it was recorded in `Memo-Created-At` (RFC 3339), how it is encrypted in `Memo-Encryption`, and
//! whether its recording came to its end in `Memo-Complete`. Pages of other servers may ask too: the token is proof
//! enough, and no cookie is ever looked at.

use super::answer;
use super::client_address::Client;
use super::headers::bearer;
use super::State;
use crate::federation::server::{self, Asker, Proof, Refusal};
use crate::memo::key::MemoId;
use axum::extract::{Path, State as FromState};
use axum::http::{header, HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use std::sync::Arc;

/// Where the IV stands.
const MEMO_IV: HeaderName = HeaderName::from_static("memo-iv");
/// Where the plain audio's media type stands.
const MEMO_AUDIO_FORMAT: HeaderName = HeaderName::from_static("memo-audio-format");
/// Where the time of the recording stands.
const MEMO_CREATED_AT: HeaderName = HeaderName::from_static("memo-created-at");
/// Where the way of encryption stands.
const MEMO_ENCRYPTION: HeaderName = HeaderName::from_static("memo-encryption");
/// Whether the recording is whole.
const MEMO_COMPLETE: HeaderName = HeaderName::from_static("memo-complete");

/// What a page of another server may read of an answer.
const EXPOSED: &str =
    "Memo-Iv, Memo-Audio-Format, Memo-Created-At, Memo-Encryption, Memo-Complete, Retry-After, Content-Length";

/// Lets pages of other servers read the answer.
fn for_everybody(mut response: Response) -> Response {
    let fields = response.headers_mut();
    fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    fields.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED),
    );
    response
}

/// `OPTIONS /voice/{id}/audio`: what a browser asks before it sends another page's request with a token.
pub(super) async fn preflight() -> Response {
    let mut response = for_everybody(StatusCode::NO_CONTENT.into_response());
    let fields = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(super) async fn get(
    state: FromState<State>,
    client: Client,
    id: Path<String>,
    headers: HeaderMap,
) -> Response {
    for_everybody(serve(state, client, id, headers).await)
}

async fn serve(
    FromState(state): FromState<State>,
    client: Client,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(token) = bearer(&headers) else {
        let mut response = answer::failure(StatusCode::UNAUTHORIZED, "the memo's access token is missing");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    };
    let proof = Proof::of_token(token);
    let served = match fetch(&state, client, id.parse().ok(), proof, Asker::OwnPage).await {
        Ok(served) => served,
        Err(refused) => return refused,
    };
    let record = served.memo.record;
    let mut response = answer::large(served.memo.ciphertext.into(), served.permit);
    let fields = response.headers_mut();
    fields.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    for (name, value) in [
        (MEMO_IV, URL_SAFE.encode(record.encryption_iv)),
        (MEMO_AUDIO_FORMAT, record.audio_format),
        (MEMO_CREATED_AT, record.created_at.to_rfc3339()),
        (MEMO_ENCRYPTION, record.metadata.encryption.name().to_owned()),
        (MEMO_COMPLETE, record.complete.to_string()),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            fields.insert(name, value);
        }
    }
    response
}

/// A memo that is given out, and the permit to hold it in memory.
pub(super) struct Granted {
    pub(super) memo: server::Served,
    pub(super) permit: tokio::sync::OwnedSemaphorePermit,
}

/// Fetches within the limits, and logs the attempt with its outcome. The error is the answer.
pub(super) async fn fetch(
    state: &State,
    client: Client,
    id: Option<MemoId>,
    proof: Proof,
    asker: Asker,
) -> Result<Granted, Response> {
    let permit = Arc::clone(&state.inner.bodies)
        .acquire_owned()
        .await
        .map_err(|_| answer::busy())?;
    let memo = decide(state, client, "fetch", id, {
        let (store, now) = (state.store().clone(), state.wall());
        move || server::fetch(&store, id, proof, asker, now)
    })
    .await?;
    Ok(Granted { memo, permit })
}

/// Runs a decision over the store off the async threads, within the limits on attempts, and logs its outcome. The
/// error is the answer.
pub(super) async fn decide<T: Send + 'static>(
    state: &State,
    client: Client,
    what: &'static str,
    id: Option<MemoId>,
    decision: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Response> {
    let address = client.address;
    let log = |outcome: &str| {
        let memo = id.map(tracing::field::display);
        tracing::info!(%address, memo, outcome, "{what}");
    };
    let now = state.now();
    let allowed = {
        let mut limiter = state.limiter();
        let allowed = limiter.request(address, now);
        allowed.and_then(|()| id.map_or(Ok(()), |id| limiter.attempt(id, address, now)))
    };
    if let Err(wait) = allowed {
        log("refused: too many attempts");
        return Err(answer::too_many(wait));
    }
    let result = match tokio::task::spawn_blocking(decision).await {
        Ok(result) => result,
        Err(_) => return Err(answer::broken()),
    };
    result.inspect(|_| log("served")).map_err(|refusal| {
        log(&refusal.to_string());
        if let (Refusal::Unknown, Some(id)) = (&refusal, id) {
            state.limiter().wrong(id, address, now);
        }
        refused(&refusal)
    })
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::Unknown => StatusCode::NOT_FOUND,
        Refusal::Expired(_) | Refusal::UsedUp => StatusCode::GONE,
        Refusal::NotShared => StatusCode::FORBIDDEN,
        Refusal::Failed(error) => {
            tracing::error!(%error, "a memo could not be read");
            return answer::broken();
        }
    };
    answer::failure(status, &refusal.to_string())
}
