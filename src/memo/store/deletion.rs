//! Deleting: what belongs to a memo goes with it, and a receipt stays.
//!
//! The order: the receipts, synced; the bodies, and the folder synced; the records, synced. After a crash between any
//! two of these, each memo is there with its record, or the next start finishes its deletion, and the receipt is there.

use super::receipts::{Issuer, Reason, Receipt};
use super::{lock_of, ChangeKind, Store, StoreError};
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use std::time::SystemTime;

/// Memos deleted with one round of syncs.
const BATCH: usize = 256;

/// A memo that was deleted.
#[derive(Debug)]
pub struct Deleted {
    /// Its record, as it was last.
    pub record: Record,
    /// The receipt, where somebody signs them.
    pub receipt: Option<Receipt>,
}

impl Store {
    /// From now on deletions leave receipts that this issuer signs. Only the first call counts.
    pub fn set_issuer(&self, issuer: Issuer) {
        let _ = self.inner.issuer.set(issuer);
    }

    /// Deletes a memo and its shares for good. None where there is no such memo.
    ///
    /// # Errors
    /// A disk that fails; the memo may then be half gone, which the next attempt or the next start finishes.
    pub fn delete(
        &self,
        id: &MemoId,
        reason: Reason,
        now: SystemTime,
    ) -> Result<Option<Deleted>, StoreError> {
        let deleted = self.delete_all(&[*id], reason, now)?;
        Ok(deleted.into_iter().find(|deleted| deleted.record.id == *id))
    }

    /// Deletes memos and their shares for good; gives those that were there, shares included.
    ///
    /// # Errors
    /// As [`Store::delete`].
    pub fn delete_all(
        &self,
        ids: &[MemoId],
        reason: Reason,
        now: SystemTime,
    ) -> Result<Vec<Deleted>, StoreError> {
        let _deleting = lock_of(&self.inner.deleting);
        let mut all = Vec::with_capacity(ids.len());
        {
            let catalogue = self.catalogue();
            for id in ids.iter().filter(|id| catalogue.get(id).is_some()) {
                // Shares first: what is left by a crash is a memo without some of its shares, not a share without its
                // memo.
                for id in catalogue.shares(id).chain([*id]) {
                    if !all.contains(&id) {
                        all.push(id);
                    }
                }
            }
        }
        let mut deleted = Vec::with_capacity(all.len());
        for batch in all.chunks(BATCH) {
            deleted.extend(self.delete_batch(batch, reason, now)?);
        }
        Ok(deleted)
    }

    fn delete_batch(
        &self,
        ids: &[MemoId],
        reason: Reason,
        now: SystemTime,
    ) -> Result<Vec<Deleted>, StoreError> {
        self.require_room_to_delete()?;
        let now = Millis::from_time(now);
        let mut deleted = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(record) = self.readable(id)? else {
                continue;
            };
            let receipt = match self.inner.issuer.get() {
                None => None,
                Some(issuer) => Some(self.write_receipt(issuer, &record, reason, now)?),
            };
            deleted.push(Deleted { record, receipt });
        }
        if deleted.iter().any(|deleted| deleted.receipt.is_some()) {
            self.inner.index.sync()?;
        }
        for Deleted { record, .. } in &deleted {
            // First, and for good: else the next start would make the memo anew from what it was recorded in.
            self.inner.journals.forget(&record.id)?;
            self.inner.bodies.remove(&record.id)?;
        }
        self.inner.bodies.sync()?;
        let ids: Vec<MemoId> = deleted.iter().map(|deleted| deleted.record.id).collect();
        {
            let _changing = lock_of(&self.inner.changing);
            self.inner.index.remove(&ids)?;
            let mut catalogue = self.catalogue();
            for id in &ids {
                catalogue.remove(id);
                self.inner.notices.remove(id)?;
            }
        }
        for id in &ids {
            self.inner.changed.remove(&id.to_string())?;
        }
        self.sync()?;
        for Deleted { record, .. } in &deleted {
            tracing::info!(
                memo = %record.id,
                mailbox = record.user_id.as_deref().unwrap_or("-"),
                reason = reason.name(),
                "memo deleted"
            );
            self.tell(record.id, record.user_id.as_deref(), ChangeKind::Deleted);
        }
        Ok(deleted)
    }

    fn write_receipt(
        &self,
        issuer: &Issuer,
        record: &Record,
        reason: Reason,
        now: Millis,
    ) -> Result<Receipt, StoreError> {
        let body = self.inner.bodies.open(&record.id);
        let hash = match body.and_then(|(_, ciphertext)| Receipt::hash(ciphertext)) {
            Ok(hash) => Some(hash),
            // A body that is gone or damaged already is no reason to keep the rest. Where a deletion that failed took it,
            // the receipt of that one knows what it was.
            Err(_) => self
                .inner
                .receipts
                .get(&record.id)?
                .and_then(|receipt| receipt.ciphertext_sha256()),
        };
        let receipt = Receipt::issue(issuer, record, hash, reason, now)?;
        self.inner.receipts.put(&record.id, &receipt, now)?;
        Ok(receipt)
    }

    /// The receipt of a memo that is gone.
    ///
    /// # Errors
    /// A disk that fails, or a damaged receipt.
    pub fn receipt(&self, id: &MemoId) -> Result<Option<Receipt>, StoreError> {
        // A deletion that failed, or goes on, has one already.
        if self.catalogue().get(id).is_some() {
            return Ok(None);
        }
        self.inner.receipts.get(id)
    }
}
