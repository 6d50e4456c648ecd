//! Bodies: one file a memo, named by its id, holding its record as it was when stored and then the ciphertext.
//!
//! The record stands before the ciphertext so that a body explains itself: where the index is lost, it is built anew
//! from the bodies. Layout: eight bytes of magic, the record's length in four bytes (little-endian), the record as
//! JSON, the ciphertext up to the end.
//!
//! The body of a recording that was cut off is its journal, under its new name: the record at its head was written when
//! the recording began, and does not know how long the ciphertext became.

use super::ciphertext::Ciphertext;
use super::disk::Disk;
use super::kept::{self, Kept};
use crate::limits;
use crate::memo::envelope::Envelope;
use crate::memo::journal;
use crate::memo::key::MemoId;
use crate::memo::record::{Encryption, Record};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First bytes of every body; the last of them is the layout's version.
const MAGIC: &[u8; 8] = b"obelusM\x01";
/// Bytes before the record.
const PREFIX_BYTES: usize = MAGIC.len() + 4;
/// Bytes that surely hold a record: its texts come from the configuration and from one line of a SIP message.
const HEAD_BYTES: usize = 256 * 1024;
/// Bytes that hold one but for those with a long transcript in their envelopes.
const LIKELY_HEAD_BYTES: usize = 24 * 1024;
/// Bytes that are read at once where a stream is gone through.
pub(super) const READ_BYTES: usize = 64 * 1024;
/// What a body is called until it is whole.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The folder of bodies.
#[derive(Clone)]
pub(super) struct Bodies {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    /// What was changed of memos since they were stored; none of bodies that are no memos yet.
    changed: Option<Arc<Kept>>,
}

/// What a name in the folder stands for.
pub(super) enum Entry {
    /// A memo's body.
    Body(MemoId),
    /// What a crash left of a write.
    Temporary(String),
    /// None of ours.
    Foreign(String),
}

impl Bodies {
    pub(super) fn new(folder: PathBuf, disk: Arc<dyn Disk>) -> Self {
        Bodies {
            folder,
            disk,
            changed: None,
        }
    }

    /// The same, with records as they were changed since.
    pub(super) fn with_changes(self, changed: Arc<Kept>) -> Self {
        Bodies {
            changed: Some(changed),
            ..self
        }
    }

