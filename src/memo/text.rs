//! Secrets as text: base64url as memo links and peers write it.

use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;
use zeroize::Zeroizing;

/// Reads both paddings, and refuses a last character whose spare bits are set: otherwise two texts would be one key,
/// and a link with its last character changed would still open.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(false),
);

/// Characters of 32 bytes in base64 with padding.
pub(super) const SECRET_CHARS: usize = 44;

/// Why a text is not a key or a token. It names no character of the text, which may be nearly the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretTextError {
    /// Not 43 characters, or 44 with the padding.
    #[error("a key has 44 characters, this text has {0}")]
    Length(usize),
    /// A character outside both alphabets, or a last character that no encoder writes.
    #[error("not the text of a key")]
    Malformed,
}

/// 32 bytes as base64url with padding: the form that links carry and the only one that 1.0 peers decode.
pub(super) fn encode_secret(bytes: &[u8; 32]) -> Zeroizing<String> {
    // Into a buffer that is wiped: the encoder's own way to a String passes through one that is not.
    let mut chars = Zeroizing::new([0u8; SECRET_CHARS]);
    let written = base64::engine::general_purpose::URL_SAFE
        .encode_slice(bytes, &mut chars[..])
        .expect("32 bytes make 44 characters");
    let mut text = Zeroizing::new(String::with_capacity(SECRET_CHARS));
    text.extend(chars[..written].iter().map(|byte| char::from(*byte)));
    text
}

/// The 32 bytes of a text in either alphabet, padded or not.
pub(super) fn decode_secret(text: &str, into: &mut [u8; 32]) -> Result<(), SecretTextError> {
    if !(43..=SECRET_CHARS).contains(&text.len()) {
        return Err(SecretTextError::Length(text.chars().count()));
    }
    let mut standard = Zeroizing::new([0u8; SECRET_CHARS]);
    for (to, from) in standard.iter_mut().zip(text.bytes()) {
        *to = match from {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
    }
    // The decoder asks for room for whole groups of three bytes, one more than the 32 that come out.
    let mut bytes = Zeroizing::new([0u8; 33]);
    let written = LENIENT
        .decode_slice(&standard[..text.len()], &mut bytes[..])
        .map_err(|_| SecretTextError::Malformed)?;
    if written != into.len() {
        return Err(SecretTextError::Malformed);
    }
    into.copy_from_slice(&bytes[..32]);
    Ok(())
}
