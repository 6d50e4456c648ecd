//! `GET /voice/{id}/audio`: a memo's ciphertext, to who presents its access token.
//!
//! The body is the ciphertext with its tag; the IV stands in `Memo-Iv` (base64url), what the plain audio is in
//! `Memo-Audio-Format`, when it was recorded in `Memo-Created-At` (RFC 3339), how it is encrypted in `Memo-Encryption`, and
//! in `Memo-Complete` whether the recording came to its end. Pages of any site may ask: the token is the right to. HEAD is
//! answered alike, and counts nothing.

use super::answer;
use super::api::crowd::Place;
use super::client_address::Client;
use super::headers::{self, bearer};
use super::outgoing::Outgoing;
use super::path::Path;
use super::State;
use crate::federation::server::{self, Asker, Proof, Refusal};
use crate::memo::key::MemoId;
use crate::memo::record::Record;
use crate::memo::seal::IV_BYTES;
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::{header, HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Where the IV stands.
const MEMO_IV: HeaderName = HeaderName::from_static("memo-iv");
/// Where the plain audio's media type stands.
const MEMO_AUDIO_FORMAT: HeaderName = HeaderName::from_static("memo-audio-format");
/// Where the time of the recording stands.
const MEMO_CREATED_AT: HeaderName = HeaderName::from_static("memo-created-at");
/// How the body is encrypted.
const MEMO_ENCRYPTION: HeaderName = HeaderName::from_static("memo-encryption");
/// Whether the recording came to its end.
const MEMO_COMPLETE: HeaderName = HeaderName::from_static("memo-complete");

pub(super) async fn get(
    FromState(state): FromState<State>,
    client: Client,
    method: Method,
    Path(id): Path<String>,
    fields: HeaderMap,
) -> Response {
    let Some(token) = bearer(&fields) else {
        let mut response = answer::failure(StatusCode::UNAUTHORIZED, "the memo's access token is missing");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    };
    if let Err(refused) = admit(&state, client, "fetch") {
        return refused;
    }
    let (id, proof) = (id.parse().ok(), Proof::of_token(token));
    let answered = match method {
        Method::HEAD => look(&state, client, id, proof).await,
        _ => fetch(&state, client, id, proof, Asker::OwnPage)
            .await
            .map(Granted::respond),
    };
    answered.unwrap_or_else(|refused| refused)
}

/// What a fetch would be answered, but for the ciphertext: nobody has heard anything, so nothing is counted.
async fn look(state: &State, client: Client, id: Option<MemoId>, proof: Proof) -> Result<Response, Response> {
    let (shared, now) = (state.clone(), state.wall());
    let looked = decide(state, client, "look", id, Asker::OwnPage, move |asker| {
        let policy = &shared.inner.federation.policy;
        server::verify(shared.store(), id, proof, policy, asker, now)
    });
    let record = looked.await?;
    let mut response = Response::new(Body::empty());
    headers::no_store(&mut response);
    let length = HeaderValue::from(record.file_size_bytes);
    response.headers_mut().insert(header::CONTENT_LENGTH, length);
    describe(&mut response, &MemoFields::of(&record));
    Ok(response)
}

/// What is said of ciphertext in header fields.
pub(super) struct MemoFields {
    pub(super) iv: [u8; IV_BYTES],
    pub(super) audio_format: String,
    pub(super) created_at: Option<String>,
    pub(super) encryption: String,
    pub(super) complete: bool,
}

impl MemoFields {
    fn of(record: &Record) -> Self {
        MemoFields {
            iv: record.encryption_iv,
            audio_format: record.audio_format.clone(),
            created_at: Some(record.created_at.to_rfc3339()),
            encryption: record.metadata.encryption.name().to_owned(),
            complete: record.complete,
        }
    }
}

/// Says of an answer what the ciphertext in it is.
pub(super) fn describe(response: &mut Response, memo: &MemoFields) {
    let fields = response.headers_mut();
    fields.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    let iv = URL_SAFE.encode(memo.iv);
    for (name, value) in [
        (MEMO_IV, iv.as_str()),
        (MEMO_AUDIO_FORMAT, &memo.audio_format),
        (MEMO_CREATED_AT, memo.created_at.as_deref().unwrap_or_default()),
        (MEMO_ENCRYPTION, &memo.encryption),
        (MEMO_COMPLETE, if memo.complete { "true" } else { "false" }),
    ] {
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(value)) {
            fields.insert(name, value);
        }
    }
}

