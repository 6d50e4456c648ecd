//! Changing what is known of a memo, and telling whoever wants to know.

use super::brief::Brief;
use super::kept::matters;
use super::{lock_of, Store, StoreError};
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// What happened to a memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new, and durable.
    Stored,
    /// Its record changed.
    Changed,
    /// It is gone, and with it whatever waits to be told of it.
    Deleted,
}

/// A change, told after it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// Of which memo.
    pub memo: MemoId,
    /// Of which mailbox.
    pub mailbox: Option<&'a str>,
    /// What.
    pub kind: ChangeKind,
}

/// When a change must outlive a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// Before it is answered: who set an expiry, or replaced an envelope, relies on it.
    Now,
    /// Within a second: a mark, a count.
    Soon,
}

type Listener = Arc<dyn Fn(&Change<'_>) + Send + Sync>;

/// Who is told of changes.
#[derive(Default)]
pub(super) struct Listeners(Mutex<Vec<Listener>>);

impl Store {
    /// Calls `listener` after each change, on the thread that made it. It must be quick, and must not change the store.
    pub fn on_change(&self, listener: impl Fn(&Change<'_>) + Send + Sync + 'static) {
        lock_of(&self.inner.listeners.0).push(Arc::new(listener));
    }

    pub(super) fn tell(&self, memo: MemoId, mailbox: Option<&str>, kind: ChangeKind) {
        let listeners = lock_of(&self.inner.listeners.0).clone();
        let change = Change { memo, mailbox, kind };
        for listener in listeners {
            listener(&change);
        }
    }

    /// A number that moves with each change of a mailbox. It is no number of an earlier process.
    pub fn version(&self, mailbox: &str) -> u64 {
        self.catalogue().version(mailbox)
    }

    /// Changes a record, atomically with other changes of it. `change` says whether its result is to be kept, and may
    /// answer something; none where there is no such memo.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn update<T>(
        &self,
        id: &MemoId,
        durable: Durable,
        change: impl FnOnce(&mut Record) -> Result<(), T>,
    ) -> Result<Option<Result<Record, T>>, StoreError> {
        let (record, matters) = {
            let _changing = lock_of(&self.inner.changing);
            let Some(mut record) = self.read(id)? else {
                return Ok(None);
            };
            let before = record.clone();
            if let Err(refusal) = change(&mut record) {
                return Ok(Some(Err(refusal)));
            }
            let brief = Brief::of(&record);
            let anew = record.sealed_envelope.as_ref();
            let anew = anew.filter(|envelope| Some(*envelope) != before.sealed_envelope.as_ref());
            self.inner.index.replace(&record, &brief, anew)?;
            self.catalogue().insert(*id, brief);
            let matters = matters(&before, &record);
            (record, matters)
        };
        if matters {
            self.keep(id)?;
        }
        if durable == Durable::Now {
            self.sync()?;
        }
        self.tell(*id, record.user_id.as_deref(), ChangeKind::Changed);
        Ok(Some(Ok(record)))
    }

    /// Counts a fetch that is about to be served, where it may be: `false` where there is no such memo any more, or where
    /// others have had all the fetches that it allows. Of two who ask for the last one at once, one gets it.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn count_access(&self, id: &MemoId, now: SystemTime) -> Result<bool, StoreError> {
        let record = {
            let _changing = lock_of(&self.inner.changing);
            let Some(mut record) = self.inner.index.record(id)? else {
                return Ok(false);
            };
            if record
                .max_accesses
                .is_some_and(|most| record.access_count >= most)
            {
                return Ok(false);
            }
            record.access_count = record.access_count.saturating_add(1);
            record.last_accessed_at = Some(Millis::from_time(now));
            let Some(known) = self.catalogue().get(id).cloned() else {
                return Ok(false);
            };
            let brief = Brief {
                // The record was read without its envelope.
                sealed: known.sealed,
                ..Brief::of(&record)
            };
            self.inner.index.replace(&record, &brief, None)?;
            let mut catalogue = self.catalogue();
            if known.used_up != brief.used_up {
                catalogue.insert(*id, brief);
            } else if let Some(mailbox) = &record.user_id {
                catalogue.touch(mailbox);
            }
            record
        };
        // A counted fetch must not come back with a crash.
        if record.max_accesses.is_some() {
            self.keep(id)?;
            self.sync()?;
        }
        self.tell(*id, record.user_id.as_deref(), ChangeKind::Changed);
        Ok(true)
    }

    /// Room for names of memos that are on their way in, taken until the result is dropped.
    pub(super) fn reservation(&self) -> Reservation {
        Reservation {
            store: self.clone(),
            taken: HashSet::new(),
        }
    }
}

/// Names that nobody else can take meanwhile.
pub(super) struct Reservation {
    store: Store,
    taken: HashSet<MemoId>,
}

impl Reservation {
    /// Takes a name; `false` where another memo has it, had it, or is about to have it.
    pub(super) fn take(&mut self, id: &MemoId) -> Result<bool, StoreError> {
        // The name of the decoy is nobody's.
        if *id.as_bytes() == [0; 16] || !lock_of(&self.store.inner.arriving).insert(*id) {
            return Ok(false);
        }
        self.taken.insert(*id);
        Ok(self.store.catalogue().get(id).is_none() && !self.store.inner.receipts.has(id)?)
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut arriving = lock_of(&self.store.inner.arriving);
        for id in &self.taken {
            arriving.remove(id);
        }
    }
}
