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

    /// The verifier of no secret, which nothing matches, itself included: it stands where something has to, and where
    /// records of another program have no hash.
    pub fn nothing() -> Self {
        Verifier([0; 32])
    }

    /// A verifier of a secret that nobody has.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn of_nobody() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        Verifier(bytes)
    }

    /// Whether this is [`Verifier::nothing`].
    pub fn is_nothing(&self) -> bool {
        self.0.ct_eq(&[0; 32]).into()
    }

    /// Reads 64 digits of hexadecimal, without a branch that depends on one of them: a processor foresees the branches of
    /// a text that it has read before, such as a decoy's, and not those of another, which took a third longer.
    pub(super) fn from_hex(text: &[u8]) -> Option<Self> {
        let text: &[u8; 64] = text.try_into().ok()?;
        let mut bytes = [0u8; 32];
        let mut all = 1;
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let (high, is_high) = hex_digit(pair[0]);
            let (low, is_low) = hex_digit(pair[1]);
            *byte = high << 4 | low;
            all &= is_high & is_low;
        }
        (all == 1).then_some(Verifier(bytes))
    }

    /// Whether both are of one secret; in the same time whichever byte differs. Zeros are of none.
    pub fn matches(&self, other: &Verifier) -> bool {
        (self.0.ct_eq(&other.0) & !self.0.ct_eq(&[0; 32])).into()
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What a digit of hexadecimal stands for, and whether it is one (1 or 0).
fn hex_digit(digit: u8) -> (u8, u8) {
    let number = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    let (is_number, is_letter) = (u8::from(number < 10), u8::from(letter < 6));
    let value = (number & is_number.wrapping_neg()) | (letter.wrapping_add(10) & is_letter.wrapping_neg());
    (value, is_number | is_letter)
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hexadecimal_is_read_as_others_read_it(bytes: [u8; 32], at in 0..64_usize, other: u8) {
            for text in [hex::encode(bytes), hex::encode_upper(bytes)] {
                let mut text = text.into_bytes();
                prop_assert_eq!(Verifier::from_hex(&text).map(|read| read.0), Some(bytes));
                text[at] = other;
                let mut expected = [0; 32];
                let is_hex = hex::decode_to_slice(&text, &mut expected).is_ok();
                prop_assert_eq!(Verifier::from_hex(&text).map(|read| read.0), is_hex.then_some(expected));
                prop_assert!(Verifier::from_hex(&text[1..]).is_none());
            }
        }
    }
}
