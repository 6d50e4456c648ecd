//! The dialplans' database (the function `DB`): a tree of its own beside the memos' records, `family/key` and a value.
//!
//! Its writes are in memory at once and durable with [`Database::sync`], which whoever runs the dialplans calls soon
//! after a write and at the end.

use super::{Store, StoreError};
use crate::limits;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use thiserror::Error;

/// Why the database refused a write.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// Family and key together.
    #[error("a key of the database is longer than {} bytes", limits::DATABASE_KEY_BYTES)]
    LongKey,
    /// The value.
    #[error("a value of the database is longer than {} bytes", limits::VARIABLE_BYTES)]
    LongValue,
    /// The entries.
    #[error("the database has {} entries already", limits::DATABASE_ENTRIES)]
    Full,
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sled::Error> for DatabaseError {
    fn from(error: sled::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// The tree and what is known of it.
pub(super) struct Entries {
    tree: sled::Tree,
    /// How many there are: to ask the tree is to read all of it.
    count: AtomicUsize,
    /// Whether a write is not yet durable.
    dirty: AtomicBool,
}

impl Entries {
    pub(super) fn new(tree: sled::Tree) -> Self {
        Entries {
            count: AtomicUsize::new(tree.len()),
            dirty: AtomicBool::new(false),
            tree,
        }
    }
}

/// A handle on the database of a store; cheap to clone.
#[derive(Clone)]
pub struct Database(pub(super) Store);

impl Database {
    fn entries(&self) -> &Entries {
        &self.0.inner.database
    }

    /// The value of a key.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let found = self.entries().tree.get(key)?;
        Ok(found.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Sets the value of a key.
    ///
    /// # Errors
    /// Beyond a bound, and a disk that fails.
    pub fn put(&self, key: &str, value: &str) -> Result<(), DatabaseError> {
        if key.len() > limits::DATABASE_KEY_BYTES {
            return Err(DatabaseError::LongKey);
        }
        if value.len() > limits::VARIABLE_BYTES {
            return Err(DatabaseError::LongValue);
        }
        self.0.require_room(limits::INDEX_ROOM)?;
        let entries = self.entries();
        if entries.count.load(Ordering::Relaxed) >= limits::DATABASE_ENTRIES
            && !entries.tree.contains_key(key)?
        {
            return Err(DatabaseError::Full);
        }
        if entries.tree.insert(key, value)?.is_none() {
            entries.count.fetch_add(1, Ordering::Relaxed);
        }
        entries.dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Takes a key out; `false` where there was none.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.0.require_room(limits::DELETION_ROOM)?;
        let entries = self.entries();
        let was_there = entries.tree.remove(key)?.is_some();
        if was_there {
            entries.count.fetch_sub(1, Ordering::Relaxed);
            entries.dirty.store(true, Ordering::Release);
        }
        Ok(was_there)
    }

    /// Takes every key that begins so out; how many there were.
    ///
    /// # Errors
    /// A disk that fails, with some of them gone.
    pub fn delete_all(&self, prefix: &str) -> Result<usize, StoreError> {
        let mut gone = 0;
        for key in self.entries().tree.scan_prefix(prefix).keys() {
            if let Ok(key) = std::str::from_utf8(&key?) {
                gone += usize::from(self.delete(key)?);
            }
        }
        Ok(gone)
    }

    /// Keys that begin so, with their values, sorted.
    pub fn iter(&self, prefix: &str) -> impl Iterator<Item = Result<(String, String), StoreError>> + '_ {
        let text = |bytes: sled::IVec| String::from_utf8_lossy(&bytes).into_owned();
        self.entries().tree.scan_prefix(prefix).map(move |entry| {
            let (key, value) = entry?;
            Ok((text(key), text(value)))
        })
    }

    /// Makes every write so far outlive a loss of power, where there was one since the last time.
    ///
    /// # Errors
    /// A disk that fails; the next call tries again.
    pub fn sync(&self) -> Result<(), StoreError> {
        // Taken down first: a write meanwhile puts it up again.
        if self.entries().dirty.swap(false, Ordering::AcqRel) {
            if let Err(error) = self.0.sync() {
                self.entries().dirty.store(true, Ordering::Release);
                return Err(error);
            }
        }
        Ok(())
    }
}
