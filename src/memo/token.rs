//! What proves that somebody holds a memo's key, without the key leaving them: the access token T, and the hashes by
//! which the server recognises K (1.0 peers) or T (everybody else).

use super::key::{secret_bytes, MemoKey};
use super::text::{self, SecretTextError};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// HKDF's info for the access token.
const ACCESS_INFO: &[u8] = b"voice-federation/1.1 access";

secret_bytes! {
    /// The access token T = HKDF-SHA256(K, no salt, `voice-federation/1.1 access`, 32 bytes): whoever presents it holds
    /// K, but K does not follow from it. A secret all the same, since it fetches the ciphertext.
    AccessToken
}

impl AccessToken {
    /// The token of a key.
    pub fn derive(key: &MemoKey) -> Self {
        let mut bytes = Box::new([0u8; 32]);
        Hkdf::<Sha256>::new(None, key.bytes())
            .expand(ACCESS_INFO, &mut bytes[..])
            .expect("32 bytes are within what HKDF-SHA256 gives");
        AccessToken(bytes)
    }

    /// `access_token_hash`.
    pub fn verifier(&self) -> Verifier {
        Verifier::of(self.bytes())
    }
}

/// The SHA-256 of a secret of 32 random bytes: recognises it, and tells nothing of it. Lower-case hex in records.
#[derive(Clone, Copy)]
pub struct Verifier([u8; 32]);

impl Verifier {
    /// `access_key_hash`: of the key itself, for 1.0 peers.
    pub fn of_key(key: &MemoKey) -> Self {
        Verifier::of(key.bytes())
    }

    /// Of any secret.
    pub(super) fn of(secret: &[u8; 32]) -> Self {
        Verifier(Sha256::digest(secret).into())
    }

    /// The verifier of no secret: nothing that anybody can find hashes to it.
    pub fn nothing() -> Self {
        Verifier([0; 32])
    }

    /// Reads 64 digits of hexadecimal.
    pub(super) fn from_hex(text: &[u8]) -> Option<Self> {
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Verifier(bytes))
    }

    /// Whether both are of one secret; in the same time whichever byte differs.
    pub fn matches(&self, other: &Verifier) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(…)")
    }
}

impl serde::Serialize for Verifier {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> serde::Deserialize<'de> for Verifier {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let mut bytes = [0u8; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Verifier(bytes))
    }
}
