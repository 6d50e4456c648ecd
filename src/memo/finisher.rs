//! From a journal to a memo: what becomes of a recording that has ended.
//!
//! The journal is read back and opened, made one WAV file, sealed as one, stored, and removed: one message in memory at a
//! time. All that are finished together share the store's syncs, and each is told as stored only then. Where there is no
//! room for that, the journal itself becomes the memo, incomplete as after a crash: the caller's message is kept.

use super::clear::ClearPolicy;
use super::envelope::Envelope;
use super::hearing::{Hearing, Hearings};
use super::journal::{self, JournalWriter, ReadError};
use super::key::{MemoId, MemoKey};
use super::link::{Link, LinkBase};
use super::open::OpenError;
use super::record::Facts;
use super::seal;
use super::store::{Journal, NewMemo, Store, StoreError};
use super::vault::{self, MemoMeta, StoredMemo, VaultError, VaultEvent};
use super::wav;
use crate::secret::wipe_stack;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What is to become of a recording.
pub(super) enum Purpose {
    /// A memo.
    Memo(Box<MemoMeta>),
    /// A plain file, which only a configuration that permits it asks for.
    Plain(PathBuf),
}

/// A recording that has ended: its journal, and its last part second, in memory.
pub struct Finishing {
    pub(super) recording: u64,
    pub(super) purpose: Purpose,
    pub(super) id: MemoId,
    pub(super) key: MemoKey,
    pub(super) writer: JournalWriter,
    pub(super) journal: Journal,
    pub(super) has_envelope: bool,
    /// It ended because no more could be kept of it.
    pub(super) overrun: bool,
}

impl Finishing {
    /// The audio file, read back.
    fn wav(&self) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let frames = self.journal.bytes();
        let most = usize::try_from(frames).map_err(|_| damaged(&OpenError::TooShort))?;
        let opened = self.journal.read().and_then(|mut from| {
            let tail = self.writer.pending();
            journal::read_wav(&self.key, self.journal.iv(), &mut from, most, tail).map_err(
                |error| match error {
                    ReadError::Io(error) => error.into(),
                    ReadError::Open(error) => damaged(&error),
                },
            )
        })?;
        Ok(opened.wav)
    }
}

fn damaged(error: &OpenError) -> StoreError {
    StoreError::Corrupt(format!("a journal does not open again: {error}"))
}

/// A recording whose memo waits for the others of its batch.
struct Waiting {
    recording: u64,
    finishing: Finishing,
    meta: Box<MemoMeta>,
    seconds: f64,
    envelope: Option<Envelope>,
    hearing: Option<Hearing>,
}

/// Makes memos of recordings that have ended. May be used from several threads.
#[derive(Clone)]
pub struct Finisher {
    store: Store,
    domain: String,
    base: LinkBase,
    /// Who keeps the audio of which mailboxes' memos until it was heard.
    pub(super) hearings: Hearings,
    /// What of a mailbox's calls stands in records in clear.
    pub(super) clear: ClearPolicy,
}

impl Finisher {
    pub(super) fn new(store: Store, domain: String, base: LinkBase) -> Self {
        Finisher {
            store,
            domain,
            base,
            hearings: Hearings::default(),
            clear: ClearPolicy::default(),
        }
    }

    /// Makes memos and plain files of them, and tells what became of each. Blocks on the disk.
    pub fn finish(&self, recordings: Vec<Finishing>) -> Vec<VaultEvent> {
        let mut events = Vec::with_capacity(recordings.len());
        let mut batch = self.store.batch();
        let mut waiting = Vec::new();
        let mut unread = Vec::new();
        for finishing in recordings {
            let wav = finishing.wav();
            wipe_stack();
            let meta = match &finishing.purpose {
                Purpose::Memo(meta) => meta.clone(),
                Purpose::Plain(path) => {
                    events.push(plain(finishing.recording, path, wav));
                    self.remove_journal(&finishing.id);
                    continue;
                }
            };
            let mut memo = self.waiting(finishing, meta);
            match wav {
                Ok(wav) => {
                    memo.hearing = self.hearing(&memo, &wav);
                    let sealed = seal::seal_recorded(memo.finishing.id, &memo.finishing.key, wav);
                    wipe_stack();
                    batch.add(NewMemo {
                        sealed,
                        facts: self.facts(&memo, !memo.finishing.overrun),
                    });
                    waiting.push(memo);
                }
                Err(error) => unread.push((memo, error)),
            }
        }
        for (memo, result) in waiting.into_iter().zip(batch.commit()) {
            events.push(match result {
                Ok(record) => {
                    self.remove_journal(&memo.finishing.id);
                    let complete = record.complete;
                    self.stored(memo, record.file_size_bytes, complete)
                }
                Err(error) => self.rescue(memo, error),
            });
        }
        events.extend(unread.into_iter().map(|(memo, error)| self.rescue(memo, error)));
        events
    }

