//! Opening a memo: what the holder of its link does.

use super::journal;
use super::key::MemoKey;
use super::link::ParsedLink;
use super::record::Encryption;
use super::seal::{IV_BYTES, TAG_BYTES};
use super::store::{Store, StoreError};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce, Tag};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why ciphertext did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Shorter than a tag: not a memo's ciphertext at all.
    #[error("the memo is cut short")]
    TooShort,
    /// The tag does not fit: another memo's key, or bytes that were altered. AES-GCM cannot tell which.
    #[error("the key does not open this memo, or the memo was altered")]
    WrongKey,
}

/// Decrypts in the ciphertext's own buffer and gives the audio file. Nothing is given of a file whose tag is wrong.
///
/// # Errors
/// A wrong key and altered ciphertext alike.
pub fn open(
    key: &MemoKey,
    iv: &[u8; IV_BYTES],
    ciphertext: Vec<u8>,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    // Wiped on the way out of an error as well: a failed attempt leaves no half-decrypted audio.
    let mut buffer = Zeroizing::new(ciphertext);
    let length = buffer.len().checked_sub(TAG_BYTES).ok_or(OpenError::TooShort)?;
    let (text, tag) = buffer.split_at_mut(length);
    let tag = Tag::try_from(&*tag).map_err(|_| OpenError::TooShort)?;
    Aes256Gcm::new(key.bytes().into())
        .decrypt_inout_detached(&Nonce::from(*iv), b"", InOutBuf::from(text), &tag)
        .map_err(|_| OpenError::WrongKey)?;
    buffer.truncate(length);
    Ok(buffer)
}

/// Opens a memo as its record says that it is encrypted, and gives the audio file. One in the stream format may be cut
/// behind any of its frames.
///
/// # Errors
/// A wrong key and altered ciphertext alike.
pub fn open_as(
    encryption: Encryption,
    key: &MemoKey,
    iv: &[u8; IV_BYTES],
    ciphertext: Vec<u8>,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    match encryption {
        Encryption::Whole => open(key, iv, ciphertext),
        Encryption::Stream => journal::open(key, iv, &ciphertext).map(|opened| opened.wav),
    }
}

/// Why a link did not open a memo of the store at hand.
#[derive(Debug, Error)]
pub enum OpenStoredError {
    /// No such memo here.
    #[error("there is no such memo")]
    Unknown,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The memo is here, but did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Opens a memo of the store at hand by its link, and gives the audio file. Not counted as an access: who has the
/// store's files needs nobody's leave.
///
/// # Errors
/// No such memo, a wrong key, altered ciphertext, or a disk that fails.
pub fn open_stored(store: &Store, link: &ParsedLink) -> Result<Zeroizing<Vec<u8>>, OpenStoredError> {
    let id = link.memo_id().ok_or(OpenStoredError::Unknown)?;
    let record = store.get(&id)?.ok_or(OpenStoredError::Unknown)?;
    let encryption = record.metadata.encryption;
    let ciphertext = store.ciphertext(&id)?;
    Ok(open_as(encryption, &link.key, &record.encryption_iv, ciphertext)?)
}
