//! Transcripts: what was said in a memo, heard by an endpoint that the operator named, and sealed to the memo's owner.
//!
//! At the end of a recording its audio and the contents of its envelope are in memory once more than anywhere else, for as
//! long as an endpoint takes to hear it; they go nowhere but there, and never to a disk. The memo is stored by then, and
//! its owner told: the envelope in its record is replaced by one that holds the transcript as well. So an endpoint that is
//! slow or dead delays nothing and loses nothing but the transcript. How many memos wait, and how many bytes of audio, is
//! bounded; what finds no room has no transcript, and the log says so.

mod clean;
mod client;

use crate::config::{ClearFact, Mailbox, Transcription};
use crate::limits;
use crate::memo::envelope::{self, Contents};
use crate::memo::key::MemoId;
use crate::memo::store::{Store, StoreError};
use client::Client;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tracing::{debug, warn};
use zeroize::Zeroizing;

/// A memo to be heard. Wiped when dropped.
pub struct Job {
    /// Which.
    pub memo_id: MemoId,
    /// Whose.
    pub mailbox: String,
    /// Its audio, a WAV file.
    pub wav: Zeroizing<Vec<u8>>,
    /// What its envelope holds.
    pub contents: Contents,
}

/// How hard it is tried.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Tries in all.
    pub tries: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    /// How long one answer may take.
    pub time: Duration,
}

impl Default for Policy {
    /// Four tries within some two minutes: as long as a model may take to load.
    fn default() -> Self {
        Policy {
            tries: 4,
            first_pause: Duration::from_secs(15),
            time: limits::TRANSCRIPTION_TIME,
        }
    }
}

/// What a mailbox wants of its transcripts.
#[derive(Clone, Copy)]
struct Wishes {
    summarize: bool,
    /// Whether they stand in the record too.
    clear: bool,
}

/// Has memos heard; cheap to clone.
#[derive(Clone)]
pub struct Transcriber {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    policy: Policy,
    store: Store,
    mailboxes: HashMap<String, Wishes>,
    /// Memos that wait or are heard.
    places: Arc<Semaphore>,
    /// Bytes of audio among them.
    bytes: AtomicUsize,
    /// Those that an endpoint hears at once.
    ears: Semaphore,
    running: std::sync::Mutex<JoinSet<()>>,
}

impl Transcriber {
    /// Of that configuration, for those mailboxes that ask for it.
    ///
    /// # Errors
    /// An endpoint that is not on this machine, where that is not allowed.
    pub fn new(
        config: &Transcription,
        mailboxes: &[Mailbox],
        store: Store,
        policy: Policy,
    ) -> Result<Self, String> {
        let asking = mailboxes.iter().filter(|mailbox| mailbox.transcribe);
        let wishes = asking.map(|mailbox| {
            let wishes = Wishes {
                summarize: mailbox.summarize,
                clear: mailbox.clear.contains(&ClearFact::Transcript),
            };
            (mailbox.name.clone(), wishes)
        });
        Ok(Transcriber {
            inner: Arc::new(Inner {
                client: Client::new(config, policy.time)?,
                policy,
                store,
                mailboxes: wishes.collect(),
                places: Arc::new(Semaphore::new(limits::TRANSCRIPTIONS)),
                bytes: AtomicUsize::new(0),
                ears: Semaphore::new(limits::TRANSCRIPTIONS_AT_ONCE),
                running: std::sync::Mutex::new(JoinSet::new()),
            }),
        })
    }

    /// Begins to have a memo heard, where its mailbox asks for that. Returns at once. Must be called within a tokio
    /// runtime.
    pub fn start(&self, job: Job) {
        let Some(wishes) = self.inner.mailboxes.get(&job.mailbox).copied() else {
            return;
        };
        let Some(room) = self.inner.room_for(job.wav.len()) else {
            warn!(
                mailbox = %job.mailbox,
                memo = %job.memo_id,
                "too many memos wait to be heard: this one has no transcript"
            );
            return;
        };
        let inner = self.inner.clone();
        let mut running = self
            .inner
            .running
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        // Results of those that are done.
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            inner.hear(job, wishes).await;
            drop(room);
        });
    }

    /// Leaves off: what was not heard has no transcript.
    pub async fn stop(&self) {
        let mut running = {
            let mut running = self
                .inner
                .running
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            std::mem::take(&mut *running)
        };
        while running.try_join_next().is_some() {}
        if !running.is_empty() {
            warn!(
                memos = running.len(),
                "the switch stops: some memos have no transcript"
            );
        }
        running.shutdown().await;
    }

    /// Waits until everything is heard that was begun.
    #[cfg(test)]
    async fn finish(&self) {
        let running = std::mem::take(&mut *self.inner.running.lock().expect("no test panics with it"));
        running.join_all().await;
    }
}

