//! What the index keeps of a memo: nothing that says who called, whom, or what was said, unless the mailbox's
//! configuration wants some of that in clear.

use super::envelope::Envelope;
use super::journal;
use super::key::MemoId;
use super::seal::{SealedMemo, IV_BYTES, TAG_BYTES};
use super::telephone::lock::KeptLock;
use super::token::Verifier;
use super::wav;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One memo in the index, as JSON under the memo's id. The names are those of the format's description.
///
/// The hashes come first: what stands before them is read over when a secret is compared, and takes the longer the longer
/// it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// SHA-256 of the key.
    pub access_key_hash: Verifier,
    /// SHA-256 of the access token.
    pub access_token_hash: Verifier,
    /// The memo's name.
    pub id: MemoId,
    /// The mailbox that it was left in; none for none.
    pub user_id: Option<String>,
    /// The domain that its link names.
    pub domain: String,
    /// The IV, base64url.
    #[serde(with = "iv_text")]
    pub encryption_iv: [u8; IV_BYTES],
    /// Bytes of the ciphertext, its tag included.
    pub file_size_bytes: u64,
    /// What the plain audio is: `audio/wav`.
    pub audio_format: String,
    /// How access is given: `qr`, a link or QR code with the key.
    pub access_type: String,
    /// Whether peers may fetch it.
    pub federation_shared: bool,
    /// Domains that may fetch it; any, where empty.
    pub trusted_domains: Vec<String>,
    /// Fetches that were served.
    pub access_count: u64,
    /// When one was last served.
    pub last_accessed_at: Option<Millis>,
    /// When it was recorded.
    pub created_at: Millis,
    /// From when on it is no longer given out.
    pub expires_at: Option<Millis>,
    /// After so many fetches it is no longer given out; none for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_accesses: Option<u64>,
    /// Whether its recording came to its end; not where a crash or a full disk cut it off.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub complete: bool,
    /// Whether the owner has listened to it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub heard: bool,
    /// What a telephone code opens: the memo's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<KeptLock>,
    /// Where it came from.
    pub metadata: Metadata,
    /// What only the mailbox's owner reads; none where the mailbox has no owner key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_envelope: Option<Envelope>,
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_true(value: &bool) -> bool {
    *value
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Where a memo came from, in clear: what an operator needs to find its call in the log, and no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// How it came here.
    pub source: Source,
    /// The trunk's name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trunk: Option<String>,
    /// The call's SIP Call-ID: in every log line of that call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// How the body is encrypted.
    pub encryption: Encryption,
    /// Of a share: the memo that it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_of: Option<MemoId>,
    /// What the mailbox's configuration leaves in clear; none by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear: Option<Clear>,
}

/// How a memo came here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A telephone call was recorded.
    SipCall,
    /// Somebody left it in a browser.
    Web,
    /// The owner shares another memo by it.
    Share,
    /// Taken over from another system.
    Import,
}

/// How a body is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encryption {
    /// The whole file at once.
    #[serde(rename = "aes-256-gcm")]
    Whole,
    /// Second by second, as the journal of a recording that was cut off has it.
    #[serde(rename = "aes-256-gcm-stream")]
    Stream,
}

impl Encryption {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Encryption::Whole => "aes-256-gcm",
            Encryption::Stream => "aes-256-gcm-stream",
        }
    }
}

/// Facts of a call that stand in the record in clear, because a mailbox's `clear` names them.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Clear {
    /// The caller's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The caller's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// The number called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The number that the call was diverted from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diversion: Option<String>,
    /// The length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

impl fmt::Debug for Clear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Numbers stay out of the log even where the index has them.
        f.write_str("Clear(…)")
    }
}

/// What the store is told of a memo beside its ciphertext.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The mailbox, where there is one.
    pub mailbox: Option<String>,
    /// The domain that the link names.
    pub domain: String,
    /// How it came here.
    pub source: Source,
    /// The trunk that the call came by.
    pub trunk: Option<String>,
    /// The call's SIP Call-ID.
    pub call_id: Option<String>,
    /// When it was recorded.
    pub created_at: SystemTime,
    /// From when on it is no longer given out.
    pub expires_at: Option<SystemTime>,
    /// After so many fetches it is no longer given out.
    pub max_accesses: Option<u64>,
    /// Of a share: the memo that it is a copy of.
    pub share_of: Option<MemoId>,
    /// What stands in the record in clear.
    pub clear: Option<Clear>,
    /// For the mailbox's owner.
    pub envelope: Option<Envelope>,
    /// Whether nothing is missing at its end.
    pub complete: bool,
}

