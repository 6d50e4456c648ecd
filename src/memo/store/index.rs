//! The index: one record a memo, in sled, made durable by our own fsync, since sled's flush only hands its pages to
//! the operating system.
//!
//! A memo has its place in two trees: its record, and its brief, so that a start reads sixty bytes a memo and not
//! hundreds. They change together or not at all. Its envelope, which is ten times as large as both, stays in its body,
//! where it stands anyway; a third tree has those that were sealed anew since.

use super::brief::Brief;
use super::disk::Disk;
use super::{reserve, StoreError};
use crate::limits;
use crate::memo::envelope::Envelope;
use crate::memo::key::MemoId;
use crate::memo::record::{Facts, Record};
use crate::memo::seal;
use crate::memo::token::Verifier;
use sled::transaction::{
    ConflictableTransactionError, TransactionError, Transactional as _, TransactionalTree,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// The version of the index's layout that this program reads and writes.
pub(super) const FORMAT: u32 = 1;
const FORMAT_KEY: &[u8] = b"format";
/// So many decoys, of which each id has one. As was measured (`cargo bench --bench memo`): one alone never leaves the
/// processor, and a wrong key then takes 1 to 3 % longer than an unknown memo; with 64 it is the other way round.
const DECOYS: u8 = 8;
/// What sled may hold of its pages, counted in bytes of the disk; in memory they take about five times as many. A record is
/// below one kilobyte, and what is read again is the end of the list: more would only be memory that grows with the memos
/// and is never given back.
const CACHE_BYTES: u64 = 1024 * 1024;
/// How often the page of what was read or written is asked for once more.
///
/// Sled looks which pages it may give back only when 64 accesses wait in one of its 256 queues. Ids are random, so that
/// most accesses are to a page of their own, and 16,384 pages, some 2 KB each, would wait there whatever the cache may
/// hold. Each page that is asked for eight times leaves an eighth of that. It is at hand, so that a list takes no longer
/// that would show.
const MORE_ACCESSES: usize = 7;

pub(super) struct Index {
    db: sled::Db,
    memos: sled::Tree,
    envelopes: sled::Tree,
    briefs: sled::Tree,
    db_file: PathBuf,
    disk: Arc<dyn Disk>,
    /// A record of no memo, read in the place of an unknown one, so that the time of a look-up does not tell whether a memo
    /// exists.
    decoys: sled::Tree,
}

/// What was found under a memo's id, or the decoy that stands for nothing: the same work either way.
///
/// Only the two hashes are read at first. A whole record takes longer the more it holds (an envelope, a QR code), so that
/// reading it before a proof was shown would tell a stranger that there is a memo.
pub struct LookedUp {
    key: Verifier,
    token: Verifier,
    bytes: sled::IVec,
    is_real: bool,
}

impl LookedUp {
    /// The hashes of the key and of the access token; of the decoy, where there is no such memo.
    pub fn verifiers(&self) -> (&Verifier, &Verifier) {
        (&self.key, &self.token)
    }

    /// The record, where the memo exists.
    ///
    /// # Errors
    /// A damaged record.
    pub fn real(self) -> Result<Option<Record>, StoreError> {
        self.is_real.then(|| decode(&self.bytes)).transpose()
    }
}

/// The two hashes of an encoded record, without decoding it. A quotation mark within a text is escaped in JSON, so the
/// first `"access_key_hash":"` is the field and nothing else; it stands near the beginning.
fn verifiers(bytes: &[u8]) -> Result<(Verifier, Verifier), StoreError> {
    const KEY: &[u8] = b"\"access_key_hash\":\"";
    const TOKEN: &[u8] = b"\",\"access_token_hash\":\"";
    const HEX: usize = 64;
    let hashes = || {
        let at = bytes.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
        let (key, rest) = bytes.get(at..)?.split_at_checked(HEX)?;
        let token = rest.strip_prefix(TOKEN)?.get(..HEX)?;
        Some((Verifier::from_hex(key)?, Verifier::from_hex(token)?))
    };
    match hashes() {
        Some(found) => Ok(found),
        // Written by another program, in another order.
        None => decode(bytes).map(|record| (record.access_key_hash, record.access_token_hash)),
    }
}

/// Opens sled, waiting a moment for its lock: threads of its own may hold it still, just after it was closed.
fn open_unlocked(config: &sled::Config) -> sled::Result<sled::Db> {
    /// How often, and how long between.
    const ATTEMPTS: usize = 400;
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
        let index = Index {
            memos: db.open_tree("voice_memos")?,
            envelopes: db.open_tree("envelopes")?,
            briefs: db.open_tree("briefs")?,
            db_file: folder.join("db"),
            disk,
            decoys: db.open_tree("decoy")?,
            db,
        };
        if index.decoys.len() != usize::from(DECOYS) {
            for number in 0..DECOYS {
                index.decoys.insert([number; 16], encode(&decoy())?)?;
            }
        }
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

    /// A record without its envelope, or the decoy.
    pub(super) fn head(&self, id: &MemoId) -> Result<LookedUp, StoreError> {
        let found = self.memos.get(id.as_bytes())?;
        let is_real = found.is_some();
        // Finding something takes longer than finding nothing: one of each, in one order or the other.
        let mut name = [id.as_bytes()[0] % DECOYS; 16];
        name[15] |= u8::from(is_real) << 7;
        let decoy = self.decoys.get(name)?;
        let bytes = found.or(decoy).unwrap_or_default();
        let (key, token) = verifiers(&bytes)?;
        Ok(LookedUp {
            key,
            token,
            bytes,
            is_real,
        })
    }

    /// A record without its envelope.
    pub(super) fn record(&self, id: &MemoId) -> Result<Option<Record>, StoreError> {
        let found = self.memos.get(id.as_bytes())?;
        let record = found.as_deref().map(decode).transpose();
        ask_again(&self.memos, id.as_bytes());
        record
    }

    /// A memo's envelope, where it is another than the one in its body.
    pub(super) fn envelope(&self, id: &MemoId) -> Result<Option<Envelope>, StoreError> {
        let found = self.envelopes.get(id.as_bytes())?;
        found
            .map(|bytes| serde_json::from_slice(&bytes).map_err(corrupt))
            .transpose()
    }

    /// Refuses to write where the disk is nearly full.
    fn require_room(&self) -> Result<(), StoreError> {
        reserve::require_room(&*self.disk, &self.db_file, limits::INDEX_ROOM)
    }

    /// Puts records in, all or none, in the place of older ones; their envelopes stand in their bodies. Durable only after
    /// [`Index::sync`].
    pub(super) fn insert(&self, records: &[Record]) -> Result<(), StoreError> {
        self.require_room()?;
        let encoded = records
            .iter()
            .map(|record| Encoded::of(record, &Brief::of(record)))
            .collect::<Result<Vec<_>, _>>()?;
        self.change(|memos, _, briefs| {
            for memo in &encoded {
                memos.insert(&memo.key[..], &memo.record[..])?;
                briefs.insert(&memo.key[..], &memo.brief[..])?;
            }
            Ok(())
        })?;
        for memo in &encoded {
            self.ask_for_both_again(&memo.key);
        }
        Ok(())
    }

    /// Puts a record in the place of an older one, and its envelope in the place of that in its body, where one is given.
    pub(super) fn replace(
        &self,
        record: &Record,
        brief: &Brief,
        envelope: Option<&Envelope>,
    ) -> Result<(), StoreError> {
        self.require_room()?;
        let memo = Encoded::of(record, brief)?;
        let envelope = envelope.map(serde_json::to_vec).transpose().map_err(corrupt)?;
        self.change(|memos, envelopes, briefs| {
            memos.insert(&memo.key[..], &memo.record[..])?;
            briefs.insert(&memo.key[..], &memo.brief[..])?;
            if let Some(envelope) = &envelope {
                envelopes.insert(&memo.key[..], &envelope[..])?;
            }
            Ok(())
        })?;
        self.ask_for_both_again(&memo.key);
        Ok(())
    }

    pub(super) fn remove(&self, ids: &[MemoId]) -> Result<(), StoreError> {
        self.change(|memos, envelopes, briefs| {
            for id in ids {
                for tree in [memos, envelopes, briefs] {
                    tree.remove(&id.as_bytes()[..])?;
                }
            }
            Ok(())
        })
    }

    /// See [`MORE_ACCESSES`].
    fn ask_for_both_again(&self, id: &[u8]) {
        ask_again(&self.memos, id);
        ask_again(&self.briefs, id);
    }

    fn change(
        &self,
        change: impl Fn(
            &TransactionalTree,
            &TransactionalTree,
            &TransactionalTree,
        ) -> Result<(), ConflictableTransactionError<StoreError>>,
    ) -> Result<(), StoreError> {
        (&self.memos, &self.envelopes, &self.briefs)
            .transaction(|(memos, envelopes, briefs)| change(memos, envelopes, briefs))
            .map_err(|error| match error {
                TransactionError::Abort(error) => error,
                TransactionError::Storage(error) => error.into(),
            })
    }

    /// Every brief; none in the place of one that cannot be read.
    pub(super) fn briefs(&self) -> impl Iterator<Item = Result<(MemoId, Option<Brief>), StoreError>> + '_ {
        self.briefs.iter().map(|entry| {
            let (key, bytes) = entry?;
            let id = key.as_ref().try_into().map(MemoId::from_bytes).map_err(corrupt)?;
            Ok((id, Brief::decode(&bytes)))
        })
    }

    /// Whether it was written by a program that knew no briefs yet.
    pub(super) fn is_without_briefs(&self) -> bool {
        self.briefs.is_empty() && !self.memos.is_empty()
    }

    /// The ids of all records, for an index without briefs.
    pub(super) fn ids(&self) -> impl Iterator<Item = Result<MemoId, StoreError>> + '_ {
        self.memos
            .iter()
            .keys()
            .map(|key| key?.as_ref().try_into().map(MemoId::from_bytes).map_err(corrupt))
    }

    /// Makes every change so far outlive a loss of power.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        self.disk.sync_file(&self.db_file)?;
        Ok(())
    }
}

/// See [`MORE_ACCESSES`].
fn ask_again(tree: &sled::Tree, key: &[u8]) {
    for _ in 0..MORE_ACCESSES {
        // What fails here shows where somebody wants to know.
        let _ = tree.contains_key(key);
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

/// A memo as the trees have it.
struct Encoded {
    key: [u8; 16],
    record: Vec<u8>,
    brief: Vec<u8>,
}

impl Encoded {
    fn of(record: &Record, brief: &Brief) -> Result<Self, StoreError> {
        Ok(Encoded {
            key: *record.id.as_bytes(),
            record: encode(record)?,
            brief: brief.encode(),
        })
    }
}

/// Without the envelope, which has a place of its own.
fn encode(record: &Record) -> Result<Vec<u8>, StoreError> {
    match record.sealed_envelope {
        None => serde_json::to_vec(record),
        Some(_) => serde_json::to_vec(&Record {
            sealed_envelope: None,
            ..record.clone()
        }),
    }
    .map_err(corrupt)
}

fn decode(bytes: &[u8]) -> Result<Record, StoreError> {
    serde_json::from_slice(bytes).map_err(corrupt)
}

fn corrupt(error: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(error.to_string())
}
