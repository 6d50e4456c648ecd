//! The vault: plain audio comes in, sealed frames go to journals, finished recordings to the [`finisher`](super::finisher).
//!
//! It owns the recordings of all calls. Each has its name and its key from the beginning on, and a journal for each of
//! its mailboxes, to which every second of audio is added as soon as it is full: what is plain is a second at most, and is
//! wiped. Its thread hands it commands in batches, and tells it when to make journals durable: all of them together, by a
//! [`Commit`] that another thread carries out, so that audio never waits for a disk.
//!
//! Not here: when a recording starts or ends, and whether it is long enough to keep; the call decides that.

use super::clear::ClearPolicy;
use super::envelope::{self, Contents, Envelope};
use super::finisher::{Finisher, Finishing, Purpose};
use super::hearing::{Hearing, Hearings};
use super::journal::JournalWriter;
use super::key::{MemoId, MemoKey};
use super::link::{Link, LinkBase};
use super::record::{Facts, Identity, Record};
use super::rehearsal::{Rehearsal, Rehearsals};
use super::seal;
use super::store::{Journal, Store, StoreError};
use super::token::{AccessToken, Verifier};
use crate::codec::private::PrivateAudio;
use crate::limits;
use crate::secret::{wipe_stack, Private};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use thiserror::Error;
use zeroize::Zeroizing;

/// What is known of a memo: when its recording begins, and when it ends.
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
    /// The number that the call was diverted from; empty where it was not. Handed on, never stored.
    pub diversion: String,
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
            diversion: String::new(),
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
    /// A recording begins. Not answered; where it cannot be, the answer is `Overrun`.
    Begin {
        /// Its number.
        recording: u64,
        /// What is known of it, its first mailbox among it.
        meta: Box<MemoMeta>,
        /// Mailboxes that are to have a copy of it, each under a key of its own.
        copies: Vec<String>,
    },
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
    /// Takes out of a recording the copy for one of the mailboxes that it began with; it is a recording of its own from
    /// then on. Not answered: where there is none, the second has no audio.
    Copy {
        /// Which recording.
        recording: u64,
        /// The number of the second.
        copy: u64,
        /// For whom.
        mailbox: String,
    },
    /// Reads a recording that has ended back, for its caller to hear; it goes on as before. Answered by `Rehearsed`.
    Rehearse {
        /// Which recording.
        recording: u64,
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
    /// No more audio can be taken: no room, or a disk that fails. What came before is kept until `Finish`; what comes after
    /// is dropped. Told once.
    Overrun {
        /// Which recording.
        recording: u64,
    },
    /// A recording that is to be heard before it is kept.
    Rehearsed {
        /// Which recording.
        recording: u64,
        /// What was said; none where it cannot be read.
        audio: Option<Arc<PrivateAudio>>,
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
            VaultCommand::Begin { recording, meta, .. } => write!(f, "Begin({recording}, {meta:?})"),
            VaultCommand::Append { recording, samples } => {
                write!(f, "Append({recording}, {} samples)", samples.len())
            }
            VaultCommand::Finish { recording, meta } => write!(f, "Finish({recording}, {meta:?})"),
            VaultCommand::Discard { recording } => write!(f, "Discard({recording})"),
            VaultCommand::Copy { recording, copy, .. } => write!(f, "Copy({recording} as {copy})"),
            VaultCommand::Rehearse { recording } => write!(f, "Rehearse({recording})"),
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
            | VaultEvent::Rehearsed { recording, .. }
            | VaultEvent::Written { recording, .. } => *recording,
        }
    }
}

