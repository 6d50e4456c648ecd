//! The vault: plain audio comes in, ciphertext goes to the store, a link comes out.
//!
//! It is the only place that holds a recording's audio, in memory, in pieces that are wiped, and the only one that
//! holds a memo's key, from sealing until the link is handed on. It owns the drafts of all calls; its thread hands it
//! commands in batches, and all memos that finish in one batch share the store's syncs.
//!
//! Not here: when a recording starts or ends, and whether it is long enough to keep; the call decides that.

use super::key::MemoId;
use super::link::{Link, LinkBase};
use super::record::Facts;
use super::seal;
use super::store::{NewMemo, Store, StoreError};
use super::wav;
use crate::limits;
use crate::secret::Private;
use std::collections::HashMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use thiserror::Error;
use zeroize::Zeroizing;

/// What is known of a memo when its recording ends.
#[derive(Clone, PartialEq, Eq)]
pub struct MemoMeta {
    /// The mailbox that it is left in; none for none.
    pub mailbox: Option<String>,
    /// The caller's number. Handed on with the link, never stored.
    pub from: String,
    /// The caller's name. Handed on, never stored.
    pub from_name: String,
    /// The number called. Handed on, never stored.
    pub to: String,
    /// The trunk's name. Stored.
    pub trunk: Option<String>,
    /// The SIP Call-ID. Stored.
    pub call_id: Option<String>,
    /// When it was recorded, by the caller's clock: the vault has none. Stored.
    pub created_at: SystemTime,
    /// From when on the memo is no longer given out; none for never. Stored.
    pub expires_at: Option<SystemTime>,
}

impl MemoMeta {
    /// Of a memo of which nothing is known but its time.
    pub fn at(created_at: SystemTime) -> Self {
        MemoMeta {
            mailbox: None,
            from: String::new(),
            from_name: String::new(),
            to: String::new(),
            trunk: None,
            call_id: None,
            created_at,
            expires_at: None,
        }
    }
}

impl fmt::Debug for MemoMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoMeta")
            .field("mailbox", &self.mailbox)
            .field("from", &Private(&self.from))
            .field("to", &Private(&self.to))
            .field("trunk", &self.trunk)
            .field("call_id", &self.call_id)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

/// To the vault. `recording` is the number that the call gave its recording.
pub enum VaultCommand {
    /// More audio, 8 kHz.
    Append {
        /// Of which recording.
        recording: u64,
        /// Wiped once it is sealed or discarded.
        samples: Zeroizing<Vec<i16>>,
    },
    /// Seals and stores; answered by `Stored` or `Failed`.
    Finish {
        /// Which recording.
        recording: u64,
        /// What is known of it.
        meta: MemoMeta,
    },
    /// Forgets a recording; not answered.
    Discard {
        /// Which.
        recording: u64,
    },
    /// Makes a second recording of the same audio, for another mailbox. Not answered: where there is no room for it, the
    /// second has no audio.
    Copy {
        /// Which recording.
        recording: u64,
        /// The number of the second.
        copy: u64,
    },
    /// Writes the recording as a plain WAV file, which only a configuration that permits it asks for; answered by
    /// `Written` or `Failed`.
    Plain {
        /// Which recording.
        recording: u64,
        /// The file; replaced where it exists.
        path: PathBuf,
    },
}

/// From the vault.
#[derive(Debug)]
pub enum VaultEvent {
    /// The memo is durable.
    Stored {
        /// Of which recording.
        recording: u64,
        /// The memo, with its link: the only copy that there is.
        memo: Box<StoredMemo>,
    },
    /// There is no memo, and the recording is gone.
    Failed {
        /// Which.
        recording: u64,
        /// Why.
        error: VaultError,
    },
    /// No room for more audio. What came before is kept until `Finish`; what comes after is dropped. Told once.
    Overrun {
        /// Which recording.
        recording: u64,
    },
    /// The plain file is written.
    Written {
        /// Of which recording.
        recording: u64,
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Debug for VaultCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Audio stays out of every log.
        match self {
            VaultCommand::Append { recording, samples } => {
                write!(f, "Append({recording}, {} samples)", samples.len())
            }
            VaultCommand::Finish { recording, meta } => write!(f, "Finish({recording}, {meta:?})"),
            VaultCommand::Discard { recording } => write!(f, "Discard({recording})"),
            VaultCommand::Copy { recording, copy } => write!(f, "Copy({recording} as {copy})"),
            VaultCommand::Plain { recording, path } => write!(f, "Plain({recording}, {})", path.display()),
        }
    }
}