    fn waiting(&self, finishing: Finishing, meta: Box<MemoMeta>) -> Waiting {
        let samples = journal::samples(finishing.journal.bytes()) + finishing.writer.pending_samples() as u64;
        let seconds = samples as f64 / f64::from(wav::SAMPLE_RATE);
        let known = (finishing.id, &finishing.key);
        let mailbox = meta.mailbox.as_deref();
        Waiting {
            recording: finishing.recording,
            envelope: vault::seal_envelope(&self.store, &self.base, known, mailbox, &meta, Some(seconds)),
            hearing: None,
            finishing,
            meta,
            seconds,
        }
    }

    /// What is kept in memory of a memo, for an endpoint to hear it: only where there is an envelope that its transcript is
    /// sealed in.
    fn hearing(&self, memo: &Waiting, wav: &Zeroizing<Vec<u8>>) -> Option<Hearing> {
        let mailbox = memo.meta.mailbox.as_deref()?;
        if memo.envelope.is_none() || !self.hearings.include(mailbox) {
            return None;
        }
        let Some(room) = self.hearings.room(wav.len()) else {
            tracing::warn!(mailbox, memo = %memo.finishing.id, "too many memos wait to be heard: this one has no transcript");
            return None;
        };
        let known = (memo.finishing.id, &memo.finishing.key);
        Some(Hearing {
            wav: wav.clone(),
            contents: vault::contents(&self.base, known, &memo.meta, Some(memo.seconds)),
            room,
        })
    }

    fn facts(&self, memo: &Waiting, complete: bool) -> Facts {
        Facts {
            envelope: memo.envelope.clone(),
            complete,
            clear: self
                .clear
                .clear(memo.meta.mailbox.as_deref(), &memo.meta, Some(memo.seconds)),
            ..vault::facts(&self.domain, memo.meta.mailbox.clone(), &memo.meta)
        }
    }

    fn stored(&self, memo: Waiting, size_bytes: u64, complete: bool) -> VaultEvent {
        let stored = StoredMemo {
            id: memo.finishing.id,
            link: Link::new(&self.base, &memo.finishing.id, &memo.finishing.key),
            envelope: memo.envelope,
            hearing: memo.hearing,
            complete,
            seconds: memo.seconds,
            size_bytes,
            meta: *memo.meta,
        };
        tracing::debug!(
            memo = %stored.id,
            mailbox = stored.meta.mailbox.as_deref().unwrap_or("-"),
            call_id = stored.meta.call_id.as_deref().unwrap_or("-"),
            seconds = stored.seconds,
            complete,
            "memo stored"
        );
        VaultEvent::Stored {
            recording: memo.recording,
            memo: Box::new(stored),
        }
    }

    /// The memo could not be made in order: its journal becomes one, where the disk allows that.
    fn rescue(&self, mut memo: Waiting, error: StoreError) -> VaultEvent {
        let call_id = memo.meta.call_id.as_deref().unwrap_or("-");
        tracing::error!(%error, call_id, memo = %memo.finishing.id, "no memo could be made: its journal is kept in its place");
        let Finishing {
            journal,
            writer,
            overrun: false,
            ..
        } = &mut memo.finishing
        else {
            return self.adopt(memo, error);
        };
        if let Some(frame) = writer.cut() {
            // Where only a part of it finds room, it is cut off again.
            let _ = journal.append(frame);
        }
        self.adopt(memo, error)
    }

    fn adopt(&self, mut memo: Waiting, error: StoreError) -> VaultEvent {
        let facts = self.facts(&memo, false);
        match self.store.adopt_journal(&memo.finishing.journal, facts) {
            Ok(record) => {
                memo.seconds = record.duration().unwrap_or_default().as_secs_f64();
                self.stored(memo, record.file_size_bytes, false)
            }
            Err(again) => {
                let call_id = memo.meta.call_id.as_deref().unwrap_or("-");
                if memo.finishing.has_envelope {
                    tracing::error!(error = %again, call_id, "nor could that: the next start makes a memo of it");
                } else {
                    tracing::error!(error = %again, call_id, "memo lost");
                    self.remove_journal(&memo.finishing.id);
                }
                VaultEvent::Failed {
                    recording: memo.recording,
                    error: error.into(),
                }
            }
        }
    }

    fn remove_journal(&self, id: &MemoId) {
        if let Err(error) = self.store.remove_journal(id) {
            tracing::error!(memo = %id, %error, "a journal could not be removed: the next start does it");
        }
    }
}

fn plain(recording: u64, path: &Path, wav: Result<Zeroizing<Vec<u8>>, StoreError>) -> VaultEvent {
    let written = wav.map_err(VaultError::from).and_then(|wav| {
        write_whole(path, &wav).map_err(|error| VaultError::Plain {
            path: path.to_owned(),
            error,
        })
    });
    match written {
        Ok(()) => VaultEvent::Written {
            recording,
            path: path.to_owned(),
        },
        Err(error) => VaultEvent::Failed { recording, error },
    }
}

/// Writes a file so that nobody ever sees half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let temporary = PathBuf::from(temporary);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_data()
        })
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