/// A memo that was stored, and the link that opens it.
pub struct StoredMemo {
    /// Its name.
    pub id: MemoId,
    /// What opens it. Not stored anywhere but in the envelope: without one, whoever drops this drops the only key.
    pub link: Link,
    /// The same and what was known of it, for its mailbox's owner alone; none where the mailbox has no owner key.
    pub envelope: Option<Envelope>,
    /// Its audio, still, and what its envelope holds, where the mailbox has its memos heard and there was room for it.
    pub hearing: Option<Hearing>,
    /// Whether nothing is missing at its end.
    pub complete: bool,
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

/// A recording that goes on, for one mailbox.
struct Part {
    mailbox: Option<String>,
    id: MemoId,
    key: MemoKey,
    writer: JournalWriter,
    /// None where it could not be made.
    journal: Option<Journal>,
    has_envelope: bool,
    /// Whether frames were added since the last commit.
    dirty: bool,
}

impl Part {
    fn append(&mut self, mut samples: &[i16]) -> Result<(), StoreError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        while !samples.is_empty() {
            if let Some(frame) = self.writer.push(&mut samples) {
                self.dirty = true;
                journal.append(frame)?;
            }
        }
        Ok(())
    }
}

/// A recording that goes on.
struct Draft {
    parts: Vec<Part>,
    /// It can take no more audio.
    overrun: bool,
    call_id: Option<String>,
}

/// What a batch of commands led to.
#[derive(Default)]
pub struct Accepted {
    /// To be told at once.
    pub events: Vec<VaultEvent>,
    /// For the finisher, which tells what became of them.
    pub finishing: Vec<Finishing>,
    /// Recordings that are to be heard, for another thread to read.
    pub rehearsals: Vec<Rehearsal>,
}

/// The recordings that go on, and the store that their journals are in.
pub struct Vault {
    store: Store,
    finisher: Arc<Finisher>,
    domain: String,
    base: LinkBase,
    drafts: HashMap<u64, Draft>,
    /// Journals with frames that are not durable yet, of recordings that go on.
    dirty: Vec<(u64, MemoId)>,
}

/// Journals that are to be made durable.
pub struct Commit {
    store: Store,
    journals: Vec<(u64, MemoId)>,
}

impl Commit {
    /// Waits for the disk.
    pub fn run(self) -> Committed {
        let ids: Vec<MemoId> = self.journals.iter().map(|(_, id)| *id).collect();
        Committed {
            failure: self.store.sync_journals(&ids).err(),
            journals: self.journals,
        }
    }
}

/// What became of a [`Commit`].
pub struct Committed {
    journals: Vec<(u64, MemoId)>,
    failure: Option<StoreError>,
}

impl Vault {
    /// A vault that stores there, and whose links begin with `base`.
    pub fn new(store: Store, domain: String, base: LinkBase) -> Self {
        Vault {
            finisher: Arc::new(Finisher::new(store.clone(), domain.clone(), base.clone())),
            store,
            domain,
            base,
            drafts: HashMap::new(),
            dirty: Vec::new(),
        }
    }

    /// The same that keeps the audio of some mailboxes' memos until it was heard.
    pub fn with_hearings(mut self, hearings: Hearings) -> Self {
        Arc::make_mut(&mut self.finisher).hearings = hearings;
        self
    }

    /// The same that leaves some facts of some mailboxes' calls in clear.
    pub fn with_clear(mut self, clear: ClearPolicy) -> Self {
        Arc::make_mut(&mut self.finisher).clear = clear;
        self
    }

    /// Recordings that go on, and bytes of plain audio that they hold.
    pub fn held(&self) -> (usize, usize) {
        let parts = self.drafts.values().flat_map(|draft| &draft.parts);
        (
            self.drafts.len(),
            parts.map(|part| part.writer.pending().len()).sum(),
        )
    }

    /// What makes memos of the recordings that have ended; it may do so on another thread.
    pub fn finisher(&self) -> Arc<Finisher> {
        self.finisher.clone()
    }

    /// Does a batch of commands, in order, and finishes what ended in it: the events of `Finish` come last. Blocks on
    /// the disk.
    pub fn handle(&mut self, commands: Vec<VaultCommand>) -> Vec<VaultEvent> {
        let Accepted {
            mut events,
            finishing,
            rehearsals,
        } = self.accept(commands);
        let mut heard = Rehearsals::default();
        events.extend(rehearsals.into_iter().map(|rehearsal| heard.read(rehearsal)));
        events.extend(self.finisher.finish(finishing));
        events
    }

