//! What lies stored for a code: salt and parameters, the wrapped key, and the hash of the proof.

use super::attempts::{Attempts, Verdict};
use super::code::{CodeSecret, Derived, Locator, Proof};
use crate::limits;
use crate::memo::key::{MemoId, MemoKey};
use crate::memo::owner::OwnerSeed;
use crate::memo::record::Millis;
use crate::memo::seal::{IV_BYTES, TAG_BYTES};
use crate::memo::token::Verifier;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit, Nonce, Tag};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

/// The version of the lock's form.
const VERSION: u8 = 1;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Bytes of the wrapped secret with its tag.
const WRAPPED_BYTES: usize = 32 + TAG_BYTES;
/// Info of the salt that an unknown locator is answered with.
const DECOY_INFO: &[u8] = b"voice-memo/1 telephone decoy";

/// Why a lock is none, or does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LockError {
    /// Of another version.
    #[error("a telephone lock of version {0}")]
    Version(u8),
    /// Parameters beyond what is computed for a stranger.
    #[error("the parameters of a telephone lock are out of bounds")]
    Parameters,
    /// A part that is not what it should be.
    #[error("{0} of a telephone lock is malformed")]
    Malformed(&'static str),
    /// Another code, or another memo's or mailbox's lock, or one that was altered.
    #[error("the code does not open this lock")]
    Wrong,
}

/// How a code becomes a key. Within bounds, since strangers choose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    salt: [u8; SALT_BYTES],
    m_kib: u32,
    t: u32,
    p: u32,
}

impl Parameters {
    /// With a salt of the operating system's: 64 MiB, three passes, one lane.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn generate() -> Self {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).expect("the operating system gives random bytes");
        Parameters::usual(salt)
    }

    /// What a locator is answered with that no memo has: like a memo's, and the same whenever it is asked for. `secret` is
    /// the server's, so that nobody else can tell them from others.
    ///
    /// # Panics
    /// Never: 16 bytes are within what HKDF gives.
    pub fn decoy(secret: &[u8; 32], locator: &[u8]) -> Self {
        let mut salt = [0; SALT_BYTES];
        Hkdf::<Sha256>::new(Some(locator), secret)
            .expand(DECOY_INFO, &mut salt)
            .expect("16 bytes are within what HKDF-SHA256 gives");
        Parameters::usual(salt)
    }

    fn usual(salt: [u8; SALT_BYTES]) -> Self {
        Parameters {
            salt,
            m_kib: 65_536,
            t: 3,
            p: 1,
        }
    }

    /// Those.
    ///
    /// # Errors
    /// Out of bounds.
    pub fn new(salt: [u8; SALT_BYTES], m_kib: u32, t: u32, p: u32) -> Result<Self, LockError> {
        let within = limits::TELEPHONE_M_KIB.contains(&m_kib)
            && limits::TELEPHONE_T.contains(&t)
            && limits::TELEPHONE_P.contains(&p);
        let parameters = Parameters { salt, m_kib, t, p };
        within.then_some(parameters).ok_or(LockError::Parameters)
    }

    /// The salt.
    pub fn salt(&self) -> &[u8; SALT_BYTES] {
        &self.salt
    }

    /// Memory, KiB.
    pub fn m_kib(&self) -> u32 {
        self.m_kib
    }

    /// Passes.
    pub fn t(&self) -> u32 {
        self.t
    }

    /// Lanes.
    pub fn p(&self) -> u32 {
        self.p
    }
}

/// Parameters as JSON has them.
#[derive(Serialize, Deserialize)]
struct ParametersText {
    salt: String,
    m_kib: u32,
    t: u32,
    p: u32,
}

impl Serialize for Parameters {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (salt, m_kib, t, p) = (URL_SAFE_NO_PAD.encode(self.salt), self.m_kib, self.t, self.p);
        ParametersText { salt, m_kib, t, p }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = ParametersText::deserialize(deserializer)?;
        let salt = bytes("the salt", &text.salt).map_err(serde::de::Error::custom)?;
        Parameters::new(salt, text.m_kib, text.t, text.p).map_err(serde::de::Error::custom)
    }
}

/// A key or a seed under W, to be opened for one memo or mailbox alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    iv: [u8; IV_BYTES],
    ct: [u8; WRAPPED_BYTES],
}

impl Wrapped {
    /// Reads both parts, base64url without padding.
    ///
    /// # Errors
    /// Parts of another length, or no base64url.
    pub fn from_text(iv: &str, ct: &str) -> Result<Self, LockError> {
        Ok(Wrapped {
            iv: bytes("the IV", iv)?,
            ct: bytes("the ciphertext", ct)?,
        })
    }

    /// IV and ciphertext as text.
    pub fn to_text(&self) -> (String, String) {
        (URL_SAFE_NO_PAD.encode(self.iv), URL_SAFE_NO_PAD.encode(self.ct))
    }

    fn make(secret: &[u8; 32], name: &str, derived: &Derived, iv: [u8; IV_BYTES]) -> Self {
        let mut ct = [0; WRAPPED_BYTES];
        ct[..32].copy_from_slice(secret);
        let tag = Aes256Gcm::new(derived.wrapping_key().into())
            .encrypt_inout_detached(&Nonce::from(iv), name.as_bytes(), InOutBuf::from(&mut ct[..32]))
            .expect("32 bytes are within what one IV may encrypt");
        ct[32..].copy_from_slice(&tag);
        Wrapped { iv, ct }
    }

    /// The memo's key.
    ///
    /// # Errors
    /// [`LockError::Wrong`].
    pub fn open_key(&self, derived: &Derived, memo: &MemoId) -> Result<MemoKey, LockError> {
        Ok(MemoKey::from_bytes(&*self.open(derived, &memo.to_string())?))
    }

