//! Whether the operator asks: by the bearer token `admin_token`. Guesses at it are bounded like those at a mailbox's, and
//! an address that was not wrong gets its attempt however many others guess.

use super::answer;
use super::client_address::Client;
use super::headers::bearer;
use super::State;
use axum::http::{header, HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

/// The error is the answer. Where there is no such token, nobody is the operator.
pub(super) fn prove(state: &State, client: Client, headers: &HeaderMap) -> Result<(), Response> {
    let Some(given) = bearer(headers) else {
        return Err(unauthorized());
    };
    let now = state.now();
    let allowed = state.limiter().may_prove_operator(client.address, now);
    if let Err(wait) = allowed {
        state.log_refusal(client, "operator", "refused: too many attempts", None);
        return Err(answer::too_many(wait));
    }
    if state.is_admin(given) {
        state.limiter().operator(client.address, now);
        return Ok(());
    }
    state.limiter().wrong_operator(client.address, now);
    state.log_refusal(client, "operator", "refused: wrong admin token", None);
    Err(unauthorized())
}

fn unauthorized() -> Response {
    let mut response = answer::failure(StatusCode::UNAUTHORIZED, "the admin token is missing or wrong");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
