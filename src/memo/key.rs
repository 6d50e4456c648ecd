//! What names a memo and what opens it.

use super::text::{self, SecretTextError};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use zeroize::Zeroizing;

/// A type for a secret of 32 random bytes.
///
/// It has no `Debug`, `Clone`, `Display` or `Serialize`, so it cannot slip into a log or a record. The bytes live in one
/// place on the heap, so that a move leaves no copy behind, and are wiped when dropped.
macro_rules! secret_bytes {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        ///
        /// It has no `Debug`, `Clone`, `Display` or `Serialize`, and is wiped when dropped.
        pub struct $name(Box<[u8; 32]>);

        impl $name {
            /// A fresh one.
            ///
            /// # Panics
            /// Where the operating system has no randomness to give: nothing can be sealed then.
            pub fn generate() -> Self {
                let mut bytes = Box::new([0u8; 32]);
                getrandom::fill(&mut bytes[..]).expect("the operating system gives random bytes");
                $name(bytes)
            }

            /// Reads its text: base64url or base64, padded or not.
            ///
            /// # Errors
            /// Anything that no encoder writes, such as spare bits set in the last character.
            pub fn from_text(text: &str) -> Result<Self, SecretTextError> {
                let mut bytes = Box::new([0u8; 32]);
                text::decode_secret(text, &mut bytes)?;
                Ok($name(bytes))
            }

            /// Base64url with padding, 44 characters: as links and peers write it.
            pub fn to_text(&self) -> Zeroizing<String> {
                text::encode_secret(&self.0)
            }

            /// The bytes, for deriving and sealing. Not beyond this module.
            #[allow(dead_code, reason = "not every secret is used as bytes")]
            pub(in crate::memo) fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                zeroize::Zeroize::zeroize(&mut *self.0);
            }
        }
    };
}
pub(in crate::memo) use secret_bytes;

secret_bytes! {
    /// The key K of one memo: 32 bytes of the operating system's, used for this memo alone.
    MemoKey
}

impl MemoKey {
    /// The key with these bytes, which the caller wipes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        MemoKey(Box::new(*bytes))
    }
}

/// The name of a memo: 16 random bytes, 22 characters of base64url in links, file names and JSON. Not a secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemoId([u8; 16]);

impl MemoId {
    /// A fresh name.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn generate() -> Self {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        MemoId(bytes)
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The name with these 16 bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        MemoId(bytes)
    }
}

impl fmt::Display for MemoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for MemoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not the name of a memo: 22 characters of base64url, the last one of `A Q g w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not the id of a memo")]
pub struct BadMemoId;

impl FromStr for MemoId {
    type Err = BadMemoId;

    fn from_str(text: &str) -> Result<Self, BadMemoId> {
        if text.len() != 22 {
            return Err(BadMemoId);
        }
        let mut bytes = [0u8; 18];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(MemoId(bytes[..16].try_into().map_err(|_| BadMemoId)?)),
            _ => Err(BadMemoId),
        }
    }
}

impl serde::Serialize for MemoId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for MemoId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
