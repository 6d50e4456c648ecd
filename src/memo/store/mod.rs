//! The store: ciphertext in files, records in an index, both durable before anybody is told that a memo is stored.
//!
//! The order of one batch: each body is written under a temporary name; they are synced, one by one where they are few and
//! by one sync of the file system where they are many, then renamed; the folder is synced
//! once; the records go into the index, which is flushed and synced once. A crash between any two of these leaves each
//! memo whole or absent after [`reconcile`]. Deleting goes the other way round: the body first, then the record, so
//! that a crash between the two is finished, not undone, at the next start.
//!
//! A handle is cheap to clone and may be used from several threads; every method may block on the disk. One process
//! at a time holds a store: the lock is the operating system's, so it does not outlive a crash.

mod batch;
mod body;
mod brief;
mod catalogue;
mod changes;
mod ciphertext;
pub mod database;
mod deletion;
pub mod disk;
mod envelopes;
mod index;
mod journals;
mod kept;
pub mod mailboxes;
pub mod marks;
mod names;
pub mod notices;
mod own_file;
pub mod receipts;
pub mod reconcile;
mod reserve;
pub mod retention;
pub mod staging;
mod sweep;
pub mod telephone;

pub use self::batch::Batch;
use self::body::Bodies;
use self::brief::Brief;
use self::catalogue::Catalogue;
pub use self::catalogue::Totals;
use self::changes::Listeners;
pub use self::changes::{Change, ChangeKind, Durable};
pub use self::ciphertext::Ciphertext;
use self::database::{Database, Entries};
pub use self::deletion::Deleted;
use self::disk::{Disk, OsDisk};
use self::index::Index;
pub use self::index::LookedUp;
pub use self::journals::Journal;
use self::journals::Journals;
use self::kept::Kept;
use self::mailboxes::Mailboxes;
use self::notices::{Notices, Waiting};
use self::receipts::{Issuer, Receipts};
use self::reconcile::Report;
use self::telephone::Telephone;
use super::key::{BadMemoId, MemoId};
use super::record::{Facts, Millis, Record};
use super::seal::SealedMemo;
use crate::limits;
use nix::fcntl::{Flock, FlockArg};
use std::collections::HashSet;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use thiserror::Error;

/// How often access counts reach the disk; a crash loses at most this much of them, never a memo.
const COUNTS_FLUSH_MS: u64 = 1_000;

/// Why the store could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("the store {} is in use by another process: a running switch, most likely", .0.display())]
    Locked(PathBuf),
    /// No space left, or the user's quota is full.
    #[error("the disk is full")]
    Full,
    /// No space left, not even to open the index.
    #[error(
        "the disk of the store {} is full, and its index needs a little room to be opened: make some on that disk and \
         start again; nothing of the store is lost",
        .0.display()
    )]
    NoRoomToOpen(PathBuf),
    /// Written by another version of this program.
    #[error(
        "the store's index has format {found}, this program knows {known}: use the version that wrote it"
    )]
    Format {
        /// What stands in the index.
        found: u32,
        /// What this program reads.
        known: u32,
    },
    /// The index has records but the folder of their bodies is gone: not mounted, or moved away.
    #[error("the store's folder {} is missing though its index has records: is its disk mounted?", .0.display())]
    BodiesMissing(PathBuf),
    /// The index cannot be opened. Nothing is lost by that: the bodies hold a copy of every record.
    #[error(
        "the store's index {} is damaged ({reason}): move it away and start again, it is built anew from the memos",
        .path.display()
    )]
    IndexDamaged {
        /// Its folder.
        path: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// There is, or was, a memo of this name.
    #[error("a memo with this id exists, or was deleted")]
    Taken,
    /// What is on disk is not what was written.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// The operating system's reason.
    #[error("the store's disk: {0}")]
    Io(io::Error),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
            // A body that does not parse.
            io::ErrorKind::InvalidData => StoreError::Corrupt(error.to_string()),
            _ => StoreError::Io(error),
        }
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => error.into(),
            other => StoreError::Corrupt(other.to_string()),
        }
    }
}

/// A memo on its way into the store.
pub struct NewMemo {
    /// The ciphertext.
    pub sealed: SealedMemo,
    /// What is kept in clear.
    pub facts: Facts,
}