    /// The mailbox owner's seed.
    ///
    /// # Errors
    /// [`LockError::Wrong`].
    pub fn open_seed(&self, derived: &Derived, mailbox: &str) -> Result<OwnerSeed, LockError> {
        Ok(OwnerSeed::from_bytes(&*self.open(derived, mailbox)?))
    }

    fn open(&self, derived: &Derived, name: &str) -> Result<Zeroizing<[u8; 32]>, LockError> {
        let mut secret = Zeroizing::new([0; 32]);
        let (text, tag) = self.ct.split_at(32);
        secret.copy_from_slice(text);
        let tag = Tag::try_from(tag).map_err(|_| LockError::Wrong)?;
        Aes256Gcm::new(derived.wrapping_key().into())
            .decrypt_inout_detached(
                &Nonce::from(self.iv),
                name.as_bytes(),
                InOutBuf::from(&mut secret[..]),
                &tag,
            )
            .map_err(|_| LockError::Wrong)?;
        Ok(secret)
    }
}

/// A lock that a telephone code opens: of a memo, whose code begins with the locator, or of a mailbox.
#[derive(Clone, Debug)]
pub struct TelephoneLock {
    locator: Option<Locator>,
    parameters: Parameters,
    wrapped: Wrapped,
    proof_hash: Verifier,
}

impl TelephoneLock {
    /// The lock of a memo's key under that code. As slow as [`CodeSecret::derive`].
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn of_memo(memo: &MemoId, key: &MemoKey, locator: Locator, secret: &CodeSecret) -> Self {
        let name = memo.to_string();
        TelephoneLock::make(
            Some(locator),
            &name,
            key.bytes(),
            secret,
            Parameters::generate(),
            random_iv(),
        )
    }

    /// The lock of a mailbox owner's seed under that code. As slow as [`CodeSecret::derive`].
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn of_mailbox(mailbox: &str, seed: &OwnerSeed, secret: &CodeSecret) -> Self {
        TelephoneLock::make(
            None,
            mailbox,
            seed.bytes(),
            secret,
            Parameters::generate(),
            random_iv(),
        )
    }

    /// With everything given. Not beyond this module and its tests: salt and IV are to be fresh.
    pub(in crate::memo) fn make(
        locator: Option<Locator>,
        name: &str,
        wrapped: &[u8; 32],
        secret: &CodeSecret,
        parameters: Parameters,
        iv: [u8; IV_BYTES],
    ) -> Self {
        let derived = secret.derive(&parameters);
        TelephoneLock {
            locator,
            wrapped: Wrapped::make(wrapped, name, &derived, iv),
            proof_hash: derived.proof().verifier(),
            parameters,
        }
    }

    /// Which memo of the server's it belongs to; none of a mailbox.
    pub fn locator(&self) -> Option<Locator> {
        self.locator
    }

    /// How its code becomes a key.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The wrapped key or seed, for who has shown the proof.
    pub fn wrapped(&self) -> &Wrapped {
        &self.wrapped
    }

    /// Whether that is the proof; in the same time whichever byte differs.
    pub fn is_proof(&self, proof: &Proof) -> bool {
        self.proof_hash.matches(&proof.verifier())
    }
}

/// A lock as JSON has it.
#[derive(Serialize, Deserialize)]
struct LockText {
    v: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locator: Option<Locator>,
    #[serde(flatten)]
    parameters: Parameters,
    iv: String,
    ct: String,
    proof_hash: Verifier,
}

impl Serialize for TelephoneLock {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (iv, ct) = self.wrapped.to_text();
        LockText {
            v: VERSION,
            locator: self.locator,
            parameters: self.parameters.clone(),
            iv,
            ct,
            proof_hash: self.proof_hash,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TelephoneLock {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = LockText::deserialize(deserializer)?;
        if text.v != VERSION {
            return Err(D::Error::custom(LockError::Version(text.v)));
        }
        Ok(TelephoneLock {
            locator: text.locator,
            parameters: text.parameters,
            wrapped: Wrapped::from_text(&text.iv, &text.ct).map_err(D::Error::custom)?,
            proof_hash: text.proof_hash,
        })
    }
}

/// A lock as the server keeps it, with the count of wrong codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeptLock {
    /// The lock.
    #[serde(flatten)]
    pub lock: TelephoneLock,
    /// The count.
    #[serde(flatten)]
    pub attempts: Attempts,
}

impl KeptLock {
    /// A lock that nobody tried yet.
    pub fn new(lock: TelephoneLock) -> Self {
        KeptLock {
            lock,
            attempts: Attempts::default(),
        }
    }

    /// Compares, unless it waits, and counts.
    pub fn attempt(&mut self, now: Millis, proof: &Proof) -> Verdict {
        let lock = &self.lock;
        self.attempts.attempt(now, || lock.is_proof(proof))
    }
}

fn random_iv() -> [u8; IV_BYTES] {
    let mut iv = [0; IV_BYTES];
    getrandom::fill(&mut iv).expect("the operating system gives random bytes");
    iv
}

/// So many bytes of base64url without padding.
fn bytes<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], LockError> {
    // Three bytes more than the most there are: the decoder asks for room for whole groups.
    let mut bytes = [0; WRAPPED_BYTES + 3];
    let malformed = LockError::Malformed(what);
    if text.len() > bytes.len() / 3 * 4 {
        return Err(malformed);
    }
    let length = URL_SAFE_NO_PAD
        .decode_slice(text, &mut bytes)
        .map_err(|_| malformed)?;
    bytes[..length].try_into().map_err(|_| malformed)
}
