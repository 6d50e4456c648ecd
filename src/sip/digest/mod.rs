//! Digest authentication as a client (RFC 7616, RFC 8760; RFC 2069's form for servers without qop).
//!
//! Not here: when to try again. A `Rejected` is final for this password; who asked decides how long to wait.

mod challenge;
mod hash;
#[cfg(test)]
mod tests;

pub use challenge::Challenge;
pub use hash::{Algorithm, Inputs, Qop};

use super::message::{Headers, Method, Uri};
use crate::limits;
use crate::rng::Rng;
use crate::secret::Secret;
use std::fmt::Write as _;

/// One user's credentials, and what the servers told so far: the nonces that they gave and how often each
/// was used.
#[derive(Debug)]
pub struct Authenticator {
    username: String,
    password: Secret,
    rng: Rng,
    spaces: Vec<Space>,
}

/// What is known of one protection space: a realm, of proxies or of the server itself.
#[derive(Debug)]
struct Space {
    is_proxy: bool,
    challenge: Challenge,
    /// Of the session algorithms: the client nonce that went into A1 when the nonce was first used.
    session_cnonce: String,
    /// Requests sent with this nonce.
    count: u32,
    /// A challenge was answered, and nothing has confirmed the credentials since.
    answered: bool,
    /// Challenges in a row that called the nonce stale.
    stale: u32,
}

/// A header to add to the request that is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthHeader {
    /// `Authorization` or `Proxy-Authorization`.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// Why there are no credentials to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthFailure {
    /// The server challenged again after seeing our credentials, and not because the nonce was stale: the
    /// user name or the password is wrong.
    #[error("the server did not accept the user name and password")]
    Rejected,
    /// The response has no challenge that can be read.
    #[error("the server's challenge is missing or malformed")]
    NoChallenge,
    /// Only schemes, algorithms or qualities of protection that are not ours.
    #[error("the server offers no way of authentication that is supported")]
    Unsupported,
    /// The server calls every nonce of its own stale.
    #[error("the server calls each of its own nonces stale")]
    Endless,
}

impl Authenticator {
    /// Credentials; `rng` makes the client nonces.
    pub fn new(username: impl Into<String>, password: Secret, rng: Rng) -> Self {
        Authenticator {
            username: username.into(),
            password,
            rng,
            spaces: Vec::new(),
        }
    }

    /// Answers the challenge of a 401 (`is_proxy` false) or a 407 (true). Of several challenges the one with
    /// the strongest algorithm is taken, of equal ones the first (RFC 8760 2.4 leaves the choice to the
    /// client).
    ///
    /// `body` is the body of the request that is sent again: `auth-int` protects it, where a server offers
    /// nothing else.
    pub fn respond(
        &mut self,
        method: &Method,
        uri: &Uri,
        body: &[u8],
        response_headers: &Headers,
        is_proxy: bool,
    ) -> Result<AuthHeader, AuthFailure> {
        let header = if is_proxy {
            "Proxy-Authenticate"
        } else {
            "WWW-Authenticate"
        };
        let offered = Challenge::parse(response_headers.all(header));
        let challenge = choose(&offered)?;
        let at = self.enter(challenge, is_proxy)?;
        let header = self
            .credentials(at, method, uri, body)
            .ok_or(AuthFailure::Unsupported)?;
        if let Some(space) = self.spaces.get_mut(at) {
            space.answered = true;
        }
        Ok(header)
    }

    /// Credentials for a new request, from the nonces that are known: saves the round of a challenge
    /// (RFC 7616 3.4: the nonce count). Empty before the first challenge. A challenge that comes back all the same
    /// says that the nonce has run out, not that the password is wrong.
    pub fn authorize(&mut self, method: &Method, uri: &Uri, body: &[u8]) -> Vec<AuthHeader> {
        (0..self.spaces.len())
            .filter_map(|at| self.credentials(at, method, uri, body))
            .collect()
    }

    /// The request went through: the credentials are right, and a later challenge only means that the nonce
    /// has run out, whether the server says `stale` or not.
    pub fn accepted(&mut self) {
        for space in &mut self.spaces {
            space.answered = false;
            space.stale = 0;
        }
    }

    /// Forgets all challenges: the next attempt begins anew, as after a back-off.
    pub fn reset(&mut self) {
        self.spaces.clear();
    }