    /// Does a batch of commands, in order. Waits for no disk, but that the operating system takes the frames.
    pub fn accept(&mut self, commands: Vec<VaultCommand>) -> Accepted {
        let mut accepted = Accepted::default();
        for command in commands {
            match command {
                VaultCommand::Begin {
                    recording,
                    meta,
                    copies,
                } => {
                    if !self.begin(recording, &meta, copies) {
                        accepted.events.push(VaultEvent::Overrun { recording });
                    }
                }
                VaultCommand::Append { recording, samples } => {
                    if !self.append(recording, &samples) {
                        accepted.events.push(VaultEvent::Overrun { recording });
                    }
                }
                VaultCommand::Finish { recording, meta } => {
                    self.end(recording, Purpose::Memo(Box::new(meta)), &mut accepted);
                }
                VaultCommand::Rehearse { recording } => {
                    accepted.rehearsals.push(self.rehearse(recording));
                }
                VaultCommand::Plain { recording, path } => {
                    self.end(recording, Purpose::Plain(path), &mut accepted);
                }
                VaultCommand::Discard { recording } => {
                    if let Some(draft) = self.drafts.remove(&recording) {
                        self.discard(draft.parts);
                    }
                }
                VaultCommand::Copy {
                    recording,
                    copy,
                    mailbox,
                } => self.copy(recording, copy, &mailbox),
            }
        }
        accepted
    }

    /// `false` where the recording can take no audio.
    fn begin(&mut self, recording: u64, meta: &MemoMeta, copies: Vec<String>) -> bool {
        if self.drafts.contains_key(&recording) {
            tracing::error!("a recording began twice");
            return true;
        }
        if self.drafts.len() >= limits::VAULT_DRAFTS {
            tracing::error!("no room for more recordings");
            return false;
        }
        let copies = copies.into_iter().take(limits::RECORDING_MAILBOXES).map(Some);
        let mut parts: Vec<Part> = std::iter::once(meta.mailbox.clone())
            .chain(copies)
            .map(|mailbox| self.begin_part(meta, mailbox))
            .collect();
        let overrun = parts.iter().all(|part| part.journal.is_none());
        // Nobody has to know of a copy that could not be begun before it is asked for.
        parts.retain(|part| overrun || part.journal.is_some());
        let draft = Draft {
            parts,
            overrun,
            call_id: meta.call_id.clone(),
        };
        self.drafts.insert(recording, draft);
        !overrun
    }

    fn begin_part(&self, meta: &MemoMeta, mailbox: Option<String>) -> Part {
        let id = MemoId::generate();
        let key = MemoKey::generate();
        let iv = seal::random_iv();
        let identity = Identity {
            id,
            iv,
            key_verifier: Verifier::of_key(&key),
            token_verifier: AccessToken::derive(&key).verifier(),
        };
        let writer = JournalWriter::new(&key, &iv);
        let envelope = seal_envelope(
            &self.store,
            &self.base,
            (id, &key),
            mailbox.as_deref(),
            meta,
            None,
        );
        let has_envelope = envelope.is_some();
        let facts = Facts {
            envelope,
            clear: self.finisher.clear.clear(mailbox.as_deref(), meta, None),
            ..facts(&self.domain, mailbox.clone(), meta)
        };
        let journal = self
            .store
            .create_journal(&Record::of_journal(identity, facts))
            .inspect_err(|error| {
                let call_id = meta.call_id.as_deref().unwrap_or("-");
                tracing::error!(%error, call_id, "a recording could not begin");
            })
            .ok();
        Part {
            mailbox,
            id,
            key,
            writer,
            journal,
            has_envelope,
            dirty: false,
        }
    }

    /// `false` at the first piece that finds no room.
    fn append(&mut self, recording: u64, samples: &[i16]) -> bool {
        if !self.drafts.contains_key(&recording) {
            // Its beginning waits for room in a full queue. It is nobody's until then, and has no envelope.
            self.begin(recording, &MemoMeta::at(SystemTime::UNIX_EPOCH), Vec::new());
        }
        let Some(draft) = self.drafts.get_mut(&recording) else {
            return false;
        };
        if draft.overrun {
            return true;
        }
        for part in &mut draft.parts {
            let was_dirty = part.dirty;
            let appended = part.append(samples);
            if part.dirty && !was_dirty {
                self.dirty.push((recording, part.id));
            }
            if let Err(error) = appended {
                draft.overrun = true;
                let call_id = draft.call_id.as_deref().unwrap_or("-");
                tracing::error!(%error, call_id, "a recording ends here: its audio cannot be kept");
            }
        }
        !draft.overrun
    }