/// One page of the list, newest first.
#[derive(Debug)]
pub struct Page {
    /// How many memos the whole list has.
    pub total: usize,
    /// Those that the mailbox's owner has not listened to; zero of the list of all memos.
    pub unread: usize,
    /// The version of the mailbox that the page shows.
    pub version: u64,
    /// The page.
    pub records: Vec<Record>,
    /// Where the next page starts; none where this is surely the last.
    pub next: Option<Cursor>,
}

/// A place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(Millis, MemoId);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 .0, self.1)
    }
}

impl FromStr for Cursor {
    type Err = BadMemoId;

    fn from_str(text: &str) -> Result<Self, BadMemoId> {
        let (time, id) = text.split_once('.').ok_or(BadMemoId)?;
        Ok(Cursor(Millis(time.parse().map_err(|_| BadMemoId)?), id.parse()?))
    }
}

/// A handle on a store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    database: Entries,
    mailboxes: sled::Tree,
    notices: Waiting,
    telephone: sled::Tree,
    index: Index,
    bodies: Bodies,
    /// What was changed of memos since they were stored.
    changed: Arc<Kept>,
    /// Mailboxes' entries, once more.
    owners: Kept,
    receipts: Receipts,
    journals: Journals,
    catalogue: Mutex<Catalogue>,
    /// Held while a record is read, changed and put back, so that no change is lost.
    changing: Mutex<()>,
    /// Held while memos are deleted, so that two who delete the same one do not meet half-way.
    deleting: Mutex<()>,
    /// Names of memos that are on their way in.
    arriving: Mutex<HashSet<MemoId>>,
    listeners: Listeners,
    /// Who signs the receipts of deletions; none leaves none.
    issuer: OnceLock<Issuer>,
    report: Report,
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    /// Last, so that it is dropped when all else is closed.
    _lock: Flock<File>,
}

