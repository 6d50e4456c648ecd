//! A reserve: room on the disk that a start gives up where there is no other.
//!
//! The index needs a little room to be opened at all: opened on a full disk, the database damages itself, and is not opened
//! there. Our own writing stops long before the disk is full, but whoever else writes to it may take the last byte, and
//! a switch that is started then would not start: nobody could call, listen or delete. So a file lies beside the memos that
//! holds nothing, and is removed when that happens.

use super::disk::Disk;
use super::{Store, StoreError};
use crate::limits;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file's name, below the store's folder.
const FILE: &str = "reserve";

impl Store {
    /// [`Store::open`] on another disk, for tests. `flush_every_ms` is how often counts reach the disk by themselves; none
    /// for never, so that every write happens when a test expects it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(
        path: &Path,
        disk: Arc<dyn Disk>,
        flush_every_ms: Option<u64>,
    ) -> Result<Self, StoreError> {
        let reserve = Reserve {
            file: path.join(FILE),
            disk: disk.clone(),
        };
        let opened = match Store::open_once(path, disk.clone(), flush_every_ms) {
            Err(StoreError::Full) if reserve.release() => Store::open_once(path, disk, flush_every_ms),
            opened => opened,
        };
        let store = opened.map_err(|error| match error {
            StoreError::Full => StoreError::NoRoomToOpen(path.to_owned()),
            other => other,
        })?;
        reserve.make();
        if let Err(StoreError::Full) = store.require_room(limits::STORE_ROOM) {
            tracing::error!(
                store = %path.display(),
                "the disk of the store is nearly full: no call is recorded before {} MiB of it are free",
                limits::STORE_ROOM >> 20
            );
        }
        Ok(store)
    }

    /// Refuses to delete where there is no room to note it; the reserve is given up for that.
    pub(super) fn require_room_to_delete(&self) -> Result<(), StoreError> {
        let room = self.require_room(limits::DELETION_ROOM);
        if room.is_ok() {
            return room;
        }
        let reserve = Reserve {
            file: self.inner.folder.join(FILE),
            disk: self.inner.disk.clone(),
        };
        reserve.release();
        self.require_room(limits::DELETION_ROOM)
    }
}

/// Refuses where the file system that holds the path has fewer bytes left than that.
pub(super) fn require_room(disk: &dyn Disk, path: &Path, bytes: u64) -> Result<(), StoreError> {
    match disk.free_bytes(path)? >= bytes {
        true => Ok(()),
        false => Err(StoreError::Full),
    }
}

struct Reserve {
    file: PathBuf,
    disk: Arc<dyn Disk>,
}

impl Reserve {
    /// Gives the room back; `false` where there was none.
    fn release(&self) -> bool {
        let released = self.disk.remove(&self.file).is_ok();
        if released {
            tracing::error!(file = %self.file.display(), "the disk of the store is full: the room that was held in reserve is used");
        }
        released
    }

    /// Takes the room, where there is plenty. Nothing depends on it: what fails is left.
    fn make(&self) {
        if let Err(error) = self.try_make() {
            let _ = self.disk.remove(&self.file);
            tracing::debug!(%error, "no room is held in reserve");
        }
    }

    fn try_make(&self) -> io::Result<()> {
        match self.disk.read_head(&self.file, 0) {
            Ok((_, length)) if length == limits::STORE_RESERVE as u64 => return Ok(()),
            // Cut off while it was made.
            Ok(_) => self.disk.remove(&self.file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let folder = self.file.parent().unwrap_or(&self.file);
        if self.disk.free_bytes(folder)? < limits::STORE_ROOM + limits::STORE_RESERVE as u64 {
            return Ok(());
        }
        // Of what no file system can make less.
        let mut content = vec![0; limits::STORE_RESERVE];
        getrandom::fill(&mut content).map_err(io::Error::other)?;
        self.disk.create_new(&self.file)?.write_all(&content)
    }
}
