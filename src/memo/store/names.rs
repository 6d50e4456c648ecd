//! A folder whose names are made durable together: files come and go in it, and one sync settles all that did so far.

use super::disk::Disk;
use super::lock_of;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

pub(super) struct Folder {
    path: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    /// Whether a name was made or removed that is not yet durable.
    changed: AtomicBool,
    /// Held while names are made durable, so that nobody takes for durable what another still waits for.
    syncing: Mutex<()>,
}

impl Folder {
    pub(super) fn new(path: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Folder {
            path,
            disk,
            changed: AtomicBool::new(false),
            syncing: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of that name.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// All names, before any of them is removed.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        self.disk.list(&self.path)?.collect()
    }

    /// Whether there are names that are not durable yet.
    pub(super) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// Says that a name was made or taken away.
    pub(super) fn note_change(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// Removes a file; `false` where there is none.
    pub(super) fn remove(&self, name: &str) -> io::Result<bool> {
        match self.disk.remove(&self.file(name)) {
            Ok(()) => {
                self.note_change();
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes every name so far durable, where that is to be done.
    pub(super) fn sync(&self) -> io::Result<()> {
        let _syncing = lock_of(&self.syncing);
        // Taken down first: a change meanwhile puts it up again.
        if !self.changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.disk.sync_dir(&self.path).inspect_err(|_| self.note_change())
    }

    /// Makes names and contents durable, whatever changed.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        let _syncing = lock_of(&self.syncing);
        let changed = self.changed.swap(false, Ordering::AcqRel);
        self.disk.sync_file_system(&self.path).inspect_err(|_| {
            self.changed.fetch_or(changed, Ordering::AcqRel);
        })
    }
}