    /// Takes a challenge as the current one of its space; gives the place of the space.
    fn enter(&mut self, challenge: &Challenge, is_proxy: bool) -> Result<usize, AuthFailure> {
        let known = self
            .spaces
            .iter_mut()
            .enumerate()
            .find(|(_, space)| space.is_proxy == is_proxy && space.challenge.realm == challenge.realm);
        let Some((at, space)) = known else {
            if self.spaces.len() >= limits::DIGEST_REALMS {
                self.spaces.remove(0);
            }
            self.spaces.push(Space {
                is_proxy,
                challenge: challenge.clone(),
                session_cnonce: String::new(),
                count: 0,
                answered: false,
                stale: 0,
            });
            return Ok(self.spaces.len() - 1);
        };
        if challenge.stale {
            space.stale += 1;
            if space.stale > limits::DIGEST_STALE {
                return Err(AuthFailure::Endless);
            }
        } else if space.answered {
            return Err(AuthFailure::Rejected);
        }
        if space.challenge.nonce != challenge.nonce {
            space.count = 0;
        }
        space.challenge = challenge.clone();
        Ok(at)
    }

    fn credentials(&mut self, at: usize, method: &Method, uri: &Uri, body: &[u8]) -> Option<AuthHeader> {
        let space = self.spaces.get_mut(at)?;
        let cnonce = self.rng.token(26);
        if space.count == 0 {
            space.session_cnonce.clone_from(&cnonce);
        }
        space.count = space.count.saturating_add(1);
        let challenge = &space.challenge;
        let qop = challenge.best_qop()?;
        let uri = uri.to_string();
        let response = Inputs {
            algorithm: challenge.algorithm?,
            session: challenge.session.then_some(space.session_cnonce.as_str()),
            username: &self.username,
            realm: &challenge.realm,
            password: self.password.expose(),
            nonce: &challenge.nonce,
            cnonce: &cnonce,
            count: space.count,
            qop,
            method: method.as_str(),
            uri: &uri,
            body,
        }
        .response();
        // A session's A1 was made with the first client nonce, so that one is sent where no other is.
        let cnonce = match qop {
            Qop::None if challenge.session => &space.session_cnonce,
            _ => &cnonce,
        };
        Some(AuthHeader {
            name: if space.is_proxy {
                "Proxy-Authorization"
            } else {
                "Authorization"
            },
            value: header_value(
                &self.username,
                challenge,
                &uri,
                &response,
                cnonce,
                space.count,
                qop,
            ),
        })
    }
}

/// The strongest of the challenges that can be answered.
fn choose(offered: &[Challenge]) -> Result<&Challenge, AuthFailure> {
    if offered.is_empty() {
        return Err(AuthFailure::NoChallenge);
    }
    let mut best: Option<&Challenge> = None;
    for challenge in offered
        .iter()
        .filter(|c| c.algorithm.is_some() && c.best_qop().is_some())
    {
        if best.is_none_or(|b| challenge.algorithm > b.algorithm) {
            best = Some(challenge);
        }
    }
    best.ok_or(AuthFailure::Unsupported)
}

/// Which parameters are quoted and which must not be: RFC 7616 3.4 and RFC 3261 25.1.
fn header_value(
    username: &str,
    challenge: &Challenge,
    uri: &str,
    response: &str,
    cnonce: &str,
    count: u32,
    qop: Qop,
) -> String {
    let mut out = String::from("Digest ");
    let _ = write!(
        out,
        "username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
        Quoted(username),
        Quoted(&challenge.realm),
        Quoted(&challenge.nonce),
        Quoted(uri)
    );
    if let Some(name) = &challenge.algorithm_name {
        let _ = write!(out, ", algorithm={name}");
    }
    if let Some(opaque) = &challenge.opaque {
        let _ = write!(out, ", opaque={}", Quoted(opaque));
    }
    if let Some(name) = qop.name() {
        let _ = write!(out, ", qop={name}, nc={count:08x}, cnonce={}", Quoted(cnonce));
    } else if challenge.session {
        let _ = write!(out, ", cnonce={}", Quoted(cnonce));
    }
    out
}

/// Prints a quoted string.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        super::message::write_quoted(f, self.0)
    }
}
