//! What a lost index must not lose: small files beside the bodies, each replaced as a whole.
//!
//! A body keeps its memo's record as it was when stored. What its owner changed since (an expiry, a limit, an envelope),
//! and that a counted link was used, stands in the index and here, so that an index that is built anew from the bodies
//! brings no memo back that was at its end. Owners' keys are kept in the same way.

use super::body::{self, Bodies};
use super::catalogue::Catalogue;
use super::disk::Disk;
use super::mailboxes::Entry;
use super::names::Folder;
use super::{lock_of, Store, StoreError};
use crate::memo::key::MemoId;
use crate::memo::record::Record;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What a file is called until it is whole.
const TEMPORARY_SUFFIX: &str = ".tmp";

/// The name, which no memo has, of what is written in the place of a memo's record where there is no memo.
const NOBODYS: &str = "nobody";
/// About as long as a record with a telephone lock is.
const USUAL_RECORD_BYTES: usize = 1_500;

/// A folder of such files.
pub(super) struct Kept {
    folder: Folder,
    /// Held while a file is written or removed, so that the newest is the last.
    writing: Mutex<()>,
}

impl Kept {
    /// The folder is made where it does not exist; what a crash left half-written is removed.
    pub(super) fn open(folder: PathBuf, disk: Arc<dyn Disk>) -> io::Result<Self> {
        disk.create_dir(&folder)?;
        let folder = Folder::new(folder, disk);
        for name in folder.names()? {
            if name.ends_with(TEMPORARY_SUFFIX) {
                folder.disk.remove(&folder.file(&name))?;
            }
        }
        Ok(Kept {
            folder,
            writing: Mutex::default(),
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match self.folder.disk.read(&self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.names()
    }

    /// Puts what `make` gives in the place of what was there, where it gives anything. Durable only after [`Kept::sync`];
    /// until then the one or the other is there, whole.
    fn put(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<(), StoreError> {
        let _writing = lock_of(&self.writing);
        let Some(bytes) = make()? else { return Ok(()) };
        let (path, temporary) = (self.path(name), self.path(&format!("{name}{TEMPORARY_SUFFIX}")));
        let written = self.folder.disk.create_new(&temporary).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_data()
        });
        if let Err(error) = written.and_then(|()| self.folder.disk.rename(&temporary, &path)) {
            let _ = self.folder.disk.remove(&temporary);
            return Err(error.into());
        }
        self.folder.note_change();
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        let _writing = lock_of(&self.writing);
        self.folder.remove(name).map(drop)
    }

    /// Makes every name so far durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.folder.sync()
    }
}

/// A memo's record as it is by now, where it was changed: `stored` is what stands in its body.
///
/// Where the change cannot be read, neither can the memo: as it was stored it might be heard by whom it no longer is for.
pub(super) fn newest(kept: &Kept, stored: Record) -> io::Result<Record> {
    let name = stored.id.to_string();
    let Some(bytes) = kept.read(&name)? else {
        return Ok(stored);
    };
    let Some(changed) = body::record_of(&bytes) else {
        let path = kept.path(&name);
        tracing::error!(memo = %stored.id, file = %path.display(), "what was changed of a memo is damaged: without that file the memo is as it was stored");
        return Err(body::not_a_body());
    };
    // An IV is random, so that another memo of this name, of before, has another.
    let is_its = changed.id == stored.id && changed.encryption_iv == stored.encryption_iv;
    Ok(match is_its {
        true => Record {
            file_size_bytes: stored.file_size_bytes,
            ..changed
        },
        false => stored,
    })
}

/// Whether something changed that must not be lost with the index: anything but marks, and counts where nothing is limited.
pub(super) fn matters(before: &Record, after: &Record) -> bool {
    let heart = |record: &Record| {
        serde_json::to_vec(&Record {
            heard: false,
            last_accessed_at: None,
            access_count: record.max_accesses.map_or(0, |_| record.access_count),
            ..record.clone()
        })
    };
    // One that could not be written will not be kept either, and says so then.
    heart(before).ok() != heart(after).ok()
}

/// Removes what is kept of memos that are gone.
pub(super) fn clear(kept: &Kept, bodies: &Bodies, catalogue: &Catalogue) -> io::Result<()> {
    for name in kept.list()? {
        let is_gone = name
            .parse::<MemoId>()
            .is_ok_and(|id| catalogue.get(&id).is_none() && !bodies.has(&id));
        if is_gone {
            kept.remove(&name)?;
        }
    }
    kept.sync()
}

/// A mailbox's entry, with its name.
#[derive(Serialize, Deserialize)]
struct Mailbox {
    name: String,
    entry: Entry,
}

/// The name of a mailbox's file, whatever characters its own has.
fn file_of(mailbox: &str) -> String {
    hex::encode(Sha256::digest(mailbox))
}

/// Puts the mailboxes back into a registry that is new, and keeps those of one that an earlier program wrote.
pub(super) fn restore_mailboxes(kept: &Kept, registry: &sled::Tree, is_new: bool) -> Result<(), StoreError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt(format!("a mailbox's entry: {error}"));
    let names = kept.list()?;
    if is_new {
        for name in &names {
            let Some(bytes) = kept.read(name)? else { continue };
            match serde_json::from_slice::<Mailbox>(&bytes) {
                Ok(Mailbox { name, entry }) => {
                    tracing::warn!(mailbox = %name, "put a mailbox back into the index, which did not have it");
                    registry.insert(name, serde_json::to_vec(&entry).map_err(corrupt)?)?;
                }
                Err(error) => {
                    tracing::error!(file = %kept.path(name).display(), %error, "left a damaged entry of a mailbox alone");
                }
            }
        }
    }
    for entry in registry.iter() {
        let (name, entry) = entry?;
        let name = String::from_utf8_lossy(&name).into_owned();
        let file = file_of(&name);
        if !names.contains(&file) {
            // What cannot be read says so to whoever asks for it.
            let Ok(entry) = serde_json::from_slice(&entry) else {
                continue;
            };
            kept.put(&file, || {
                serde_json::to_vec(&Mailbox { name, entry })
                    .map(Some)
                    .map_err(corrupt)
            })?;
        }
    }
    Ok(kept.sync()?)
}

