//! Marks that a restart must not undo: each is sixteen bytes, kept until a time that is told with it.
//!
//! Few are written, of signed requests by other domains whose clock is ahead of ours, so each is synced by itself.

use super::{Store, StoreError};

/// A mark: a hash of what it stands for.
pub type Mark = [u8; 16];

/// A handle on the marks of a store; cheap to clone.
#[derive(Clone)]
pub struct Marks(Store);

impl Store {
    /// Marks that outlive a restart.
    pub fn marks(&self) -> Marks {
        Marks(self.clone())
    }
}

impl Marks {
    fn tree(&self) -> Result<sled::Tree, StoreError> {
        self.0.inner.index.tree("marks")
    }

    /// Keeps a mark until then, seconds since 1970; durable when this returns. Those whose time was over at `now_secs` are
    /// forgotten.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn keep(&self, mark: &Mark, until_secs: u64, now_secs: u64) -> Result<(), StoreError> {
        let tree = self.tree()?;
        for entry in tree.range(..now_secs.to_be_bytes()) {
            tree.remove(entry?.0)?;
        }
        let mut key = [0; 24];
        key[..8].copy_from_slice(&until_secs.to_be_bytes());
        key[8..].copy_from_slice(mark);
        tree.insert(key, &[])?;
        self.0.inner.index.sync()
    }

    /// The same off the tasks that wait for no disk.
    ///
    /// # Errors
    /// A disk that fails.
    pub async fn keep_aside(&self, mark: Mark, until_secs: u64, now_secs: u64) -> Result<(), StoreError> {
        let marks = self.clone();
        let kept = tokio::task::spawn_blocking(move || marks.keep(&mark, until_secs, now_secs));
        kept.await.map_err(std::io::Error::other)?
    }

    /// Those that are kept, each with its time.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn all(&self) -> Result<Vec<(Mark, u64)>, StoreError> {
        let mut all = Vec::new();
        for key in self.tree()?.iter().keys() {
            if let Some((until, mark)) = key?.split_first_chunk::<8>() {
                all.extend(mark.try_into().map(|mark| (mark, u64::from_be_bytes(*until))));
            }
        }
        Ok(all)
    }
}
