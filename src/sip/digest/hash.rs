//! The computation (RFC 7616 3.4.1).

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};
use zeroize::Zeroizing;

/// The hash; ordered by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// MD5: broken for signatures, and what nearly every trunk uses.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512Of256,
}

/// What the response protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// The form of RFC 2069, without count or client nonce.
    None,
    /// Method and URI.
    Auth,
    /// Method, URI and body.
    AuthInt,
}

impl Qop {
    /// As it stands in the header.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Qop::None => None,
            Qop::Auth => Some("auth"),
            Qop::AuthInt => Some("auth-int"),
        }
    }
}

impl Algorithm {
    /// By its registered name, without case and without `-sess`.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            ("MD5", Algorithm::Md5),
            ("SHA-256", Algorithm::Sha256),
            ("SHA-512-256", Algorithm::Sha512Of256),
        ]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, algorithm)| algorithm)
    }

    /// The hash of the parts with colons between, in hexadecimal. The parts are hashed one by one, so that no
    /// buffer ever holds the password beside them.
    fn join(self, parts: &[&[u8]]) -> Zeroizing<String> {
        fn run<D: Digest>(parts: &[&[u8]]) -> Zeroizing<String> {
            let mut hasher = D::new();
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    hasher.update(b":");
                }
                hasher.update(part);
            }
            let digest = hasher.finalize();
            Zeroizing::new(hex::encode(&digest[..]))
        }
        match self {
            Algorithm::Md5 => run::<Md5>(parts),
            Algorithm::Sha256 => run::<Sha256>(parts),
            Algorithm::Sha512Of256 => run::<Sha512_256>(parts),
        }
    }
}

/// All that goes into a response.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The hash.
    pub algorithm: Algorithm,
    /// For a `-sess` algorithm, the client nonce of the session's first request.
    pub session: Option<&'a str>,
    /// Who.
    pub username: &'a str,
    /// From the challenge.
    pub realm: &'a str,
    /// The password itself.
    pub password: &'a str,
    /// From the challenge.
    pub nonce: &'a str,
    /// Ours; unused without qop.
    pub cnonce: &'a str,
    /// How often the nonce was used, this time included; unused without qop.
    pub count: u32,
    /// What is protected.
    pub qop: Qop,
    /// Of the request.
    pub method: &'a str,
    /// As it stands in the header's `uri`.
    pub uri: &'a str,
    /// Of the request; unused but for `auth-int`.
    pub body: &'a [u8],
}

impl Inputs<'_> {
    /// The `response` value, in hexadecimal.
    pub fn response(&self) -> String {
        let hash = self.algorithm;
        let nonce = self.nonce.as_bytes();
        let mut a1 = hash.join(&[
            self.username.as_bytes(),
            self.realm.as_bytes(),
            self.password.as_bytes(),
        ]);
        if let Some(cnonce) = self.session {
            a1 = hash.join(&[a1.as_bytes(), nonce, cnonce.as_bytes()]);
        }
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let a2 = match self.qop {
            Qop::AuthInt => hash.join(&[method, uri, hash.join(&[self.body]).as_bytes()]),
            Qop::None | Qop::Auth => hash.join(&[method, uri]),
        };
        let response = match self.qop.name() {
            None => hash.join(&[a1.as_bytes(), nonce, a2.as_bytes()]),
            Some(qop) => {
                let count = format!("{:08x}", self.count);
                let cnonce = self.cnonce.as_bytes();
                hash.join(&[
                    a1.as_bytes(),
                    nonce,
                    count.as_bytes(),
                    cnonce,
                    qop.as_bytes(),
                    a2.as_bytes(),
                ])
            }
        };
        response.as_str().to_owned()
    }
}

impl std::fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The password is among the fields.
        f.debug_struct("Inputs").finish_non_exhaustive()
    }
}