/// Room for one memo, given back when dropped.
struct Room {
    inner: Arc<Inner>,
    bytes: usize,
    _place: OwnedSemaphorePermit,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.inner.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Inner {
    fn room_for(self: &Arc<Self>, bytes: usize) -> Option<Room> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let taken = self.bytes.fetch_add(bytes, Ordering::AcqRel) + bytes;
        let room = Room {
            inner: self.clone(),
            bytes,
            _place: place,
        };
        (taken <= limits::TRANSCRIPTION_BYTES).then_some(room)
    }

    async fn hear(&self, job: Job, wishes: Wishes) {
        let Job {
            memo_id,
            mailbox,
            wav,
            mut contents,
        } = job;
        // The semaphore is never closed.
        let _ear = self.ears.acquire().await;
        let wav = Arc::new(wav);
        let heard = self.tried(&memo_id, || self.client.transcribe(wav.clone())).await;
        // Before anything else is waited for.
        drop(wav);
        let Some(heard) = heard else {
            return;
        };
        contents.transcript = clean::transcript(&heard, limits::TRANSCRIPT_BYTES);
        drop(heard);
        if contents.transcript.is_empty() {
            return debug!(memo = %memo_id, "nothing is said in this memo");
        }
        if wishes.summarize {
            let summary = self
                .tried(&memo_id, || self.client.summarize(&contents.transcript))
                .await;
            if let Some(summary) = summary.flatten() {
                contents.summary = clean::summary(&summary, limits::SUMMARY_BYTES);
            }
        }
        let store = self.store.clone();
        let kept =
            tokio::task::spawn_blocking(move || keep(&store, &memo_id, &mailbox, &contents, wishes.clear));
        match kept.await {
            Ok(Ok(true)) => debug!(memo = %memo_id, "transcript sealed"),
            Ok(Ok(false)) => {
                debug!(memo = %memo_id, "the memo is gone, or its mailbox has no owner key any more")
            }
            Ok(Err(error)) => warn!(memo = %memo_id, %error, "a transcript could not be stored"),
            Err(_) => warn!(memo = %memo_id, "a transcript could not be sealed"),
        }
    }

    /// Asks until there is an answer, or it was asked often enough.
    async fn tried<T, F: std::future::Future<Output = Result<T, String>>>(
        &self,
        memo: &MemoId,
        ask: impl Fn() -> F,
    ) -> Option<T> {
        let mut pause = self.policy.first_pause;
        for failures in 1.. {
            let reason = match ask().await {
                Ok(answer) => return Some(answer),
                Err(reason) => reason,
            };
            if failures >= self.policy.tries {
                warn!(%memo, reason, "no transcript or summary of this memo: the endpoint does not answer");
                return None;
            }
            debug!(%memo, reason, failures, "an endpoint failed");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        None
    }
}

/// Seals the contents to whoever owns the mailbox now, in the place of the memo's envelope. `false` where there is no such
/// memo or no owner any more. Blocks on the disk.
fn keep(
    store: &Store,
    id: &MemoId,
    mailbox: &str,
    contents: &Contents,
    clear: bool,
) -> Result<bool, StoreError> {
    let Some(owner) = store.mailboxes().owner(mailbox)? else {
        return Ok(false);
    };
    let sealed = envelope::seal(&owner.public_key()?, id, contents)
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let clear = clear.then(|| (contents.transcript.to_string(), contents.summary.to_string()));
    store.set_envelope(id, sealed, clear)
}

#[cfg(test)]
mod tests;