impl VaultEvent {
    /// The recording that it speaks of.
    pub fn recording(&self) -> u64 {
        match self {
            VaultEvent::Stored { recording, .. }
            | VaultEvent::Failed { recording, .. }
            | VaultEvent::Overrun { recording }
            | VaultEvent::Written { recording, .. } => *recording,
        }
    }
}

/// A memo that was stored, and the link that opens it.
pub struct StoredMemo {
    /// Its name.
    pub id: MemoId,
    /// What opens it. Not stored anywhere: whoever drops this drops the only key.
    pub link: Link,
    /// Its length.
    pub seconds: f64,
    /// Bytes of its ciphertext.
    pub size_bytes: u64,
    /// What was known of it.
    pub meta: MemoMeta,
}

impl fmt::Debug for StoredMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredMemo")
            .field("id", &self.id)
            .field("seconds", &self.seconds)
            .field("size_bytes", &self.size_bytes)
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

/// Why a recording became no memo.
#[derive(Debug, Error)]
pub enum VaultError {
    /// It has no audio, or the vault never heard of it.
    #[error("the recording has no audio")]
    Empty,
    /// The store could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plain file could not be written.
    #[error("writing {}: {error}", .path.display())]
    Plain {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
}

/// A recording that goes on. Growing the outer list moves pointers to pieces, never audio.
#[derive(Default)]
struct Draft {
    chunks: Vec<Zeroizing<Vec<i16>>>,
    samples: usize,
    overrun: bool,
}

/// The drafts of all calls, and the store that they go to.
pub struct Vault {
    store: Store,
    domain: String,
    base: LinkBase,
    drafts: HashMap<u64, Draft>,
    /// Bytes of audio in all drafts.
    held_bytes: usize,
    /// What `held_bytes` may come to.
    limit_bytes: usize,
}

impl Vault {
    /// A vault that stores there, and whose links begin with `base`.
    pub fn new(store: Store, domain: String, base: LinkBase) -> Self {
        Vault {
            store,
            domain,
            base,
            drafts: HashMap::new(),
            held_bytes: 0,
            limit_bytes: limits::VAULT_BYTES,
        }
    }

    /// The same with another bound on the audio in memory.
    pub fn with_limit(mut self, limit_bytes: usize) -> Self {
        self.limit_bytes = limit_bytes;
        self
    }

    /// Recordings that go on, and bytes of audio that they hold.
    pub fn held(&self) -> (usize, usize) {
        (self.drafts.len(), self.held_bytes)
    }

    /// Does a batch of commands, in order. All that finish in it are made durable together, so the events of
    /// `Finish` come last. Blocks on the disk.
    pub fn handle(&mut self, commands: Vec<VaultCommand>) -> Vec<VaultEvent> {
        let mut events = Vec::new();
        let mut finished = Vec::new();
        for command in commands {
            match command {
                VaultCommand::Append { recording, samples } => {
                    if !self.append(recording, samples) {
                        events.push(VaultEvent::Overrun { recording });
                    }
                }
                VaultCommand::Finish { recording, meta } => match self.take(recording) {
                    Some(draft) => finished.push((recording, meta, draft)),
                    None => events.push(VaultEvent::Failed {
                        recording,
                        error: VaultError::Empty,
                    }),
                },
                VaultCommand::Discard { recording } => drop(self.take(recording)),
                VaultCommand::Copy { recording, copy } => self.copy(recording, copy),
                VaultCommand::Plain { recording, path } => events.push(self.write_plain(recording, path)),
            }
        }
        self.store_all(finished, &mut events);
        events
    }

