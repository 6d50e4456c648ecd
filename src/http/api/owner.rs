//! Who owns a mailbox: whoever presents the listing token that only the owner's secret gives.
//!
//! A mailbox that does not exist and a token that is another's are one answer, reached by the same work.

use super::blocking;
use crate::http::client_address::Client;
use crate::http::headers::bearer;
use crate::http::{answer, State};
use crate::memo::owner::ListingToken;
use crate::memo::token::Verifier;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{header, HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use subtle::Choice;

/// A request that the mailbox's owner makes.
pub(super) struct Owner {
    /// The mailbox.
    pub(super) mailbox: String,
}

impl FromRequestParts<State> for Owner {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Response> {
        let Ok(client) = Client::from_request_parts(parts, state).await;
        let mailbox = mailbox_of(parts, state).await?;
        let Some(token) = presented(&parts.headers) else {
            return Err(missing());
        };
        if let Err(wait) = state.limiter().may_prove(&mailbox, client.address, state.now()) {
            state.log_refusal(client, "owner", "refused: too many attempts", Some(&mailbox));
            return Err(answer::too_many(wait));
        }
        let (store, name) = (state.store().clone(), mailbox.clone());
        let (owner, known) = blocking(move || store.mailboxes().owner_or_decoy(&name)).await?;
        let right = Choice::from(u8::from(owner.listing_token_hash.matches(&token.verifier)));
        if !bool::from(right & Choice::from(u8::from(known)) & Choice::from(u8::from(token.is_one))) {
            state.log_refusal(
                client,
                "owner",
                "refused: unknown mailbox or wrong key",
                Some(&mailbox),
            );
            state.limiter().wrong_owner(&mailbox, client.address, state.now());
            return Err(wrong());
        }
        match state.limiter().owner(&mailbox, client.address, state.now()) {
            Ok(()) => Ok(Owner { mailbox }),
            Err(wait) => Err(answer::too_many(wait)),
        }
    }
}

/// The mailbox of the path.
pub(super) async fn mailbox_of(parts: &mut Parts, state: &State) -> Result<String, Response> {
    let params = RawPathParams::from_request_parts(parts, state).await;
    params
        .ok()
        .and_then(|params| {
            let mut all = params.iter();
            all.find(|(key, _)| *key == "mailbox")
                .map(|(_, name)| name.to_owned())
        })
        .ok_or_else(wrong)
}

/// A token as it came.
pub(super) struct Presented {
    /// Of the token; of nothing where the text is none.
    pub(super) verifier: Verifier,
    /// Whether the text is a token at all. One that is not takes the same way as a wrong one.
    pub(super) is_one: bool,
}

/// The bearer token of a request, where it has one.
pub(super) fn presented(headers: &HeaderMap) -> Option<Presented> {
    let token = ListingToken::from_text(bearer(headers)?).ok();
    Some(Presented {
        is_one: token.is_some(),
        verifier: token.map_or_else(Verifier::nothing, |token| token.verifier()),
    })
}

/// 401 without a token.
pub(super) fn missing() -> Response {
    unauthorized("the mailbox's listing token is missing")
}

/// 401 for another's, or for a mailbox that there is not.
pub(super) fn wrong() -> Response {
    unauthorized("unknown mailbox or wrong key")
}

fn unauthorized(why: &str) -> Response {
    let mut response = answer::failure(StatusCode::UNAUTHORIZED, why);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
