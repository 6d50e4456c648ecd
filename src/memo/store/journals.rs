//! Journals: one file for each recording that goes on, its record and then frame after frame, as `memo::journal` seals
//! them. The same layout as a body, so that one that a crash cut off becomes the memo's body by being renamed.
//!
//! Appending is handing over to the operating system, which a crash of the program does not undo; [`Store::sync_journals`]
//! makes it outlive a loss of power, for all journals at once.

use super::body::{self, Bodies};
use super::brief::Brief;
use super::disk::Disk;
use super::names::Folder;
use super::{reserve, ChangeKind, Store, StoreError};
use crate::limits;
use crate::memo::journal;
use crate::memo::key::MemoId;
use crate::memo::record::{Facts, Record};
use crate::memo::seal::IV_BYTES;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of journals.
pub(super) struct Journals {
    folder: Folder,
}

impl Journals {
    pub(super) fn new(folder: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Journals {
            folder: Folder::new(folder, disk),
        }
    }

    fn path(&self, id: &MemoId) -> PathBuf {
        self.folder.file(&id.to_string())
    }

    fn disk(&self) -> &Arc<dyn Disk> {
        &self.folder.disk
    }

    fn remove(&self, id: &MemoId) -> io::Result<bool> {
        self.folder.remove(&id.to_string())
    }

    /// Makes a journal that is gone stay so.
    pub(super) fn forget(&self, id: &MemoId) -> io::Result<()> {
        self.remove(id)?;
        self.folder.sync()
    }

    /// Makes the content of these durable, and all names: few one by one, many by one sync of the file system.
    fn sync(&self, ids: &[MemoId]) -> io::Result<()> {
        if ids.len() > limits::SYNC_ONE_BY_ONE {
            return self.folder.sync_all();
        }
        for id in ids {
            match self.disk().sync_content(&self.path(id)) {
                // It became a memo meanwhile, or was discarded.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        self.folder.sync()
    }

    /// Gives a journal the name of a body, cut behind its last whole frame. Durable when it returns.
    fn promote(&self, id: &MemoId, start: u64, bytes: u64, length: u64, bodies: &Bodies) -> io::Result<()> {
        let path = self.path(id);
        if length > start + bytes {
            self.disk().truncate(&path, start + bytes)?;
        }
        self.disk().sync_content(&path)?;
        self.disk().rename(&path, &bodies.path(id))?;
        self.folder.note_change();
        // The new name first: between the two there may be both, which the next start mends, but never neither.
        bodies.sync()?;
        self.folder.sync()
    }
}

/// A recording's journal, open for more.
pub struct Journal {
    id: MemoId,
    path: PathBuf,
    disk: Arc<dyn Disk>,
    iv: [u8; IV_BYTES],
    /// Bytes before the first frame.
    start: u64,
    /// Bytes of whole frames.
    bytes: u64,
}

impl Journal {
    /// The memo that it becomes.
    pub fn id(&self) -> MemoId {
        self.id
    }

    /// The IV that its frames are sealed under.
    pub fn iv(&self) -> &[u8; IV_BYTES] {
        &self.iv
    }

    /// Bytes of the frames in it.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds a frame. The operating system has it when this returns; the disk, after [`Store::sync_journals`].
    ///
    /// # Errors
    /// A disk that fails. A part of the frame may stand in the file; nothing may be added any more.
    pub fn append(&mut self, frame: &[u8]) -> Result<(), StoreError> {
        self.disk.append(&self.path, frame)?;
        self.bytes += frame.len() as u64;
        Ok(())
    }

    /// The frames, from the first on.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn read(&self) -> Result<impl Read, StoreError> {
        let mut file = self.disk.open(&self.path)?;
        file.seek(SeekFrom::Start(self.start))?;
        Ok(BufReader::with_capacity(body::READ_BYTES, file).take(self.bytes))
    }
}

impl Store {
    /// Begins a journal. `record` stands at its head, and says all that is known of the memo by now.
    ///
    /// # Errors
    /// A disk that fails; nothing of it is left.
    pub fn create_journal(&self, record: &Record) -> Result<Journal, StoreError> {
        self.require_room(limits::STORE_ROOM)?;
        let journals = &self.inner.journals;
        let path = journals.path(&record.id);
        let head = body::head(record)?;
        let written = journals
            .disk()
            .create_new(&path)
            .and_then(|mut file| file.write_all(&head));
        if let Err(error) = written {
            let _ = journals.remove(&record.id);
            return Err(error.into());
        }
        journals.folder.note_change();
        Ok(Journal {
            id: record.id,
            path,
            disk: journals.disk().clone(),
            iv: record.encryption_iv,
            start: head.len() as u64,
            bytes: 0,
        })
    }

    /// Makes what was added to these journals outlive a loss of power, and every name that was made or removed since the
    /// last time: with one sync, where they are many.
    ///
    /// # Errors
    /// A disk that fails: what was added to any of them may be lost. A disk that is nearly full as well, although all is
    /// durable: nothing more is to be added.
    pub fn sync_journals(&self, ids: &[MemoId]) -> Result<(), StoreError> {
        self.inner.journals.sync(ids)?;
        match ids {
            [] => Ok(()),
            _ => self.require_room(limits::STORE_ROOM),
        }
    }