    fn copy(&mut self, recording: u64, copy: u64, mailbox: &str) {
        let Some(draft) = self.drafts.get_mut(&recording) else {
            return;
        };
        let copies = draft.parts.iter().skip(1);
        let Some(at) = copies
            .into_iter()
            .position(|part| part.mailbox.as_deref() == Some(mailbox))
        else {
            tracing::error!(mailbox, "there is no copy of a recording for that mailbox");
            return;
        };
        let part = draft.parts.remove(at + 1);
        for entry in &mut self.dirty {
            if entry.1 == part.id {
                entry.0 = copy;
            }
        }
        let second = Draft {
            parts: vec![part],
            overrun: draft.overrun,
            call_id: draft.call_id.clone(),
        };
        self.drafts.insert(copy, second);
    }

    fn rehearse(&self, recording: u64) -> Rehearsal {
        let part = self.drafts.get(&recording).and_then(|draft| draft.parts.first());
        let journal = part.and_then(|part| part.journal.as_ref());
        let frames = journal.and_then(|journal| {
            let read = journal.read();
            read.inspect_err(|error| tracing::error!(%error, "a recording cannot be read back"))
                .ok()
        });
        Rehearsal {
            recording,
            key: MemoKey::from_bytes(part.map_or(&[0; 32], |part| part.key.bytes())),
            iv: journal.map_or([0; seal::IV_BYTES], |journal| *journal.iv()),
            bytes: journal.map_or(0, Journal::bytes),
            frames: frames.map(|frames| Box::new(frames) as Box<dyn io::Read + Send>),
            tail: Zeroizing::new(part.map_or_else(Vec::new, |part| part.writer.pending().to_vec())),
        }
    }

    /// Hands a recording on; what it holds for mailboxes that were never asked for is removed.
    fn end(&mut self, recording: u64, purpose: Purpose, accepted: &mut Accepted) {
        let mut parts = match self.drafts.remove(&recording) {
            Some(Draft { parts, overrun, .. }) => parts.into_iter().map(|part| (part, overrun)).collect(),
            None => Vec::new(),
        };
        let rest = parts.split_off(parts.len().min(1));
        self.discard(rest.into_iter().map(|(part, _)| part));
        match parts.pop() {
            Some((
                Part {
                    id,
                    key,
                    writer,
                    journal: Some(journal),
                    has_envelope,
                    ..
                },
                overrun,
            )) if journal.bytes() > 0 || !writer.pending().is_empty() => {
                accepted.finishing.push(Finishing {
                    recording,
                    purpose,
                    id,
                    key,
                    writer,
                    journal,
                    has_envelope,
                    overrun,
                });
            }
            part => {
                self.discard(part.map(|(part, _)| part));
                let error = VaultError::Empty;
                accepted.events.push(VaultEvent::Failed { recording, error });
            }
        }
    }

    fn discard(&self, parts: impl IntoIterator<Item = Part>) {
        for part in parts {
            if let Err(error) = self.store.remove_journal(&part.id) {
                tracing::error!(%error, memo = %part.id, "the journal of a discarded recording could not be removed");
            }
        }
    }

