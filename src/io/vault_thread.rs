//! The threads on which recordings become memos: the only ones that wait for the store's disk.
//!
//! Four, so that audio never waits behind a sync: the vault's takes it in and adds it to the journals; the syncing one
//! makes journals durable, all that are due at once; the finishing one makes memos of what has ended; the last reads back
//! what callers want to hear before it is kept.

use super::Event;
use crate::limits;
use crate::media::AudioChunk;
use crate::memo::finisher::{Finisher, Finishing};
use crate::memo::rehearsal::{Rehearsal, Rehearsals};
use crate::memo::vault::{Accepted, Commit, Committed, Vault, VaultCommand};
use crate::secret::{wipe_some_stack, wipe_stack};
use std::sync::mpsc::{channel, sync_channel, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;

/// Commands in the queue: 2,000 recordings bring 4,000 chunks a second, so this is about four seconds of a slow disk.
const QUEUE: usize = 16_384;
/// Commands taken at once.
const BATCH: usize = 1_024;
/// How often the vault looks whether a sync under way has ended, where no command comes meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// The way to the vault.
#[derive(Clone, Debug)]
pub struct VaultQueue(SyncSender<VaultCommand>);

impl VaultQueue {
    /// Hands audio over without waiting; `false` where the vault does not keep up: the recording then ends.
    pub fn offer_audio(&self, chunk: AudioChunk) -> bool {
        let command = VaultCommand::Append {
            recording: chunk.recording.0,
            samples: chunk.samples,
        };
        match self.0.try_send(command) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Hands another command over. These are few, and a finish must not be lost: a full queue hands it to a thread that
    /// waits for room.
    pub fn send(&self, command: VaultCommand) {
        if let Err(TrySendError::Full(command)) = self.0.try_send(command) {
            let queue = self.0.clone();
            std::thread::spawn(move || drop(queue.send(command)));
        }
    }
}

/// Starts the threads. They end when the last `VaultQueue` is dropped, after what is in the queue; joining the one that is
/// returned waits for all.
pub fn spawn(vault: Vault, events: UnboundedSender<Event>) -> std::io::Result<(VaultQueue, JoinHandle<()>)> {
    let (queue, commands) = sync_channel(QUEUE);
    // Not bounded by a number but by what they hold: one entry for each recording that has ended, whose audio is in its
    // journal.
    let (finishing, finishes) = channel();
    let (finisher, told) = (vault.finisher(), events.clone());
    let finisher = Builder::new()
        .name("memo finisher".into())
        .spawn(move || finish(&finisher, &finishes, &told))?;
    let (syncing, commits) = channel::<Commit>();
    let (done, results) = channel();
    let syncer = Builder::new().name("memo sync".into()).spawn(move || {
        for commit in commits {
            let _ = done.send(commit.run());
        }
    })?;
    let (rehearsing, rehearsals) = channel::<Rehearsal>();
    let told = events.clone();
    let reader = Builder::new().name("memo reader".into()).spawn(move || {
        let mut heard = Rehearsals::default();
        for rehearsal in rehearsals {
            let _ = told.send(Event::Vault(heard.read(rehearsal)));
            wipe_stack();
        }
    })?;
    let mut keeper = Keeper {
        vault,
        events,
        finishing,
        rehearsing,
        syncing,
        results,
        in_flight: false,
        last_commit: None,
    };
    let thread = Builder::new().name("vault".into()).spawn(move || {
        while keeper.run(&commands) {}
        let Keeper {
            vault,
            finishing,
            rehearsing,
            syncing,
            ..
        } = keeper;
        drop((finishing, rehearsing, syncing));
        for thread in [finisher, syncer, reader] {
            if thread.join().is_err() {
                tracing::error!("a thread of the vault panicked");
            }
        }
        vault.close();
    })?;
    Ok((VaultQueue(queue), thread))
}

/// The vault's thread.
struct Keeper {
    vault: Vault,
    events: UnboundedSender<Event>,
    finishing: Sender<Vec<Finishing>>,
    rehearsing: Sender<Rehearsal>,
    syncing: Sender<Commit>,
    results: Receiver<Committed>,
    in_flight: bool,
    last_commit: Option<Instant>,
}

impl Keeper {
    /// One round; `false` where nobody can send any more.
    fn run(&mut self, commands: &Receiver<VaultCommand>) -> bool {
        let batch = match self.wait() {
            None => commands.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(wait) => commands.recv_timeout(wait),
        };
        let open = match batch {
            Ok(first) => {
                let mut batch = vec![first];
                batch.extend(commands.try_iter().take(BATCH - 1));
                self.accept(batch);
                true
            }
            Err(RecvTimeoutError::Timeout) => true,
            Err(RecvTimeoutError::Disconnected) => false,
        };
        self.sync();
        open
    }

    /// How long to wait for a command; `None` for ever.
    fn wait(&self) -> Option<Duration> {
        if self.in_flight {
            return Some(LOOK);
        }
        self.vault.is_dirty().then(|| self.until_commit())
    }

    fn until_commit(&self) -> Duration {
        self.last_commit.map_or(Duration::ZERO, |at| {
            self.vault.commit_interval().saturating_sub(at.elapsed())
        })
    }

    fn accept(&mut self, batch: Vec<VaultCommand>) {
        let over = |command: &VaultCommand| {
            matches!(
                command,
                VaultCommand::Finish { .. } | VaultCommand::Discard { .. } | VaultCommand::Rehearse { .. }
            )
        };
        let is_over = batch.iter().any(over);
        let Accepted {
            events,
            finishing,
            rehearsals,
        } = self.vault.accept(batch);
        // Of audio that was sealed, and of keys that were made and used here since a recording began.
        match is_over {
            true => wipe_stack(),
            false => wipe_some_stack(),
        }
        for event in events {
            // At the very end of a shutdown nobody listens; what was stored stays stored.
            let _ = self.events.send(Event::Vault(event));
        }
        if !finishing.is_empty() {
            let _ = self.finishing.send(finishing);
        }
        for rehearsal in rehearsals {
            let _ = self.rehearsing.send(rehearsal);
        }
    }

    /// Takes in a sync that has ended, and begins one that is due.
    fn sync(&mut self) {
        while let Ok(committed) = self.results.try_recv() {
            self.in_flight = false;
            for event in self.vault.committed(committed) {
                let _ = self.events.send(Event::Vault(event));
            }
        }
        if !self.in_flight && self.vault.is_dirty() && self.until_commit().is_zero() {
            self.last_commit = Some(Instant::now());
            self.in_flight = self.syncing.send(self.vault.commit()).is_ok();
        }
    }
}

/// The finishing thread: what has come meanwhile shares the syncs of one batch.
fn finish(finisher: &Arc<Finisher>, finishes: &Receiver<Vec<Finishing>>, events: &UnboundedSender<Event>) {
    let mut waiting: Vec<Finishing> = Vec::new();
    while let Ok(more) = finishes.recv() {
        waiting.extend(more);
        while !waiting.is_empty() {
            waiting.extend(finishes.try_iter().flatten());
            let batch: Vec<Finishing> = waiting.drain(..waiting.len().min(limits::FINISHING)).collect();
            for event in finisher.finish(batch) {
                let _ = events.send(Event::Vault(event));
            }
            wipe_stack();
        }
    }
}
