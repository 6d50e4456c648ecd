//! Challenges: WWW-Authenticate and Proxy-Authenticate (RFC 7616 3.3).

use super::{Algorithm, Qop};
use crate::limits;
use crate::sip::message::{is_token, split_quoted, unquote};

/// One Digest challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The realm, quotes and escapes undone.
    pub realm: String,
    /// The nonce.
    pub nonce: String,
    /// To be sent back as it came.
    pub opaque: Option<String>,
    /// The algorithm; None for one that is not known.
    pub algorithm: Option<Algorithm>,
    /// The algorithm's name as the server spelt it, where it named one.
    pub algorithm_name: Option<String>,
    /// Whether the algorithm is a `-sess` form.
    pub session: bool,
    /// The last nonce was stale; the credentials may well be right.
    pub stale: bool,
    /// The qualities of protection offered; None where the server knows none (RFC 2069).
    pub qop: Option<Vec<String>>,
}

impl Challenge {
    /// Reads the challenges of all header fields given. A field may hold several, separated by the same commas
    /// as the parameters in each. Those of other schemes, and those without realm or nonce, are left out.
    pub fn parse<'a>(fields: impl Iterator<Item = &'a str>) -> Vec<Challenge> {
        let mut challenges = Vec::new();
        for field in fields {
            // None while the parameters belong to a scheme that is not ours.
            let mut current: Option<Draft> = None;
            for piece in split_quoted(field) {
                let (scheme, param) = split_scheme(piece);
                if let Some(scheme) = scheme {
                    challenges.extend(current.take().and_then(Draft::finish));
                    current = scheme.eq_ignore_ascii_case("Digest").then(Draft::default);
                }
                if let Some(draft) = &mut current {
                    draft.param(param);
                }
            }
            challenges.extend(current.and_then(Draft::finish));
        }
        challenges.truncate(limits::DIGEST_CHALLENGES);
        challenges
    }

    /// The quality of protection to use; None where none offered is known. `auth` comes first: `auth-int`
    /// breaks wherever a middle box touches the body.
    pub(super) fn best_qop(&self) -> Option<Qop> {
        let Some(offered) = &self.qop else {
            return Some(Qop::None);
        };
        let has = |name: &str| offered.iter().any(|q| q.eq_ignore_ascii_case(name));
        if has("auth") {
            Some(Qop::Auth)
        } else if has("auth-int") {
            Some(Qop::AuthInt)
        } else {
            None
        }
    }
}

/// A challenge of which not all parameters are read.
#[derive(Default)]
struct Draft {
    challenge: Challenge,
    realm: Option<String>,
    nonce: Option<String>,
}

impl Draft {
    fn param(&mut self, text: &str) {
        let Some((name, value)) = text.split_once('=') else {
            return;
        };
        let value = unquote(value.trim());
        match name.trim().to_ascii_lowercase().as_str() {
            "realm" => self.realm = Some(value),
            "nonce" => self.nonce = Some(value),
            "opaque" => self.challenge.opaque = Some(value),
            "stale" => self.challenge.stale = value.eq_ignore_ascii_case("true"),
            "algorithm" if is_token(&value) => self.challenge.algorithm_name = Some(value),
            // A name that is no token must not be sent back; without one it would be taken for MD5.
            "algorithm" => self.challenge.algorithm_name = Some("unknown".into()),
            "qop" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                let names: Vec<String> = names.map(str::to_owned).collect();
                self.challenge.qop = Some(names).filter(|names| !names.is_empty());
            }
            _ => {}
        }
    }

    fn finish(self) -> Option<Challenge> {
        let mut challenge = self.challenge;
        challenge.realm = self.realm?;
        challenge.nonce = self.nonce?;
        // RFC 7616 3.3: where none is named, it is MD5.
        let name = challenge.algorithm_name.as_deref().unwrap_or("MD5");
        let (name, session) = match name.len().checked_sub(5).and_then(|at| name.split_at_checked(at)) {
            Some((name, suffix)) if suffix.eq_ignore_ascii_case("-sess") => (name, true),
            _ => (name, false),
        };
        challenge.session = session;
        challenge.algorithm = Algorithm::from_name(name);
        Some(challenge)
    }
}

/// Splits `Digest realm="x"` into scheme and parameter; a piece without a scheme is a parameter alone.
fn split_scheme(piece: &str) -> (Option<&str>, &str) {
    let Some((word, rest)) = piece.split_once([' ', '\t']) else {
        // A scheme alone (`Negotiate`) has no equals sign.
        return if piece.contains('=') {
            (None, piece)
        } else {
            (Some(piece), "")
        };
    };
    let rest = rest.trim();
    if word.contains('=') || rest.starts_with('=') {
        (None, piece)
    } else {
        (Some(word), rest)
    }
}
