//! Memos that were sealed elsewhere on their way into a store: an import's.
//!
//! Their bodies are written into a folder beside those of the store, each synced; when all of them are there and verified,
//! the store takes them over by renaming, so that an import that breaks off leaves nothing. Between two renames a crash
//! leaves whole memos, which the next start puts into the index.
//!
//! What is staged is ciphertext and its record, as an archive or another database has them. There is no way from plain audio
//! to here: who has audio has to seal it.

use super::body::Bodies;
use super::brief::Brief;
use super::changes::ChangeKind;
use super::disk::{Disk, OsDisk};
use super::lock_of;
use super::{Store, StoreError};
use crate::memo::key::MemoId;
use crate::memo::record::Record;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a staging folder's name begins with.
const PREFIX: &str = "import-";

/// The file within that is locked as long as the import goes on.
const LOCK: &str = "lock";

/// A folder of bodies that are no memos yet. Dropped, it is gone with all that is in it.
pub struct Staging {
    folder: tempfile::TempDir,
    /// Tells a switch that starts meanwhile that the folder is in use.
    _lock: Flock<File>,
    bodies: Bodies,
    ids: HashSet<MemoId>,
}

impl Staging {
    /// A new folder in that of a store, which need not be open: on the same disk, so that a rename is all that is left.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn new(store: &Path) -> Result<Self, StoreError> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(store)?;
        let lock = File::create(folder.path().join(LOCK))?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, errno)| StoreError::from(io::Error::from(errno)))?;
        Ok(Staging {
            _lock: lock,
            bodies: Bodies::new(folder.path().to_owned(), Arc::new(OsDisk)),
            folder,
            ids: HashSet::new(),
        })
    }

    /// Writes a memo's body. `false` where this id is staged already.
    ///
    /// # Errors
    /// A disk that fails; a ciphertext that is not as long as its record says.
    pub fn add(&mut self, record: &Record, ciphertext: &[u8]) -> Result<bool, StoreError> {
        if record.file_size_bytes != ciphertext.len() as u64 {
            return Err(StoreError::Corrupt(
                "a memo is not as long as its record says".to_owned(),
            ));
        }
        if !self.ids.insert(record.id) {
            return Ok(false);
        }
        self.bodies.write(record, ciphertext)?;
        self.bodies
            .sync_written(&[record.id])
            .into_iter()
            .collect::<io::Result<()>>()?;
        self.bodies.finish(&record.id)?;
        // As a start of the store would look at it: a stream is whole frames.
        self.bodies.record(&record.id)?;
        Ok(true)
    }

    /// Where it is, for [`Store::adopt`].
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Memos that are staged.
    pub fn count(&self) -> usize {
        self.ids.len()
    }
}

/// Removes the staging folders of a store that nobody uses any more: imports that were killed left them. To be called by
/// who holds the store.
pub(super) fn remove_left_over(store: &Path) {
    let Ok(entries) = std::fs::read_dir(store) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_ours {
            continue;
        }
        let folder = entry.path();
        // An import goes by way of a running switch, which may be started anew meanwhile.
        let lock =
            File::open(folder.join(LOCK)).map(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock));
        if matches!(lock, Ok(Err((_, Errno::EWOULDBLOCK)))) {
            continue;
        }
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => {
                tracing::warn!(folder = %folder.display(), "removed what an import left that was cut off")
            }
            Err(error) => {
                tracing::error!(folder = %folder.display(), %error, "what an import left cannot be removed");
            }
        }
    }
}

/// What became of staged memos.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adopted {
    /// Memos that are new in the store, durably.
    pub stored: usize,
    /// Shares of memos, likewise.
    pub shares: usize,
    /// Those that it has, or has had, already: left as they are.
    pub known: Vec<MemoId>,
    /// Shares of memos that it has not: left out.
    pub strays: Vec<MemoId>,
    /// Memos that came without their telephone code, whose locator another memo has here.
    pub without_code: Vec<MemoId>,
}

/// Memos taken over at a time: so many share the index's syncs.
const BATCH: usize = 256;

impl Store {
    /// Takes the memos of a staging folder over. All are durable when it returns; what is in the folder then is not
    /// needed any more.
    ///
    /// # Errors
    /// Another folder than one of [`Staging`] in this store; a disk that fails, with some of them taken over.
    pub fn adopt(&self, staged: &Path) -> Result<Adopted, StoreError> {
        let is_ours = staged
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
            && staged.parent().map(Path::canonicalize).and_then(Result::ok)
                == self
                    .inner
                    .bodies
                    .folder()
                    .parent()
                    .map(Path::canonicalize)
                    .and_then(Result::ok);
        if !is_ours || staged.symlink_metadata().map_or(true, |meta| !meta.is_dir()) {
            return Err(StoreError::Io(io::Error::other(
                "not a folder of memos to be imported",
            )));
        }
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        let bodies = Bodies::new(staged.to_owned(), disk.clone());
        let mut adopted = Adopted::default();
        // Shares behind what they are copies of, which may be in another batch.
        let (mut ids, mut shares) = (Vec::new(), Vec::new());
        for id in bodies.ids()? {
            match bodies.record(&id)?.metadata.share_of {
                None => ids.push(id),
                Some(_) => shares.push(id),
            }
        }
        for batch in ids.chunks(BATCH).chain(shares.chunks(BATCH)) {
            self.adopt_batch(&bodies, &*disk, batch, &mut adopted)?;
        }
        Ok(adopted)
    }

    fn adopt_batch(
        &self,
        bodies: &Bodies,
        disk: &dyn Disk,
        ids: &[MemoId],
        adopted: &mut Adopted,
    ) -> Result<(), StoreError> {
        let mut names = self.reservation();
        let mut records = Vec::with_capacity(ids.len());
        // Until they are in the catalogue, nobody else takes their locators.
        let changing = lock_of(&self.inner.changing);
        let (mut locators, mut without_code) = (HashSet::new(), Vec::new());
        for id in ids {
            if !names.take(id)? {
                adopted.known.push(*id);
                continue;
            }
            let mut record = bodies.record(id)?;
            let original = record.metadata.share_of;
            if original.is_some_and(|original| self.catalogue().get(&original).is_none()) {
                adopted.strays.push(*id);
                continue;
            }
            if let Some(kept) = &record.telephone {
                let locator = kept.lock.locator().map(|locator| locator.number());
                let is_free = locator
                    .is_some_and(|locator| self.by_locator(locator).is_none() && locators.insert(locator));
                if !is_free {
                    record.telephone = None;
                    without_code.push(*id);
                }
            }
            disk.rename(&bodies.path(id), &self.inner.bodies.path(id))?;
            records.push(record);
        }
        self.make_durable(&records, false)?;
        {
            let mut catalogue = self.catalogue();
            for record in &records {
                catalogue.insert(record.id, Brief::of(record));
            }
        }
        drop(changing);
        for id in &without_code {
            // The body has it still.
            self.keep(id)?;
        }
        self.sync()?;
        for record in &records {
            self.tell(record.id, record.user_id.as_deref(), ChangeKind::Stored);
            match record.metadata.share_of {
                None => adopted.stored += 1,
                Some(_) => adopted.shares += 1,
            }
        }
        adopted.without_code.extend(without_code);
        Ok(())
    }
}

/// A memo's record as it was when stored, and its ciphertext, from the files of a store that another process may hold:
/// bodies never change.
///
/// # Errors
/// No such memo, or a disk that fails.
pub fn read_body(store: &Path, id: &MemoId) -> io::Result<(Record, Vec<u8>)> {
    Bodies::new(store.join("memos"), Arc::new(OsDisk)).read(id)
}
