//! Clearing out: what has expired, what was fetched as often as it may be, what a mailbox does not keep.

use super::brief::Brief;
use super::receipts::Reason;
use super::retention::{Kept, Retention};
use super::{Deleted, Store, StoreError};
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::record::Millis;
use std::time::SystemTime;

impl Store {
    /// Deletes what has to go: of each mailbox what it does not keep, and of all memos those that expired a while ago, so
    /// that who comes late still learns why nothing is there.
    ///
    /// # Errors
    /// A disk that fails; the next sweep goes on.
    pub fn sweep<'a>(
        &self,
        mailboxes: impl IntoIterator<Item = (&'a str, Retention)>,
        now: SystemTime,
    ) -> Result<Vec<Deleted>, StoreError> {
        let since = now
            .checked_sub(limits::EXPIRED_KEPT)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let mut expired: Vec<MemoId> = self
            .catalogue()
            .expired_before(Millis::from_time(since))
            .collect();
        let used_up: Vec<MemoId> = self.catalogue().used_up().collect();
        for id in used_up {
            let last = self.readable(&id)?.and_then(|record| record.last_accessed_at);
            if last.is_none_or(|last| last < Millis::from_time(since)) {
                expired.push(id);
            }
        }
        let mut deleted = self.delete_all(&expired, Reason::Expiry, now)?;
        for (mailbox, retention) in mailboxes {
            deleted.extend(self.retain(mailbox, retention, now)?);
        }
        if let Some(oldest) = now.checked_sub(limits::RECEIPT_KEPT) {
            self.inner.receipts.forget_before(Millis::from_time(oldest))?;
        }
        Ok(deleted)
    }

    /// Deletes what a mailbox does not keep.
    ///
    /// # Errors
    /// A disk that fails; the next sweep goes on.
    pub fn retain(
        &self,
        mailbox: &str,
        retention: Retention,
        now: SystemTime,
    ) -> Result<Vec<Deleted>, StoreError> {
        if !retention.is_bounded() {
            return Ok(Vec::new());
        }
        let gone = {
            let catalogue = self.catalogue();
            let size = |id: &MemoId| catalogue.get(id).map_or(0, |brief| brief.size_bytes);
            // Each kind by itself: a stranger who leaves memo after memo from a browser, which costs nothing, does not push
            // out what others said by telephone.
            let (left_in_browsers, others): (Vec<Kept>, Vec<Kept>) = catalogue
                .newest(Some(mailbox), None)
                .map(|(created_at, id)| Kept {
                    id,
                    created_at,
                    bytes: size(&id) + catalogue.shares(&id).map(|share| size(&share)).sum::<u64>(),
                })
                .partition(|kept| catalogue.get(&kept.id).is_some_and(Brief::is_from_browser));
            let mut gone = retention.decide(others, now);
            gone.extend(retention.decide(left_in_browsers, now));
            gone
        };
        match gone.is_empty() {
            true => Ok(Vec::new()),
            false => self.delete_all(&gone, Reason::Retention, now),
        }
    }
}