    /// Whether anything waits to be made durable.
    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() || self.store.has_new_journals()
    }

    /// How long to wait between two commits. Few recordings are made durable as each second of theirs is full; many
    /// share one sync.
    pub fn commit_interval(&self) -> Duration {
        match self.drafts.len() {
            0..=limits::SYNC_ONE_BY_ONE => Duration::ZERO,
            _ => limits::JOURNAL_SYNC,
        }
    }

    /// What is to be made durable now; to be run, here or on another thread, and handed to [`Vault::committed`]. Frames
    /// that come meanwhile belong to the next.
    pub fn commit(&mut self) -> Commit {
        let journals = std::mem::take(&mut self.dirty);
        for (recording, id) in &journals {
            if let Some(draft) = self.drafts.get_mut(recording) {
                for part in draft.parts.iter_mut().filter(|part| part.id == *id) {
                    part.dirty = false;
                }
            }
        }
        Commit {
            store: self.store.clone(),
            journals,
        }
    }

    /// Takes in what became of a commit: recordings whose audio the disk did not keep end here.
    pub fn committed(&mut self, committed: Committed) -> Vec<VaultEvent> {
        let Some(error) = committed.failure else {
            return Vec::new();
        };
        tracing::error!(%error, "recordings end here: their journals cannot go on");
        let mut events = Vec::new();
        for (recording, _) in committed.journals {
            if let Some(draft) = self.drafts.get_mut(&recording) {
                if !std::mem::replace(&mut draft.overrun, true) {
                    events.push(VaultEvent::Overrun { recording });
                }
            }
        }
        events
    }

    /// Ends. Recordings that go on still are left as a crash would leave them, with their last part second: the next
    /// start makes incomplete memos of them. Those that nobody could open are removed.
    pub fn close(mut self) {
        for draft in std::mem::take(&mut self.drafts).into_values() {
            for mut part in draft.parts {
                if !part.has_envelope || part.writer.samples() == 0 {
                    tracing::warn!(memo = %part.id, "a recording that went on at the end is lost: its mailbox has no owner key");
                    self.discard([part]);
                    continue;
                }
                self.dirty.push((0, part.id));
                if let (Some(journal), Some(frame), false) =
                    (&mut part.journal, part.writer.cut(), draft.overrun)
                {
                    if let Err(error) = journal.append(frame) {
                        tracing::error!(%error, memo = %part.id, "the end of a recording is lost");
                    }
                }
            }
        }
        if let Some(error) = self.commit().run().failure {
            tracing::error!(%error, "journals could not be made durable");
        }
    }
}

/// What of a memo's facts may be stored.
pub(super) fn facts(domain: &str, mailbox: Option<String>, meta: &MemoMeta) -> Facts {
    Facts {
        mailbox,
        trunk: meta.trunk.clone(),
        call_id: meta.call_id.clone(),
        expires_at: meta.expires_at,
        ..Facts::at(domain, meta.created_at)
    }
}

/// Seals what is known of a memo to its mailbox's owner, where it has one. The length is known only at the end.
pub(super) fn seal_envelope(
    store: &Store,
    base: &LinkBase,
    (id, key): (MemoId, &MemoKey),
    mailbox: Option<&str>,
    meta: &MemoMeta,
    seconds: Option<f64>,
) -> Option<Envelope> {
    let owner = match store.mailboxes().owner(mailbox?) {
        Ok(None) => return None,
        Ok(Some(owner)) => owner.public_key(),
        Err(error) => Err(error),
    };
    let contents = contents(base, (id, key), meta, seconds);
    let sealed = owner
        .map_err(|error| error.to_string())
        .and_then(|owner| envelope::seal(&owner, &id, &contents).map_err(|error| error.to_string()));
    wipe_stack();
    sealed
        .inspect_err(|error| {
            tracing::error!(mailbox, %error, "nothing can be sealed to the mailbox's owner: the link alone opens this memo");
        })
        .ok()
}

/// What an envelope says of a memo.
pub(super) fn contents(
    base: &LinkBase,
    (id, key): (MemoId, &MemoKey),
    meta: &MemoMeta,
    seconds: Option<f64>,
) -> Contents {
    let key = MemoKey::from_bytes(key.bytes());
    let link = Link::new(base, &id, &key);
    Contents {
        from: Zeroizing::new(meta.from.clone()),
        caller_name: Zeroizing::new(meta.from_name.clone()),
        to: Zeroizing::new(meta.to.clone()),
        diversion: Zeroizing::new(meta.diversion.clone()),
        duration_seconds: seconds,
        ..Contents::new(key, &link)
    }
}

/// The length of a memo in seconds, as answers and records of it say.
pub fn seconds(duration: Duration) -> f64 {
    duration.as_millis() as f64 / 1_000.0
}