/// A memo's place among all that are on their way, and among those on their way to one address.
pub(super) type OnItsWay = (OwnedSemaphorePermit, Place);

/// A place for a memo on its way, which others may have to give back first, but not for long. The error is the answer.
pub(super) async fn place(state: &State, client: Client) -> Result<OnItsWay, Response> {
    let wait = state.inner.memo_wait;
    let own = state.inner.readers.wait(client.address, 1, wait).await;
    let own = own.ok_or_else(answer::busy)?;
    let permit = Arc::clone(&state.inner.memos).acquire_owned();
    match tokio::time::timeout(wait, permit).await {
        Ok(Ok(permit)) => Ok((permit, own)),
        _ => Err(answer::busy()),
    }
}

/// A memo that is given out, and its place.
pub(super) struct Granted {
    pub(super) memo: server::Served,
    pub(super) place: OnItsWay,
}

impl Granted {
    /// The ciphertext as the answer.
    pub(super) fn respond(self) -> Response {
        let (record, outgoing) = self.outgoing();
        let mut response = outgoing.respond();
        describe(&mut response, &MemoFields::of(&record));
        response
    }

    /// What is said of the memo, and its ciphertext on the way.
    pub(super) fn outgoing(self) -> (Record, Outgoing<OnItsWay>) {
        let (record, ciphertext) = (self.memo.record, self.memo.ciphertext);
        let (id, place) = (record.id, self.place);
        let outgoing = Outgoing {
            id,
            ciphertext,
            place,
        };
        (record, outgoing)
    }
}

/// Takes one request off its address's allowance, before anything is done for it. The error is the answer.
pub(super) fn admit(state: &State, client: Client, what: &str) -> Result<(), Response> {
    let allowed = state.limiter().request(client.address, state.now());
    allowed.map_err(|wait| {
        state.log_refusal(client, what, "refused: too many attempts", None);
        answer::too_many(wait)
    })
}

/// Fetches within the limits, and logs the attempt with its outcome. The error is the answer.
pub(super) async fn fetch(
    state: &State,
    client: Client,
    id: Option<MemoId>,
    proof: Proof,
    asker: Asker,
) -> Result<Granted, Response> {
    let place = place(state, client).await?;
    let (shared, now) = (state.clone(), state.wall());
    // The place goes along: whoever goes away meanwhile does not make room before the disk has answered.
    let granted = decide(state, client, "fetch", id, asker, move |asker| {
        let policy = &shared.inner.federation.policy;
        let memo = server::fetch(shared.store(), id, proof, policy, asker, now)?;
        Ok(Granted { memo, place })
    });
    granted.await
}

/// Runs a decision over the store off the async threads, within the limits on attempts at one memo, and logs its outcome.
/// The error is the answer.
pub(super) async fn decide<T: Send + 'static>(
    state: &State,
    client: Client,
    what: &'static str,
    id: Option<MemoId>,
    asker: Asker,
    decision: impl FnOnce(&Asker) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Response> {
    let address = client.address;
    let domain = match &asker {
        Asker::Signed(domain) => Some(domain.to_string()),
        Asker::OwnPage | Asker::UnsignedPeer => None,
    };
    let log = |outcome: &str| {
        let memo = id.map(tracing::field::display);
        tracing::info!(%address, domain, memo, outcome, "{what}");
    };
    let now = state.now();
    let allowed = id.map_or(Ok(()), |id| state.limiter().attempt(id, address, now));
    if let Err(wait) = allowed {
        let memo = id.map(|id| id.to_string());
        state.log_refusal(client, what, "refused: too many attempts", memo.as_deref());
        return Err(answer::too_many(wait));
    }
    let result = match tokio::task::spawn_blocking(move || decision(&asker)).await {
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

pub(super) fn refused(refusal: &Refusal) -> Response {
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