    /// Refuses where fewer bytes are left than that.
    pub(super) fn require_room(&self, bytes: u64) -> Result<(), StoreError> {
        let journals = &self.inner.journals;
        reserve::require_room(&**journals.disk(), journals.folder.path(), bytes)
    }

    /// Whether a journal was made or removed and that is not yet durable.
    pub fn has_new_journals(&self) -> bool {
        self.inner.journals.folder.is_changed()
    }

    /// Removes a journal that became a memo, or is not wanted. Durable after [`Store::sync_journals`].
    ///
    /// # Errors
    /// A disk that fails.
    pub fn remove_journal(&self, id: &MemoId) -> Result<(), StoreError> {
        self.inner.journals.remove(id)?;
        Ok(())
    }

    /// Makes the journal itself the memo, as it would be after a crash: where there is no room to make one in order.
    /// Durable when it returns.
    ///
    /// # Errors
    /// A disk that fails, or a journal without audio. What is left of it, the next start takes up.
    pub fn adopt_journal(&self, journal: &Journal, facts: Facts) -> Result<Record, StoreError> {
        let journals = &self.inner.journals;
        let (at_start, start, length) = body::read_record(&**journals.disk(), &journal.path)?;
        if journal.bytes == 0 {
            return Err(StoreError::Corrupt("a journal without audio".to_owned()));
        }
        journals.promote(&journal.id, start, journal.bytes, length, &self.inner.bodies)?;
        let mut record = Record::cut_off(at_start, facts);
        record.file_size_bytes = journal.bytes;
        let brief = Brief::of(&record);
        // The envelope in the journal is the first one, of a recording that has just begun.
        self.inner
            .index
            .replace(&record, &brief, record.sealed_envelope.as_ref())?;
        self.inner.notices.add(std::slice::from_ref(&record))?;
        self.inner.index.sync()?;
        self.catalogue().insert(record.id, brief);
        self.inner.notices.announce(std::slice::from_ref(&record));
        self.tell(record.id, record.user_id.as_deref(), ChangeKind::Stored);
        Ok(record)
    }
}

/// What a start did with the journals that it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Cut-off recordings that are memos now.
    pub(super) recovered: Vec<MemoId>,
    /// Journals that nobody can open, or without audio, or whose memo was there already.
    pub(super) removed: usize,
}

/// Makes memos of the recordings that a crash cut off: renames their journals into the folder of bodies, which
/// `reconcile` then finds without a record.
pub(super) fn recover(journals: &Journals, bodies: &Bodies) -> Result<Found, StoreError> {
    let mut found = Found::default();
    for name in journals.disk().list(journals.folder.path())? {
        let name = name?;
        let Ok(id) = name.parse::<MemoId>() else {
            tracing::warn!(file = %name, folder = %journals.folder.path().display(), "left a foreign file alone");
            continue;
        };
        match recover_one(journals, bodies, &id) {
            Ok(true) => found.recovered.push(id),
            Ok(false) => found.removed += 1,
            Err(error) => {
                tracing::error!(memo = %id, %error, "a recording that was cut off could not be made a memo");
            }
        }
    }
    if found.recovered.len() + found.removed > 0 {
        // Whatever a start before this one left undone, too.
        journals.folder.note_change();
        journals.folder.sync()?;
    }
    Ok(found)
}

/// Whether the journal became a memo; else it was removed.
fn recover_one(journals: &Journals, bodies: &Bodies, id: &MemoId) -> io::Result<bool> {
    let path = journals.path(id);
    if bodies.record(id).is_ok() {
        tracing::info!(memo = %id, "removed the journal of a memo that is whole");
        journals.remove(id)?;
        return Ok(false);
    }
    let (record, start, length) = match read_head(journals, &path, id) {
        Ok(read) => read,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            tracing::warn!(memo = %id, "removed a journal that a crash cut off before its recording began");
            journals.remove(id)?;
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let call_id = record.metadata.call_id.as_deref().unwrap_or("-");
    let extent = body::frames(&**journals.disk(), &path, start)?;
    let mailbox = record.user_id.as_deref().unwrap_or("-");
    if record.sealed_envelope.is_none() {
        tracing::error!(
            memo = %id, mailbox, call_id,
            "a recording that was going on when the switch stopped is lost: its mailbox has no owner key, so nobody could open it"
        );
        journals.remove(id)?;
        return Ok(false);
    }
    if extent.frames == 0 {
        tracing::warn!(memo = %id, mailbox, call_id, "a recording was cut off within its first second: nothing is left of it");
        journals.remove(id)?;
        return Ok(false);
    }
    journals.promote(id, start, extent.bytes, length, bodies)?;
    tracing::warn!(
        memo = %id, mailbox, call_id,
        seconds = journal::duration(extent.bytes).as_secs(),
        "kept a recording that was cut off, as an incomplete memo"
    );
    Ok(true)
}

fn read_head(journals: &Journals, path: &Path, id: &MemoId) -> io::Result<(Record, u64, u64)> {
    let read = body::read_record(&**journals.disk(), path)?;
    match read.0.id == *id {
        true => Ok(read),
        false => Err(body::not_a_body()),
    }
}
