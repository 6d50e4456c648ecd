//! A mailbox's owner: a key pair whose private half the server never has.
//!
//! The private half is one seed of 32 bytes, made by the owner's browser or command line, shown once in the inbox link.
//! From it follow the public key, to which envelopes are sealed, and the listing token, which authorises the owner's
//! requests; the server keeps the public key and the token's hash.

use super::key::secret_bytes;
use super::text::{self, SecretTextError};
use super::token::Verifier;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use hkdf::Hkdf;
use hpke::{Deserializable as _, Serializable as _};
use sha2::Sha256;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use zeroize::Zeroizing;

/// HKDF's info for the listing token.
const LISTING_INFO: &[u8] = b"voice-memo/1 listing";

/// How envelopes are sealed to an owner: the key encapsulation mechanism of HPKE (RFC 9180).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kem {
    /// X25519 with ML-KEM-768 (X-Wing, 0x647a): safe as long as either of the two is.
    #[default]
    XWing,
    /// DHKEM(X25519, HKDF-SHA256), 0x0020: shorter keys, and what the oldest browsers have.
    X25519,
}

impl Kem {
    /// Its name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kem::XWing => "xwing",
            Kem::X25519 => "x25519",
        }
    }
}

impl fmt::Display for Kem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kem {
    type Err = OwnerKeyError;

    fn from_str(text: &str) -> Result<Self, OwnerKeyError> {
        [Kem::XWing, Kem::X25519]
            .into_iter()
            .find(|kem| kem.name() == text)
            .ok_or(OwnerKeyError::Kem)
    }
}

/// Why something is no owner's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OwnerKeyError {
    /// A mechanism that this program does not know.
    #[error("the kind of key is neither xwing nor x25519")]
    Kem,
    /// Text or bytes that are no public key of that mechanism.
    #[error("not a public key")]
    PublicKey,
}

secret_bytes! {
    /// The owner's private key: for [`Kem::XWing`] the seed of its private key, for [`Kem::X25519`] the private key
    /// itself. Stands in the inbox link's fragment, and never on the server.
    OwnerSeed
}

impl OwnerSeed {
    /// The seed of these bytes, which the caller wipes.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Self {
        OwnerSeed(Box::new(*bytes))
    }

    /// The public key that belongs to it.
    pub fn public_key(&self, kem: Kem) -> OwnerPublicKey {
        let bytes = match kem {
            Kem::XWing => public_bytes::<hpke::kem::XWing>(self.bytes()),
            Kem::X25519 => public_bytes::<hpke::kem::X25519HkdfSha256>(self.bytes()),
        };
        OwnerPublicKey { kem, bytes }
    }

    /// What authorises the owner's requests.
    pub fn listing_token(&self) -> ListingToken {
        let mut bytes = Box::new([0u8; 32]);
        Hkdf::<Sha256>::new(None, self.bytes())
            .expand(LISTING_INFO, &mut bytes[..])
            .expect("32 bytes are within what HKDF-SHA256 gives");
        ListingToken(bytes)
    }
}

fn public_bytes<K: hpke::Kem>(seed: &[u8; 32]) -> Vec<u8> {
    let private = K::PrivateKey::from_bytes(seed).expect("each 32 bytes are a private key");
    K::sk_to_pk(&private).to_bytes().to_vec()
}

secret_bytes! {
    /// L = HKDF-SHA256(owner seed, no salt, `voice-memo/1 listing`, 32 bytes): whoever presents it owns the mailbox, but
    /// the seed does not follow from it, and no memo opens with it.
    ListingToken
}

impl ListingToken {
    /// What the server keeps of it.
    pub fn verifier(&self) -> Verifier {
        Verifier::of(self.bytes())
    }
}

/// The public half of an owner's key pair, checked: something can be sealed to it.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnerPublicKey {
    kem: Kem,
    bytes: Vec<u8>,
}

impl OwnerPublicKey {
    /// Reads a public key: base64url without padding.
    ///
    /// # Errors
    /// Another length, or bytes to which nothing can be sealed.
    pub fn from_text(kem: Kem, text: &str) -> Result<Self, OwnerKeyError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| OwnerKeyError::PublicKey)?;
        let fits = match kem {
            Kem::XWing => <hpke::kem::XWing as hpke::Kem>::PublicKey::from_bytes(&bytes).is_ok(),
            Kem::X25519 => <hpke::kem::X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&bytes).is_ok(),
        };
        match fits {
            true => Ok(OwnerPublicKey { kem, bytes }),
            false => Err(OwnerKeyError::PublicKey),
        }
    }

    /// Base64url without padding.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.bytes)
    }

    /// Its mechanism.
    pub fn kem(&self) -> Kem {
        self.kem
    }

    /// The bytes, for sealing.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for OwnerPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnerPublicKey({})", self.kem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_back_and_no_other_text_is_one() {
        for kem in [Kem::XWing, Kem::X25519] {
            let public = OwnerSeed::generate().public_key(kem);
            assert_eq!(
                OwnerPublicKey::from_text(kem, &public.to_text()),
                Ok(public.clone())
            );
            let short = &public.to_text()[4..];
            assert_eq!(
                OwnerPublicKey::from_text(kem, short),
                Err(OwnerKeyError::PublicKey)
            );
            assert_eq!(OwnerPublicKey::from_text(kem, "ä"), Err(OwnerKeyError::PublicKey));
        }
    }

    #[test]
    fn the_listing_token_is_of_the_seed_alone() {
        let seed = OwnerSeed::generate();
        let same = OwnerSeed::from_text(&seed.to_text()).unwrap();
        assert!(seed
            .listing_token()
            .verifier()
            .matches(&same.listing_token().verifier()));
        let other = OwnerSeed::generate();
        assert!(!seed
            .listing_token()
            .verifier()
            .matches(&other.listing_token().verifier()));
    }
}
