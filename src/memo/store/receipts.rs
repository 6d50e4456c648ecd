//! Receipts of deletions: what was deleted, when and why, signed with the domain's key.
//!
//! A receipt is written before the memo goes, so that no crash leaves a deletion without one, and counts only when the
//! memo is gone. Old ones are forgotten, by number and by age.

use super::ciphertext::Ciphertext;
use super::index::Index;
use super::StoreError;
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Signs with the domain's key (Ed25519); gives the key's id and the signature.
pub type Sign = Arc<dyn Fn(&[u8]) -> (String, [u8; 64]) + Send + Sync>;

/// Who signs receipts.
#[derive(Clone)]
pub struct Issuer {
    /// The domain that they name.
    pub domain: String,
    /// Its key.
    pub sign: Sign,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.domain)
    }
}

/// Why a memo was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The mailbox's owner asked for it.
    Owner,
    /// The operator did.
    Operator,
    /// The mailbox keeps no more, or nothing so old.
    Retention,
    /// Its time was over, or it was fetched as often as it may be.
    Expiry,
}

impl Reason {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Owner => "owner",
            Reason::Operator => "operator",
            Reason::Retention => "retention",
            Reason::Expiry => "expiry",
        }
    }
}

/// What is signed, as the text of a JSON object.
#[derive(Serialize, Deserialize)]
struct Statement {
    /// The version of this statement.
    receipt: u8,
    domain: String,
    memo_id: MemoId,
    mailbox: Option<String>,
    deleted_at: String,
    reason: Reason,
    ciphertext_sha256: Option<String>,
}

/// A receipt, as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The text that is signed: a JSON object that says what was deleted.
    pub signed: String,
    /// The key that signed it, of those in the domain's discovery document.
    pub keyid: String,
    /// Ed25519 over the text, base64url without padding.
    pub signature: String,
}

impl Receipt {
    pub(super) fn issue(
        issuer: &Issuer,
        record: &Record,
        ciphertext_sha256: Option<String>,
        reason: Reason,
        deleted_at: Millis,
    ) -> Result<Self, StoreError> {
        let statement = Statement {
            receipt: 1,
            domain: issuer.domain.clone(),
            memo_id: record.id,
            mailbox: record.user_id.clone(),
            deleted_at: deleted_at.to_rfc3339(),
            reason,
            ciphertext_sha256,
        };
        let signed =
            serde_json::to_string(&statement).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let (keyid, signature) = (issuer.sign)(signed.as_bytes());
        Ok(Receipt {
            signed,
            keyid,
            signature: URL_SAFE_NO_PAD.encode(signature),
        })
    }

    fn statement(&self) -> Option<Statement> {
        serde_json::from_str(&self.signed).ok()
    }

    /// The hash of the ciphertext that was deleted, as it stands in receipts.
    pub(super) fn hash(mut ciphertext: Ciphertext) -> io::Result<String> {
        let mut hash = Sha256::new();
        while let Some(piece) = ciphertext.piece()? {
            hash.update(&piece);
        }
        Ok(hex::encode(hash.finalize()))
    }

    /// That of this receipt's memo, where it was there to be hashed.
    pub(super) fn ciphertext_sha256(&self) -> Option<String> {
        self.statement()?.ciphertext_sha256
    }

    /// The mailbox of the memo that was deleted.
    pub fn mailbox(&self) -> Option<String> {
        self.statement()?.mailbox
    }
}

/// The receipts of a store.
pub(super) struct Receipts {
    by_memo: sled::Tree,
    /// Time of the deletion and memo, so that the oldest are found.
    by_time: sled::Tree,
    /// Held while one is put in or forgotten, so that both trees agree.
    count: Mutex<usize>,
}

impl Receipts {
    pub(super) fn open(index: &Index) -> Result<Self, StoreError> {
        let by_time = index.tree("receipts_by_time")?;
        Ok(Receipts {
            by_memo: index.tree("receipts")?,
            count: Mutex::new(by_time.len()),
            by_time,
        })
    }

    pub(super) fn get(&self, id: &MemoId) -> Result<Option<Receipt>, StoreError> {
        let Some(bytes) = self.by_memo.get(id.as_bytes())? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    /// Whether a memo of this name was deleted.
    pub(super) fn has(&self, id: &MemoId) -> Result<bool, StoreError> {
        Ok(self.by_memo.contains_key(id.as_bytes())?)
    }

    /// Keeps a receipt, and forgets the oldest where there are too many. Durable only after the index was synced.
    pub(super) fn put(&self, id: &MemoId, receipt: &Receipt, at: Millis) -> Result<(), StoreError> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = serde_json::to_vec(receipt).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        if let Some(old) = self.get(id)? {
            // Of a deletion that a crash cut off, and that is done now.
            let at = old
                .statement()
                .and_then(|old| old.deleted_at.parse::<jiff::Timestamp>().ok());
            let at = at
                .and_then(|at| u64::try_from(at.as_millisecond()).ok())
                .unwrap_or_default();
            if self.by_time.remove(key(Millis(at), id))?.is_some() {
                *count -= 1;
            }
        }
        self.by_memo.insert(id.as_bytes(), bytes)?;
        if self.by_time.insert(key(at, id), &[])?.is_none() {
            *count += 1;
        }
        while *count > limits::RECEIPTS && self.forget_first()? {
            *count -= 1;
        }
        Ok(())
    }

    /// Forgets those from before `time`.
    pub(super) fn forget_before(&self, time: Millis) -> Result<(), StoreError> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((first, _)) = self.by_time.first()? {
            if first[..] >= time.0.to_be_bytes()[..] || !self.forget_first()? {
                break;
            }
            *count -= 1;
        }
        Ok(())
    }

    fn forget_first(&self) -> Result<bool, StoreError> {
        let Some((first, _)) = self.by_time.pop_min()? else {
            return Ok(false);
        };
        if let Some(id) = first.get(8..) {
            self.by_memo.remove(id)?;
        }
        Ok(true)
    }
}

fn key(at: Millis, id: &MemoId) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&at.0.to_be_bytes());
    key[8..].copy_from_slice(id.as_bytes());
    key
}
