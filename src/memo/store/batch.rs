//! Memos that are stored together: each body is written when it is added, so that its ciphertext need not stay in
//! memory; all of them share the syncs.

use super::brief::Brief;
use super::changes::Reservation;
use super::{ChangeKind, NewMemo, Store, StoreError};
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::record::Record;
use std::io;

/// Memos on their way into a store. Dropped without [`Batch::commit`], none of them is stored.
pub struct Batch<'a> {
    store: &'a Store,
    names: Reservation,
    results: Vec<Result<Record, StoreError>>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Batch {
            store,
            names: store.reservation(),
            results: Vec::new(),
        }
    }

    /// Writes a memo's body. What becomes of it, [`Batch::commit`] tells: a name that another memo has or had is
    /// [`StoreError::Taken`].
    pub fn add(&mut self, memo: NewMemo) {
        let written = self.write(memo);
        self.results.push(written);
    }

    fn write(&mut self, memo: NewMemo) -> Result<Record, StoreError> {
        if !self.names.take(&memo.sealed.id)? {
            return Err(StoreError::Taken);
        }
        self.store
            .require_room(limits::INDEX_ROOM + memo.sealed.ciphertext.len() as u64)?;
        let record = Record::new(&memo.sealed, memo.facts);
        self.store.inner.bodies.write(&record, &memo.sealed.ciphertext)?;
        Ok(record)
    }

    /// Makes all of them durable. The results are in the order of adding; a memo whose result is an error left nothing
    /// behind.
    pub fn commit(mut self) -> Vec<Result<Record, StoreError>> {
        let mut results = std::mem::take(&mut self.results);
        self.give_names(&mut results);
        let records: Vec<Record> = results.iter().flatten().cloned().collect();
        if records.is_empty() {
            return results;
        }
        if let Err(error) = self.store.make_durable(&records, true) {
            self.store.forget(&records);
            let mut first = Some(error);
            for result in results.iter_mut().filter(|result| result.is_ok()) {
                *result = Err(match first.take() {
                    Some(error) => error,
                    None => StoreError::Io(io::Error::other("the batch could not be made durable")),
                });
            }
            return results;
        }
        {
            let mut catalogue = self.store.catalogue();
            for record in &records {
                catalogue.insert(record.id, Brief::of(record));
            }
        }
        self.store.inner.notices.announce(&records);
        for record in &records {
            self.store
                .tell(record.id, record.user_id.as_deref(), ChangeKind::Stored);
        }
        results
    }

    /// Syncs the bodies and renames those that are durable.
    fn give_names(&self, results: &mut [Result<Record, StoreError>]) {
        let bodies = &self.store.inner.bodies;
        let ids: Vec<MemoId> = results.iter().flatten().map(|record| record.id).collect();
        let mut synced = bodies.sync_written(&ids).into_iter();
        for result in results.iter_mut() {
            let Ok(record) = result else { continue };
            let id = record.id;
            let named = match synced.next() {
                Some(synced) => synced.and_then(|()| bodies.finish(&id)),
                None => Err(io::Error::other("not synced")),
            };
            if let Err(error) = named {
                bodies.abandon(&id);
                *result = Err(error.into());
            }
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        for record in self.results.iter().flatten() {
            self.store.inner.bodies.abandon(&record.id);
        }
    }
}
