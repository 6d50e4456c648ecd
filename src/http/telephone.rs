//! `POST /api/federation/voice/telephone`: a memo by its telephone code, for callers of other domains.
//!
//! Asked twice, by signed requests alone: by the locator, for how its code becomes a key; then with the proof that the code
//! was keyed, for the wrapped key and the memo. Wrong proofs are counted here, by lock, by domain and by address.

use super::answer;
use super::audio::{self, admit, refused, OnItsWay};
use super::body;
use super::federation::{log_refused, who, Head, SecretText};
use super::outgoing::Outgoing;
use super::State;
use crate::federation::domain::Domain;
use crate::federation::server::{Asker, Refusal};
use crate::federation::telephone::{self, Asked, Unlocked};
use crate::limits;
use crate::memo::telephone::code::{Locator, Proof};
use axum::body::Body;
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::Response;
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use serde::Deserialize;
use serde_json::{json, Value};
use zeroize::Zeroize as _;

/// What another domain asks.
#[derive(Deserialize)]
struct Ask {
    locator: String,
    proof: Option<SecretText>,
    #[serde(default)]
    requesting_domain: Value,
}

/// What of it a decision needs.
struct Attempt {
    domain: Domain,
    locator: Locator,
    proof: Option<Proof>,
}

pub(super) async fn post(FromState(state): FromState<State>, head: Head, body: Body) -> Response {
    let answered = match read(&state, &head, body).await {
        Ok(Attempt {
            domain,
            locator,
            proof: Some(proof),
        }) => open(&state, &head, domain, locator, proof).await,
        Ok(attempt) => parameters(&state, attempt.domain, attempt.locator).await,
        Err(refused) => Err(refused),
    };
    answered.unwrap_or_else(|refused| refused)
}

async fn read(state: &State, head: &Head, body: Body) -> Result<Attempt, Response> {
    admit(state, head.client, "telephone")?;
    let bytes = body::whole(body, limits::HTTP_BODY_BYTES).await?;
    let attempt = understand(state, head, &bytes).await;
    // It may have held a proof, which is a secret until it was compared.
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.zeroize();
    }
    attempt
}

async fn understand(state: &State, head: &Head, bytes: &[u8]) -> Result<Attempt, Response> {
    let malformed = |what: &str| {
        let text = format!("the request is malformed: {what}");
        answer::failure(StatusCode::BAD_REQUEST, &text)
    };
    let ask: Ask = serde_json::from_slice(bytes)
        .map_err(|_| malformed("locator and proof must be strings, in one JSON object"))?;
    let Asker::Signed(domain) = who(state, "telephone", head, bytes, &ask.requesting_domain).await? else {
        log_refused(head, "telephone", "refused: unsigned");
        let text = "a request by telephone code must be signed";
        return Err(answer::failure_with_code(StatusCode::FORBIDDEN, text, "unsigned"));
    };
    if !state.federation().policy.serves(&domain) {
        log_refused(
            head,
            "telephone",
            "refused: another domain than those that are trusted",
        );
        let text = "this server answers only domains that it names";
        return Err(answer::failure(StatusCode::FORBIDDEN, text));
    }
    let locator = ask.locator.parse();
    let proof = ask.proof.map(|proof| Proof::from_text(&proof.0)).transpose();
    Ok(Attempt {
        domain,
        locator: locator.map_err(|_| malformed("locator is no six digits"))?,
        proof: proof.map_err(|_| malformed("proof is none"))?,
    })
}

async fn parameters(state: &State, domain: Domain, locator: Locator) -> Result<Response, Response> {
    let told = decide(state, domain, move |state, asked| {
        telephone::parameters(state.store(), locator, asked).map_err(Refusal::Failed)
    });
    let told = told.await?.map_err(|refusal| refused(&refusal))?;
    let mut answer = json!(told);
    answer["success"] = json!(true);
    Ok(answer::json(StatusCode::OK, answer))
}

async fn open(
    state: &State,
    head: &Head,
    domain: Domain,
    locator: Locator,
    proof: Proof,
) -> Result<Response, Response> {
    let (address, name) = (head.client.address, domain.to_string());
    let log = |memo: Option<String>, outcome: &str| {
        tracing::info!(%address, domain = name, memo, outcome, "telephone");
    };
    let allowed = state.limiter().code(&name, address, state.now());
    allowed.map_err(|wait| {
        state.log_refusal(
            head.client,
            "telephone",
            "refused: too many wrong codes",
            Some(&name),
        );
        answer::too_many(wait)
    })?;
    let place = audio::place(state, head.client).await?;
    let now = state.wall();
    let opened = decide(state, domain, move |state, asked| {
        // The place goes along: whoever goes away meanwhile does not make room before the disk has answered.
        (telephone::open(state.store(), locator, &proof, asked, now), place)
    });
    let (opened, place) = opened.await?;
    if !matches!(opened, Err(Refusal::Unknown)) {
        state.limiter().code_was_right(&name, address);
    }
    match opened {
        Ok(unlocked) => {
            log(Some(unlocked.record.id.to_string()), "served");
            Ok(respond(unlocked, place))
        }
        Err(Refusal::Unknown) => {
            log(None, "no such code");
            Err(answer::failure(StatusCode::NOT_FOUND, "no memo has this code"))
        }
        Err(refusal) => {
            log(None, &refusal.to_string());
            Err(refused(&refusal))
        }
    }
}

/// Runs a decision over the store off the async threads.
async fn decide<T: Send + 'static>(
    state: &State,
    domain: Domain,
    decision: impl FnOnce(&State, &Asked<'_>) -> T + Send + 'static,
) -> Result<T, Response> {
    let state = state.clone();
    let decided = tokio::task::spawn_blocking(move || {
        let asked = Asked {
            domain,
            policy: &state.federation().policy,
            takes_codes: &|mailbox| state.permits_telephone(mailbox),
        };
        decision(&state, &asked)
    });
    decided.await.map_err(|_| answer::broken())
}

fn respond(unlocked: Unlocked, place: OnItsWay) -> Response {
    let record = &unlocked.record;
    let (iv, ct) = unlocked.wrapped.to_text();
    let fields = json!({
        "success": true,
        "memo_id": record.id,
        "iv": iv,
        "ct": ct,
        "encryption_iv": URL_SAFE.encode(record.encryption_iv),
        "encryption": record.metadata.encryption,
        "audio_format": record.audio_format,
        "complete": record.complete,
    });
    let (id, ciphertext) = (record.id, unlocked.ciphertext);
    Outgoing {
        id,
        ciphertext,
        place,
    }
    .respond_within(&fields)
}