    fn newest(&self, stored: Record) -> io::Result<Record> {
        match &self.changed {
            Some(changed) => kept::newest(changed, stored),
            None => Ok(stored),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn path(&self, id: &MemoId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    fn temporary(&self, id: &MemoId) -> PathBuf {
        self.path(id).with_extension(&TEMPORARY_SUFFIX[1..])
    }

    /// Writes a body under its temporary name. On failure nothing remains.
    pub(super) fn write(&self, record: &Record, ciphertext: &[u8]) -> io::Result<()> {
        let path = self.temporary(&record.id);
        let head = head(record)?;
        let mut file = self.disk.create_new(&path)?;
        let written = file.write_all(&head).and_then(|()| file.write_all(ciphertext));
        if written.is_err() {
            let _ = self.disk.remove(&path);
        }
        written
    }

    /// Makes what was written under temporary names durable: few files one by one, many all at once. The results are in
    /// the order of the ids.
    pub(super) fn sync_written(&self, ids: &[MemoId]) -> Vec<io::Result<()>> {
        if ids.len() <= limits::SYNC_ONE_BY_ONE {
            return ids
                .iter()
                .map(|id| self.disk.sync_content(&self.temporary(id)))
                .collect();
        }
        let failed = self.disk.sync_file_system(&self.folder).err();
        ids.iter()
            .map(|_| match &failed {
                None => Ok(()),
                Some(error) => Err(same(error)),
            })
            .collect()
    }

    /// Gives a written body its name. Durable only after [`Bodies::sync`].
    pub(super) fn finish(&self, id: &MemoId) -> io::Result<()> {
        self.disk.rename(&self.temporary(id), &self.path(id))
    }

    /// Removes a written body that is not to have its name.
    pub(super) fn abandon(&self, id: &MemoId) {
        let _ = self.disk.remove(&self.temporary(id));
    }

    /// Makes every rename and removal so far durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.disk.sync_dir(&self.folder)
    }

    pub(super) fn remove(&self, id: &MemoId) -> io::Result<()> {
        match self.disk.remove(&self.path(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    pub(super) fn remove_temporary(&self, name: &str) -> io::Result<()> {
        self.disk.remove(&self.folder.join(name))
    }

    /// The record as it was when stored, and the ciphertext, to be read.
    pub(super) fn open(&self, id: &MemoId) -> io::Result<(Record, Ciphertext)> {
        let mut file = self.disk.open(&self.path(id))?;
        let mut head = Vec::new();
        file.by_ref().take(PREFIX_BYTES as u64).read_to_end(&mut head)?;
        let end = end_of_record(&head).filter(|end| *end <= HEAD_BYTES);
        let rest = end.ok_or_else(not_a_body)? - head.len();
        file.by_ref().take(rest as u64).read_to_end(&mut head)?;
        let (record, start) = parse(&head).ok_or_else(not_a_body)?;
        Ok((record, Ciphertext::new(file, start as u64)?))
    }

    /// The same, whole.
    pub(super) fn read(&self, id: &MemoId) -> io::Result<(Record, Vec<u8>)> {
        let (record, ciphertext) = self.open(id)?;
        Ok((record, ciphertext.whole()?))
    }

    /// The memos of which there are bodies.
    pub(super) fn ids(&self) -> io::Result<Vec<MemoId>> {
        self.list()?
            .filter_map(|entry| match entry {
                Ok(Entry::Body(id)) => Some(Ok(id)),
                Ok(Entry::Temporary(_) | Entry::Foreign(_)) => None,
                Err(error) => Some(Err(error)),
            })
            .collect()
    }

    /// Whether there is such a file, whole or not.
    pub(super) fn has(&self, id: &MemoId) -> bool {
        self.disk.read_head(&self.path(id), 0).is_ok()
    }

    /// The record at the head of a body, or as it was changed since, where the rest of the file is whole: as long as the
    /// record says, or made of whole frames.
    pub(super) fn record(&self, id: &MemoId) -> io::Result<Record> {
        let path = self.path(id);
        let (mut record, start, length) = read_record(&*self.disk, &path)?;
        if record.id != *id {
            return Err(not_a_body());
        }
        let size = length - start;
        match record.metadata.encryption {
            Encryption::Whole if record.file_size_bytes == size => self.newest(record),
            Encryption::Stream if frames(&*self.disk, &path, start)?.bytes == size => {
                record.file_size_bytes = size;
                self.newest(record)
            }
            Encryption::Whole | Encryption::Stream => Err(not_a_body()),
        }
    }

    /// The envelope in a body, or the one that came in its place; none where there is none, or no such body any more.
    pub(super) fn envelope(&self, id: &MemoId) -> io::Result<Option<Envelope>> {
        match read_record(&*self.disk, &self.path(id)) {
            Ok((record, ..)) => {
                let stored = record.sealed_envelope.clone();
                match self.newest(record) {
                    Ok(record) => Ok(record.sealed_envelope),
                    // Whether the memo may be heard, the index says.
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(stored),
                    Err(error) => Err(error),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn list(&self) -> io::Result<impl Iterator<Item = io::Result<Entry>>> {
        let entry = |name: String| match name.parse() {
            Ok(id) => Entry::Body(id),
            Err(_) if name.ends_with(TEMPORARY_SUFFIX) => Entry::Temporary(name),
            Err(_) => Entry::Foreign(name),
        };
        Ok(self.disk.list(&self.folder)?.map(move |name| name.map(entry)))
    }
}

pub(super) fn not_a_body() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not the whole body of a memo")
}

/// The same error once more.
fn same(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// What stands before the ciphertext.
pub(super) fn head(record: &Record) -> io::Result<Vec<u8>> {
    let record = serde_json::to_vec(record)?;
    let length = u32::try_from(record.len()).map_err(io::Error::other)?;
    Ok([&MAGIC[..], &length.to_le_bytes(), &record].concat())
}

/// The record that [`head`] wrote, and nothing behind it.
pub(super) fn record_of(bytes: &[u8]) -> Option<Record> {
    parse(bytes)
        .filter(|(_, end)| *end == bytes.len())
        .map(|(record, _)| record)
}

/// The record at a file's head, where the ciphertext begins, and how long the file is.
pub(super) fn read_record(disk: &dyn Disk, path: &Path) -> io::Result<(Record, u64, u64)> {
    let (mut head, length) = disk.read_head(path, LIKELY_HEAD_BYTES)?;
    if end_of_record(&head).is_some_and(|end| end > head.len()) {
        (head, _) = disk.read_head(path, HEAD_BYTES)?;
    }
    let (record, start) = parse(&head).ok_or_else(not_a_body)?;
    Ok((record, start as u64, length))
}

/// How far the frames of a stream body or a journal are whole.
pub(super) fn frames(disk: &dyn Disk, path: &Path, start: u64) -> io::Result<journal::Extent> {
    let mut file = disk.open(path)?;
    file.seek(SeekFrom::Start(start))?;
    journal::extent(io::BufReader::with_capacity(READ_BYTES, file))
}

/// Where the record at a body's start ends.
fn end_of_record(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.strip_prefix(MAGIC)?.get(..4)?.try_into().ok()?;
    PREFIX_BYTES.checked_add(usize::try_from(u32::from_le_bytes(length)).ok()?)
}

/// The record at a body's start, and where the ciphertext begins.
fn parse(bytes: &[u8]) -> Option<(Record, usize)> {
    let end = end_of_record(bytes)?;
    let record = serde_json::from_slice(bytes.get(PREFIX_BYTES..end)?).ok()?;
    Some((record, end))
}