    /// `false` at the first piece that finds no room.
    fn append(&mut self, recording: u64, samples: Zeroizing<Vec<i16>>) -> bool {
        let bytes = samples.len() * size_of::<i16>();
        if !self.drafts.contains_key(&recording) && self.drafts.len() >= limits::VAULT_DRAFTS {
            return false;
        }
        let draft = self.drafts.entry(recording).or_default();
        if draft.overrun {
            return true;
        }
        if self.held_bytes + bytes > self.limit_bytes {
            draft.overrun = true;
            return false;
        }
        self.held_bytes += bytes;
        draft.samples += samples.len();
        draft.chunks.push(samples);
        true
    }

    fn copy(&mut self, recording: u64, copy: u64) {
        let Some(draft) = self.drafts.get(&recording) else {
            return;
        };
        let bytes = draft.samples * size_of::<i16>();
        let is_room = self.drafts.len() < limits::VAULT_DRAFTS && self.held_bytes + bytes <= self.limit_bytes;
        if !is_room || self.drafts.contains_key(&copy) {
            tracing::error!("no room for a second copy of a recording");
            return;
        }
        let second = Draft {
            chunks: draft.chunks.clone(),
            samples: draft.samples,
            overrun: draft.overrun,
        };
        self.held_bytes += bytes;
        self.drafts.insert(copy, second);
    }

    /// Takes a draft out; none where it has no audio.
    fn take(&mut self, recording: u64) -> Option<Draft> {
        let draft = self.drafts.remove(&recording)?;
        self.held_bytes -= draft.samples * size_of::<i16>();
        (draft.samples > 0).then_some(draft)
    }

    fn store_all(&self, finished: Vec<(u64, MemoMeta, Draft)>, events: &mut Vec<VaultEvent>) {
        let mut batch = Vec::with_capacity(finished.len());
        let mut waiting = Vec::with_capacity(finished.len());
        for (recording, meta, draft) in finished {
            let seconds = draft.samples as f64 / f64::from(wav::SAMPLE_RATE);
            let (sealed, key) = seal::seal(wav::encode(draft.chunks));
            waiting.push((
                recording,
                StoredMemo {
                    id: sealed.id(),
                    link: Link::new(&self.base, &sealed.id(), &key),
                    seconds,
                    size_bytes: sealed.ciphertext().len() as u64,
                    meta: meta.clone(),
                },
            ));
            batch.push(NewMemo {
                sealed,
                facts: self.facts(meta),
            });
        }
        let results = self.store.insert(batch);
        for ((recording, memo), result) in waiting.into_iter().zip(results) {
            events.push(match result {
                Ok(_) => {
                    tracing::debug!(
                        memo = %memo.id,
                        mailbox = memo.meta.mailbox.as_deref().unwrap_or("-"),
                        call_id = memo.meta.call_id.as_deref().unwrap_or("-"),
                        seconds = memo.seconds,
                        "memo stored"
                    );
                    VaultEvent::Stored {
                        recording,
                        memo: Box::new(memo),
                    }
                }
                Err(error) => {
                    tracing::error!(%error, call_id = memo.meta.call_id.as_deref().unwrap_or("-"), "memo lost");
                    VaultEvent::Failed {
                        recording,
                        error: error.into(),
                    }
                }
            });
        }
    }

    /// What of a memo's facts may be stored.
    fn facts(&self, meta: MemoMeta) -> Facts {
        Facts {
            mailbox: meta.mailbox,
            trunk: meta.trunk,
            call_id: meta.call_id,
            expires_at: meta.expires_at,
            ..Facts::at(self.domain.clone(), meta.created_at)
        }
    }

    fn write_plain(&mut self, recording: u64, path: PathBuf) -> VaultEvent {
        let Some(draft) = self.take(recording) else {
            return VaultEvent::Failed {
                recording,
                error: VaultError::Empty,
            };
        };
        match write_whole(&path, &wav::encode(draft.chunks)) {
            Ok(()) => VaultEvent::Written { recording, path },
            Err(error) => VaultEvent::Failed {
                recording,
                error: VaultError::Plain { path, error },
            },
        }
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

/// The length of a memo in seconds, as answers and records of it say.
pub fn seconds(duration: Duration) -> f64 {
    duration.as_millis() as f64 / 1_000.0
}