impl Store {
    /// Opens the store in that folder, which is made where it does not exist, and mends what a crash left.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process has it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Store::open_on(path, Arc::new(OsDisk), Some(COUNTS_FLUSH_MS))
    }

    /// [`Store::open_on`], where there is room for it.
    fn open_once(path: &Path, disk: Arc<dyn Disk>, flush_every_ms: Option<u64>) -> Result<Self, StoreError> {
        disk.create_dir(path)?;
        let lock = lock(path)?;
        staging::remove_left_over(path);
        reserve::require_room(&*disk, path, limits::INDEX_ROOM)?;
        let folder = path.join("memos");
        let (index, existed) = Index::open(&path.join("index"), disk.clone(), flush_every_ms)?;
        if !disk.is_dir(&folder) {
            if existed && index.ids().next().is_some() {
                return Err(StoreError::BodiesMissing(folder));
            }
            disk.create_dir(&folder)?;
        }
        let journals = path.join("journals");
        disk.create_dir(&journals)?;
        disk.sync_dir(&path.join("index"))?;
        disk.sync_dir(path)?;
        let changed = Arc::new(Kept::open(kept::changed_folder(path), disk.clone())?);
        let owners = Kept::open(kept::mailboxes_folder(path), disk.clone())?;
        let bodies = Bodies::new(folder, disk.clone()).with_changes(changed.clone());
        let journals = Journals::new(journals, disk.clone());
        let recovered = journals::recover(&journals, &bodies)?;
        let (catalogue, mut report) = reconcile::reconcile(&index, &bodies)?;
        kept::clear(&changed, &bodies, &catalogue)?;
        let mailboxes = index.tree("mailboxes")?;
        kept::restore_mailboxes(&owners, &mailboxes, !existed)?;
        report.journals_recovered = recovered.recovered.len();
        report.journals_removed = recovered.removed;
        let notices = Waiting::new(index.tree("notices")?);
        notices.add_recovered(&index, &recovered.recovered)?;
        if !existed {
            index.finish_creation()?;
        }
        Ok(Store {
            inner: Arc::new(Inner {
                database: Entries::new(index.tree("dialplan")?),
                mailboxes,
                receipts: Receipts::open(&index)?,
                notices,
                telephone: index.tree("telephone")?,
                index,
                bodies,
                changed,
                owners,
                journals,
                catalogue: Mutex::new(catalogue),
                changing: Mutex::default(),
                deleting: Mutex::default(),
                arriving: Mutex::default(),
                listeners: Listeners::default(),
                issuer: OnceLock::new(),
                report,
                folder: path.to_owned(),
                disk,
                _lock: lock,
            }),
        })
    }

    /// The dialplans' database.
    pub fn database(&self) -> Database {
        Database(self.clone())
    }

    /// Who owns which mailbox.
    pub fn mailboxes(&self) -> Mailboxes {
        Mailboxes(self.clone())
    }

    /// Memos of which somebody is still to be told.
    pub fn notices(&self) -> Notices {
        Notices(self.clone())
    }

    /// The locks that telephone codes open.
    pub fn telephone(&self) -> Telephone {
        Telephone(self.clone())
    }

    /// What the start had to mend.
    pub fn report(&self) -> &Report {
        &self.inner.report
    }

    /// Stores memos together, sharing the syncs. The results are in the memos' order; a memo whose result is an error left
    /// nothing behind.
    pub fn insert(&self, memos: Vec<NewMemo>) -> Vec<Result<Record, StoreError>> {
        let mut batch = self.batch();
        for memo in memos {
            batch.add(memo);
        }
        batch.commit()
    }

    /// Memos that are to be stored together, one at a time in memory.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(self)
    }

    /// Syncs bodies and records; where they are news, with notices for those who are to be told of them.
    fn make_durable(&self, records: &[Record], news: bool) -> Result<(), StoreError> {
        self.inner.bodies.sync()?;
        self.inner.index.insert(records)?;
        if news {
            self.inner.notices.add(records)?;
        }
        self.inner.index.sync()
    }

    /// Takes a batch back that could not be made durable, as far as the disk still obeys. What remains is mended at
    /// the next start: nobody was told of these memos.
    fn forget(&self, records: &[Record]) {
        let ids: Vec<MemoId> = records.iter().map(|record| record.id).collect();
        for id in &ids {
            let _ = self.inner.bodies.remove(id);
        }
        let _ = self.inner.bodies.sync();
        let _ = self.inner.index.remove(&ids);
        for id in &ids {
            let _ = self.inner.notices.remove(id);
        }
        let _ = self.inner.index.sync();
    }

    /// The record of a memo.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn get(&self, id: &MemoId) -> Result<Option<Record>, StoreError> {
        match self.read(id) {
            Err(StoreError::Corrupt(reason)) => self.restore(id, &reason).map(Some),
            found => found,
        }
    }

    /// The record of a memo, or nothing where it is too damaged to be read: one memo does not make a list of all the others
    /// impossible, nor their deletion. The log names it.
    fn readable(&self, id: &MemoId) -> Result<Option<Record>, StoreError> {
        match self.get(id) {
            Err(StoreError::Corrupt(reason)) => {
                tracing::error!(memo = %id, %reason, "left a damaged memo out");
                Ok(None)
            }
            found => found,
        }
    }

    /// A record as it stands in the index, with its envelope from wherever that is; without one where its body is damaged.
    fn read(&self, id: &MemoId) -> Result<Option<Record>, StoreError> {
        let Some(mut record) = self.inner.index.record(id)? else {
            return Ok(None);
        };
        let is_sealed = self.catalogue().get(id).is_some_and(|brief| brief.sealed);
        if is_sealed && record.sealed_envelope.is_none() {
            record.sealed_envelope = match self.inner.index.envelope(id)? {
                Some(anew) => Some(anew),
                None => match self.inner.bodies.envelope(id).map_err(StoreError::from) {
                    Err(StoreError::Corrupt(reason)) => {
                        tracing::error!(memo = %id, %reason, "the body of a memo is damaged, its envelope cannot be read");
                        None
                    }
                    found => found?,
                },
            };
        }
        Ok(Some(record))
    }

    /// The record of a memo without its envelope, or a decoy, for comparisons that must take as long for an unknown memo
    /// as for a known one.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn get_or_decoy(&self, id: &MemoId) -> Result<LookedUp, StoreError> {
        match self.inner.index.head(id) {
            Err(StoreError::Corrupt(reason)) => {
                self.restore(id, &reason)?;
                self.inner.index.head(id)
            }
            found => found,
        }
    }

    /// Takes a record that cannot be read from its body, as it was when the memo was stored.
    fn restore(&self, id: &MemoId, reason: &str) -> Result<Record, StoreError> {
        let _changing = lock_of(&self.inner.changing);
        let record = self.inner.bodies.record(id)?;
        tracing::error!(memo = %id, %reason, "a damaged record was restored from the memo's body");
        self.inner.index.insert(std::slice::from_ref(&record))?;
        self.catalogue().insert(*id, Brief::of(&record));
        Ok(record)
    }

    /// The ciphertext of a memo, its tag included.
    ///
    /// # Errors
    /// A disk that fails, or a file that is not what was written.
    pub fn ciphertext(&self, id: &MemoId) -> Result<Vec<u8>, StoreError> {
        Ok(self.inner.bodies.read(id)?.1)
    }

    /// The same, to be read piece by piece: whatever becomes of the memo meanwhile, and in no more memory than a piece.
    ///
    /// # Errors
    /// A disk that fails, or a file that is not as long as the record says.
    pub fn open_ciphertext(&self, record: &Record) -> Result<Ciphertext, StoreError> {
        let (_, ciphertext) = self.inner.bodies.open(&record.id)?;
        match ciphertext.bytes() == record.file_size_bytes {
            true => Ok(ciphertext),
            false => Err(body::not_a_body().into()),
        }
    }

    /// How many memos there are.
    pub fn count(&self) -> usize {
        self.catalogue().len()
    }

    /// A page of the list, newest first: of a mailbox, or of all where none is named, from `after` on.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn list(
        &self,
        mailbox: Option<&str>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let (totals, version, places) = {
            let catalogue = self.catalogue();
            let after = after.map(|Cursor(time, id)| (time, id));
            let places: Vec<(Millis, MemoId)> = catalogue.newest(mailbox, after).take(limit).collect();
            let all = || Totals {
                memos: catalogue.len(),
                ..Totals::default()
            };
            let totals = mailbox.map_or_else(all, |mailbox| catalogue.totals(mailbox));
            (totals, catalogue.version(mailbox.unwrap_or_default()), places)
        };
        let next = (places.len() == limit)
            .then(|| places.last().map(|&(time, id)| Cursor(time, id)))
            .flatten();
        let records = places
            .iter()
            // A memo deleted meanwhile is simply not on the page.
            .filter_map(|(_, id)| self.readable(id).transpose())
            .collect::<Result<_, _>>()?;
        Ok(Page {
            total: totals.memos,
            unread: totals.unread,
            version,
            records,
            next,
        })
    }

    /// Whether there is such a memo.
    pub fn contains(&self, id: &MemoId) -> bool {
        self.catalogue().get(id).is_some()
    }

    /// Bytes of all memos that were left in browsers.
    pub fn web_bytes(&self) -> u64 {
        self.catalogue().web_bytes()
    }

    /// What a mailbox holds.
    pub fn totals(&self, mailbox: &str) -> Totals {
        self.catalogue().totals(mailbox)
    }

    /// The shares of a memo, oldest id first.
    ///
    /// # Errors
    /// A disk that fails, or a damaged record.
    pub fn shares(&self, original: &MemoId) -> Result<Vec<Record>, StoreError> {
        let shares: Vec<MemoId> = self.catalogue().shares(original).collect();
        let readable = |id| self.readable(id).transpose();
        shares.iter().filter_map(readable).collect()
    }

    /// How many shares a memo has.
    pub fn share_count(&self, original: &MemoId) -> usize {
        self.catalogue().shares(original).count()
    }

    /// The memo with these six digits of a telephone code.
    pub fn by_locator(&self, locator: u32) -> Option<MemoId> {
        self.catalogue().by_locator(locator)
    }

    /// Makes marks and access counts durable; the memos themselves always are.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.inner.changed.sync()?;
        self.inner.index.sync()
    }

    fn catalogue(&self) -> MutexGuard<'_, Catalogue> {
        // It is whole between any two of its operations, so a panic elsewhere does not spoil it.
        lock_of(&self.inner.catalogue)
    }
}

fn lock_of<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the store for this process.
fn lock(path: &Path) -> Result<Flock<File>, StoreError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path.join("lock"))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| match errno {
        nix::errno::Errno::EWOULDBLOCK => StoreError::Locked(path.to_owned()),
        other => io::Error::from(other).into(),
    })
}