impl Store {
    /// Keeps a memo's record as it is by now. Durable only after [`Store::sync`].
    pub(super) fn keep(&self, id: &MemoId) -> Result<(), StoreError> {
        self.inner.changed.put(&id.to_string(), || {
            // Whatever else changed meanwhile is in it; and of a memo that is gone nothing is kept.
            let record = self.read(id)?;
            Ok(record.map(|record| body::head(&record)).transpose()?)
        })
    }

    /// The work of [`Store::keep`] where there is no memo.
    pub(super) fn keep_nobodys(&self) -> Result<(), StoreError> {
        self.inner
            .changed
            .put(NOBODYS, || Ok(Some(vec![0; USUAL_RECORD_BYTES])))
    }

    /// Keeps a mailbox's entry as it is by now, durably, or forgets one that is gone.
    pub(super) fn keep_mailbox(&self, name: &str) -> Result<(), StoreError> {
        let (owners, file) = (&self.inner.owners, file_of(name));
        let mut is_gone = false;
        owners.put(&file, || {
            let Some(entry) = self.mailboxes().get(name)? else {
                is_gone = true;
                return Ok(None);
            };
            let name = name.to_owned();
            let bytes = serde_json::to_vec(&Mailbox { name, entry });
            Ok(Some(
                bytes.map_err(|error| StoreError::Corrupt(error.to_string()))?,
            ))
        })?;
        if is_gone {
            owners.remove(&file)?;
        }
        Ok(owners.sync()?)
    }
}

/// The folder of what was changed of memos, in that of a store.
pub(super) fn changed_folder(store: &Path) -> PathBuf {
    store.join("changed")
}

/// The folder of mailboxes' entries.
pub(super) fn mailboxes_folder(store: &Path) -> PathBuf {
    store.join("mailboxes")
}
