//! Sealing: from plain audio to the only thing that the store accepts.

use super::key::{MemoId, MemoKey};
use super::token::{AccessToken, Verifier};
use super::wav;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce};
use zeroize::Zeroizing;

/// Bytes of AES-GCM's tag, appended to the ciphertext.
pub const TAG_BYTES: usize = 16;
/// Bytes of the IV.
pub const IV_BYTES: usize = 12;

/// A memo that nobody can hear without its key. Made by [`seal`], or taken as it comes from a browser that sealed it:
/// there is no way from plain bytes of ours to this type that does not encrypt them.
pub struct SealedMemo {
    pub(super) id: MemoId,
    pub(super) iv: [u8; IV_BYTES],
    pub(super) ciphertext: Vec<u8>,
    pub(super) key_verifier: Verifier,
    pub(super) token_verifier: Verifier,
    pub(super) audio_format: &'static str,
}

impl SealedMemo {
    /// A memo that was sealed elsewhere, in somebody's browser or on another system, whose word is all there is that
    /// these bytes are a ciphertext and that the hashes are of its key. Whoever lies about it makes a memo that does not
    /// open.
    pub fn sealed_elsewhere(
        id: MemoId,
        iv: [u8; IV_BYTES],
        ciphertext: Vec<u8>,
        key_verifier: Verifier,
        token_verifier: Verifier,
        audio_format: &'static str,
    ) -> Self {
        SealedMemo {
            id,
            iv,
            ciphertext,
            key_verifier,
            token_verifier,
            audio_format,
        }
    }

    /// Its name.
    pub fn id(&self) -> MemoId {
        self.id
    }

    /// Ciphertext with the tag at its end.
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// The IV.
    pub fn iv(&self) -> &[u8; IV_BYTES] {
        &self.iv
    }
}

/// Encrypts a WAV file in its own buffer, under a key and an IV that exist for this one memo.
///
/// AES-256-GCM without additional data, the tag appended: what any AES-GCM library gives and takes.
///
/// # Panics
/// Where the operating system has no randomness to give.
pub fn seal(wav: Zeroizing<Vec<u8>>) -> (SealedMemo, MemoKey) {
    let key = MemoKey::generate();
    let sealed = seal_recorded(MemoId::generate(), &key, wav);
    (sealed, key)
}

/// The same for a recording that has its name and key since it began. Once for each key.
pub(super) fn seal_recorded(id: MemoId, key: &MemoKey, wav: Zeroizing<Vec<u8>>) -> SealedMemo {
    seal_under(id, key, random_iv(), wav)
}

/// A fresh IV.
pub(super) fn random_iv() -> [u8; IV_BYTES] {
    let mut iv = [0u8; IV_BYTES];
    getrandom::fill(&mut iv).expect("the operating system gives random bytes");
    iv
}

/// Sealing with everything given. Private to this module and its tests, because a key and IV used twice give both
/// messages away.
pub(super) fn seal_under(
    id: MemoId,
    key: &MemoKey,
    iv: [u8; IV_BYTES],
    mut wav: Zeroizing<Vec<u8>>,
) -> SealedMemo {
    let tag = Aes256Gcm::new(key.bytes().into())
        .encrypt_inout_detached(&Nonce::from(iv), b"", InOutBuf::from(&mut wav[..]))
        .expect("a recording is shorter than the 64 GiB that one IV may encrypt");
    // From here on the buffer holds ciphertext: it may move, and needs no wiping.
    let mut ciphertext = std::mem::take(&mut *wav);
    ciphertext.extend_from_slice(&tag);
    SealedMemo {
        id,
        iv,
        ciphertext,
        key_verifier: Verifier::of_key(key),
        token_verifier: AccessToken::derive(key).verifier(),
        audio_format: wav::AUDIO_FORMAT,
    }
}