impl Facts {
    /// Of a call's memo of which nothing is known but its link's domain and its time.
    pub fn at(domain: impl Into<String>, created_at: SystemTime) -> Self {
        Facts {
            mailbox: None,
            domain: domain.into(),
            source: Source::SipCall,
            trunk: None,
            call_id: None,
            created_at,
            expires_at: None,
            max_accesses: None,
            share_of: None,
            clear: None,
            envelope: None,
            complete: true,
        }
    }
}

/// By what a memo is known and recognised.
pub(super) struct Identity {
    pub(super) id: MemoId,
    pub(super) iv: [u8; IV_BYTES],
    pub(super) key_verifier: Verifier,
    pub(super) token_verifier: Verifier,
}

impl Record {
    /// The record of a memo that nobody fetched yet.
    pub fn new(sealed: &SealedMemo, facts: Facts) -> Self {
        let identity = Identity {
            id: sealed.id,
            iv: sealed.iv,
            key_verifier: sealed.key_verifier,
            token_verifier: sealed.token_verifier,
        };
        Record {
            file_size_bytes: sealed.ciphertext.len() as u64,
            audio_format: sealed.audio_format.to_owned(),
            ..Record::of_call(identity, facts)
        }
    }

    /// The record of a recording that begins: at the head of its journal. Its size shows when it has ended.
    pub(super) fn of_journal(identity: Identity, facts: Facts) -> Self {
        let mut record = Record::of_call(identity, facts);
        record.complete = false;
        record.metadata.encryption = Encryption::Stream;
        record
    }

    /// The record of a recording that was cut off, with what was learnt since its journal began.
    pub(super) fn cut_off(at_start: Record, facts: Facts) -> Self {
        let identity = Identity {
            id: at_start.id,
            iv: at_start.encryption_iv,
            key_verifier: at_start.access_key_hash,
            token_verifier: at_start.access_token_hash,
        };
        Record::of_journal(identity, facts)
    }

    fn of_call(identity: Identity, facts: Facts) -> Self {
        Record {
            id: identity.id,
            user_id: facts.mailbox,
            domain: facts.domain,
            encryption_iv: identity.iv,
            access_key_hash: identity.key_verifier,
            access_token_hash: identity.token_verifier,
            file_size_bytes: 0,
            audio_format: wav::AUDIO_FORMAT.to_owned(),
            access_type: "qr".to_owned(),
            federation_shared: true,
            trusted_domains: Vec::new(),
            access_count: 0,
            last_accessed_at: None,
            created_at: Millis::from_time(facts.created_at),
            expires_at: facts.expires_at.map(Millis::from_time),
            max_accesses: facts.max_accesses,
            complete: facts.complete,
            heard: false,
            telephone: None,
            metadata: Metadata {
                source: facts.source,
                trunk: facts.trunk,
                call_id: facts.call_id,
                encryption: Encryption::Whole,
                share_of: facts.share_of,
                clear: facts.clear,
            },
            sealed_envelope: facts.envelope,
        }
    }

    /// How long the memo plays. Computed from its size, never stored; none for a format that does not tell.
    pub fn duration(&self) -> Option<Duration> {
        (self.audio_format == wav::AUDIO_FORMAT).then(|| match self.metadata.encryption {
            Encryption::Whole => wav::duration(self.file_size_bytes.saturating_sub(TAG_BYTES as u64)),
            Encryption::Stream => journal::duration(self.file_size_bytes),
        })
    }

    /// Whether it is no longer given out at `now`: its time is over, or its number of fetches.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        let too_late = self
            .expires_at
            .is_some_and(|expiry| expiry <= Millis::from_time(now));
        too_late || self.max_accesses.is_some_and(|most| self.access_count >= most)
    }
}

/// A point in time as records have it: milliseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// The millisecond that `time` lies in; 1970 for anything earlier.
    pub fn from_time(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// The same as the standard library has it.
    pub fn to_time(self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_millis(self.0))
            .unwrap_or(UNIX_EPOCH)
    }

    /// As JSON answers have it: `2026-01-31T12:00:00.000Z`.
    pub fn to_rfc3339(self) -> String {
        let millis = i64::try_from(self.0).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(time) => format!("{time:.3}"),
            Err(_) => jiff::Timestamp::MAX.to_string(),
        }
    }
}

/// The IV as text.
mod iv_text {
    use super::IV_BYTES;
    use base64::engine::general_purpose::URL_SAFE;
    use base64::Engine as _;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::Serializer;

    pub(super) fn serialize<S: Serializer>(iv: &[u8; IV_BYTES], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE.encode(iv))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; IV_BYTES], D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = URL_SAFE.decode(text.as_bytes()).map_err(D::Error::custom)?;
        bytes
            .try_into()
            .map_err(|_| D::Error::custom("an IV has 12 bytes"))
    }
}
