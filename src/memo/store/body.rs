//! Bodies: one file a memo, named by its id, holding its record as it was when stored and then the ciphertext.
//!
//! The record stands before the ciphertext so that a body explains itself: where the index is lost, it is built anew
//! from the bodies. Layout: eight bytes of magic, the record's length in four bytes (little-endian), the record as
//! JSON, the ciphertext up to the end.

use super::disk::{Disk, DiskFile};
use crate::memo::key::MemoId;
use crate::memo::record::Record;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// First bytes of every body; the last of them is the layout's version.
const MAGIC: &[u8; 8] = b"obelusM\x01";
/// Bytes before the record.
const PREFIX_BYTES: usize = MAGIC.len() + 4;
/// Bytes that surely hold a record: its texts come from the configuration and from one line of a SIP message.
const HEAD_BYTES: usize = 256 * 1024;
/// What a body is called until it is whole.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The folder of bodies.
#[derive(Clone)]
pub(super) struct Bodies {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
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
        Bodies { folder, disk }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, id: &MemoId) -> PathBuf {
        self.folder.join(id.to_string())
    }

    /// Writes a body and gives it its name. Durable only after [`Bodies::sync`]. On failure nothing remains.
    pub(super) fn write(&self, record: &Record, ciphertext: &[u8]) -> io::Result<()> {
        let path = self.path(&record.id);
        let temporary = path.with_extension(&TEMPORARY_SUFFIX[1..]);
        let written = self.write_temporary(&temporary, record, ciphertext);
        if let Err(error) = written.and_then(|()| self.disk.rename(&temporary, &path)) {
            let _ = self.disk.remove(&temporary);
            return Err(error);
        }
        Ok(())
    }

    fn write_temporary(&self, path: &Path, record: &Record, ciphertext: &[u8]) -> io::Result<()> {
        let record = serde_json::to_vec(record)?;
        let length = u32::try_from(record.len()).map_err(io::Error::other)?;
        let mut file: Box<dyn DiskFile> = self.disk.create_new(path)?;
        file.write_all(&[&MAGIC[..], &length.to_le_bytes(), &record].concat())?;
        file.write_all(ciphertext)?;
        file.sync_data()
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

    /// The ciphertext of a body.
    pub(super) fn ciphertext(&self, id: &MemoId) -> io::Result<Vec<u8>> {
        let mut bytes = self.disk.read(&self.path(id))?;
        let (_, start) = parse(&bytes).ok_or_else(not_a_body)?;
        bytes.drain(..start);
        Ok(bytes)
    }

    /// The record at the head of a body, where the rest of the file is as long as the record says.
    pub(super) fn record(&self, id: &MemoId) -> io::Result<Record> {
        let (head, length) = self.disk.read_head(&self.path(id), HEAD_BYTES)?;
        let (record, start) = parse(&head).ok_or_else(not_a_body)?;
        match record.id == *id && length == start as u64 + record.file_size_bytes {
            true => Ok(record),
            false => Err(not_a_body()),
        }
    }

    pub(super) fn list(&self) -> io::Result<Vec<Entry>> {
        let names = self.disk.list(&self.folder)?;
        Ok(names
            .into_iter()
            .map(|name| match name.parse() {
                Ok(id) => Entry::Body(id),
                Err(_) if name.ends_with(TEMPORARY_SUFFIX) => Entry::Temporary(name),
                Err(_) => Entry::Foreign(name),
            })
            .collect())
    }
}

fn not_a_body() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not the whole body of a memo")
}

/// The record at a body's start, and where the ciphertext begins.
fn parse(bytes: &[u8]) -> Option<(Record, usize)> {
    let length: [u8; 4] = bytes.strip_prefix(MAGIC)?.get(..4)?.try_into().ok()?;
    let end = PREFIX_BYTES.checked_add(usize::try_from(u32::from_le_bytes(length)).ok()?)?;
    let record = serde_json::from_slice(bytes.get(PREFIX_BYTES..end)?).ok()?;
    Some((record, end))
}
