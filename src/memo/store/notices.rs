//! Memos of which somebody is still to be told: a tree of its own, the memo's id, and by which ways it was told already.
//!
//! Only memos with a sealed envelope are in it, and nothing of them but the id: what a notice says is read from the
//! record when it is sent, so there is no key here and no number, and a memo that is deleted takes its notice with it. An
//! entry becomes durable together with its memo. What was told reaches the disk within a second: a crash in that time
//! tells twice, never not at all.

use super::index::Index;
use super::{Store, StoreError};
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::record::{Record, Source};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;

/// Between the ways in an entry.
const SEPARATOR: char = ',';

/// The tree and what is known of it.
pub(super) struct Waiting {
    tree: sled::Tree,
    /// How many there are: to ask the tree is to read all of it.
    count: AtomicUsize,
    /// As many ids at most as the tree has entries.
    arrivals: mpsc::UnboundedSender<MemoId>,
    received: Mutex<Option<mpsc::UnboundedReceiver<MemoId>>>,
}

impl Waiting {
    pub(super) fn new(tree: sled::Tree) -> Self {
        let (arrivals, received) = mpsc::unbounded_channel();
        Waiting {
            count: AtomicUsize::new(tree.len()),
            tree,
            arrivals,
            received: Mutex::new(Some(received)),
        }
    }

    /// Puts in those of these memos that somebody is to be told of; durable with the index's next sync. Beyond the
    /// bound a memo is only in the inbox.
    pub(super) fn add(&self, records: &[Record]) -> Result<(), StoreError> {
        for record in records.iter().filter(|record| is_news(record)) {
            self.put(&record.id)?;
        }
        Ok(())
    }

    /// Puts in the memos that a start made of recordings which a crash had cut off: nobody was told of them. Each has an
    /// envelope, or nobody could open it and it would be gone.
    pub(super) fn add_recovered(&self, index: &Index, ids: &[MemoId]) -> Result<(), StoreError> {
        for id in ids {
            self.put(id)?;
        }
        match ids {
            [] => Ok(()),
            _ => index.sync(),
        }
    }

    fn put(&self, id: &MemoId) -> Result<(), StoreError> {
        if self.count.load(Ordering::Relaxed) >= limits::NOTICES {
            tracing::error!(memo = %id, "too many notices wait: nobody will be told of this memo");
        } else if self.tree.insert(id.as_bytes(), "")?.is_none() {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Says that these memos are durable and in the catalogue, so that telling may begin.
    pub(super) fn announce(&self, records: &[Record]) {
        for record in records.iter().filter(|record| is_news(record)) {
            // Nobody listens where no switch runs; the entry waits.
            let _ = self.arrivals.send(record.id);
        }
    }

    pub(super) fn remove(&self, id: &MemoId) -> Result<(), StoreError> {
        if self.tree.remove(id.as_bytes())?.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Whether somebody is to be told of a memo that came: it has an owner, who did not put it here themselves.
fn is_news(record: &Record) -> bool {
    record.user_id.is_some()
        && record.sealed_envelope.is_some()
        && matches!(record.metadata.source, Source::SipCall | Source::Web)
}

/// A handle on the notices of a store; cheap to clone.
#[derive(Clone)]
pub struct Notices(pub(super) Store);

impl Notices {
    fn waiting(&self) -> &Waiting {
        &self.0.inner.notices
    }

    /// How many memos wait to be told of.
    pub fn count(&self) -> usize {
        self.waiting().count.load(Ordering::Relaxed)
    }

    /// Memos that wait to be told of, in no order.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn list(&self) -> Result<Vec<MemoId>, StoreError> {
        let keys = self.waiting().tree.iter().keys();
        let ids = keys.map(|key| Ok(key?.as_ref().try_into().ok().map(MemoId::from_bytes)));
        ids.filter_map(Result::transpose).collect()
    }

    /// Memos that begin to wait from now on, each once it is durable. Whoever asks first has them all; none for others.
    pub fn arrivals(&self) -> Option<mpsc::UnboundedReceiver<MemoId>> {
        let received = &self.waiting().received;
        received.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether that way is still to be gone for that memo.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn is_open(&self, id: &MemoId, way: &str) -> Result<bool, StoreError> {
        let told = self.waiting().tree.get(id.as_bytes())?;
        Ok(told.is_some_and(|told| !names(&told, way)))
    }

    /// Notes that a way was gone, or given up. With the last of `ways` the notice is gone.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn close(&self, id: &MemoId, way: &str, ways: &[&str]) -> Result<(), StoreError> {
        self.0.require_room(limits::DELETION_ROOM)?;
        let waiting = self.waiting();
        let told = waiting.tree.update_and_fetch(id.as_bytes(), |told| {
            let told = told?;
            let mut text = String::from_utf8_lossy(told).into_owned();
            if !names(told, way) {
                text.push_str(way);
                text.push(SEPARATOR);
            }
            Some(text.into_bytes())
        })?;
        if told.is_some_and(|told| ways.iter().all(|way| names(&told, way))) {
            waiting.remove(id)?;
        }
        Ok(())
    }

    /// Forgets a notice.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn remove(&self, id: &MemoId) -> Result<(), StoreError> {
        self.waiting().remove(id)
    }
}

fn names(told: &[u8], way: &str) -> bool {
    told.split(|byte| *byte == SEPARATOR as u8)
        .any(|name| name == way.as_bytes())
}
