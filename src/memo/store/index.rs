//! The index: one record a memo, in sled, made durable by our own fsync, since sled's flush only hands its pages to
//! the operating system.

use super::disk::Disk;
use super::StoreError;
use crate::memo::key::MemoId;
use crate::memo::record::{Facts, Record};
use crate::memo::seal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// The version of the index's layout that this program reads and writes.
pub(super) const FORMAT: u32 = 1;
const FORMAT_KEY: &[u8] = b"format";
/// What sled may hold of its pages in memory, bytes. A record is below one kilobyte, and what is read again is the end of
/// the list: more would only be memory that grows with the memos and is never given back.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;

pub(super) struct Index {
    db: sled::Db,
    memos: sled::Tree,
    db_file: PathBuf,
    disk: Arc<dyn Disk>,
    /// A record of no memo, decoded in the place of an unknown one, so that the time of a look-up does not tell
    /// whether a memo exists.
    decoy: Vec<u8>,
}

/// A record, or the decoy that stands for one that does not exist: the same work either way.
pub struct LookedUp {
    record: Record,
    real: bool,
}

impl LookedUp {
    /// The record or the decoy, for a comparison whose result is not used where it was the decoy.
    pub fn get(&self) -> &Record {
        &self.record
    }

    /// The record, where the memo exists.
    pub fn real(self) -> Option<Record> {
        self.real.then_some(self.record)
    }
}

/// Opens sled, waiting a moment for its lock: threads of its own may hold it still, just after it was closed.
fn open_unlocked(config: &sled::Config) -> sled::Result<sled::Db> {
    /// How often, and how long between.
    const ATTEMPTS: usize = 40;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(25);
    for _ in 1..ATTEMPTS {
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
    config.open()
}

impl Index {
    /// Opens or creates the index. The flag says whether it was there before: an index that is new while bodies are
    /// old was lost, and is built anew from them.
    pub(super) fn open(
        folder: &Path,
        disk: Arc<dyn Disk>,
        flush_every_ms: Option<u64>,
    ) -> Result<(Self, bool), StoreError> {
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(flush_every_ms);
        let db = open_unlocked(&config).map_err(|error| match error {
            sled::Error::Io(error) => error.into(),
            damage => StoreError::IndexDamaged {
                path: folder.to_owned(),
                reason: damage.to_string(),
            },
        })?;
        let memos = db.open_tree("voice_memos")?;
        let index = Index {
            memos,
            db_file: folder.join("db"),
            disk,
            decoy: encode(&decoy())?,
            db,
        };
        for file in ["db", "conf"] {
            index.disk.restrict(&folder.join(file))?;
        }
        let existed = match index.db.get(FORMAT_KEY)? {
            Some(found) => {
                let found: [u8; 4] = found.as_ref().try_into().unwrap_or([0xff; 4]);
                let found = u32::from_be_bytes(found);
                if found != FORMAT {
                    return Err(StoreError::Format { found, known: FORMAT });
                }
                true
            }
            None => false,
        };
        Ok((index, existed))
    }

    /// Another tree, for what lives beside the memos.
    pub(super) fn tree(&self, name: &str) -> Result<sled::Tree, StoreError> {
        Ok(self.db.open_tree(name)?)
    }

    /// Marks a new index as whole: everything that the bodies know is in it.
    pub(super) fn finish_creation(&self) -> Result<(), StoreError> {
        self.db.insert(FORMAT_KEY, &FORMAT.to_be_bytes())?;
        self.sync()
    }

    pub(super) fn get(&self, id: &MemoId) -> Result<LookedUp, StoreError> {
        let found = self.memos.get(id.as_bytes())?;
        let record = decode(found.as_deref().unwrap_or(&self.decoy))?;
        Ok(LookedUp {
            record,
            real: found.is_some(),
        })
    }

    /// Puts records in, all or none. Durable only after [`Index::sync`].
    pub(super) fn insert(&self, records: &[Record]) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for record in records {
            batch.insert(&record.id.as_bytes()[..], encode(record)?);
        }
        Ok(self.memos.apply_batch(batch)?)
    }

    pub(super) fn remove(&self, ids: &[MemoId]) -> Result<(), StoreError> {
        let mut batch = sled::Batch::default();
        for id in ids {
            batch.remove(&id.as_bytes()[..]);
        }
        Ok(self.memos.apply_batch(batch)?)
    }

    /// Changes a record where it exists, atomically with other changes of it.
    pub(super) fn update(&self, id: &MemoId, mut change: impl FnMut(&mut Record)) -> Result<(), StoreError> {
        let mut failure = None;
        self.memos.fetch_and_update(id.as_bytes(), |old| {
            let old = old?;
            let changed = decode(old).and_then(|mut record| {
                change(&mut record);
                encode(&record)
            });
            changed
                .map_err(|error| failure = Some(error))
                .map_or_else(|()| Some(old.to_vec()), Some)
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Every record; none in the place of one that cannot be read.
    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Option<Record>, StoreError>> + '_ {
        self.memos.iter().map(|entry| {
            let (_, bytes) = entry?;
            Ok(decode(&bytes).ok())
        })
    }

    /// Makes every change so far outlive a loss of power.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        self.disk.sync_file(&self.db_file)?;
        Ok(())
    }
}

/// A record as long as a usual one.
fn decoy() -> Record {
    let (sealed, _) = seal::seal(Zeroizing::default());
    let facts = Facts {
        mailbox: Some("main".to_owned()),
        trunk: Some("trunk".to_owned()),
        call_id: Some("00000000-0000-0000-0000-000000000000".to_owned()),
        ..Facts::at("memo.example.org", SystemTime::UNIX_EPOCH)
    };
    Record::new(&sealed, facts)
}

fn encode(record: &Record) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn decode(bytes: &[u8]) -> Result<Record, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt(error.to_string()))
}
