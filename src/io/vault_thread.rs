//! The thread on which recordings become memos: the only one that waits for the store's disk.

use super::Event;
use crate::media::AudioChunk;
use crate::memo::vault::{Vault, VaultCommand};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender, TrySendError};
use tokio::sync::mpsc::UnboundedSender;

/// Commands in the queue: 2,000 recordings bring 4,000 chunks a second, so this is about four seconds of a slow disk.
const QUEUE: usize = 16_384;
/// Commands taken at once, so that the finishes among them share one flush of the index.
const BATCH: usize = 1_024;

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

/// Starts the thread. It ends when the last `VaultQueue` is dropped, after what is in the queue.
pub fn spawn(
    mut vault: Vault,
    events: UnboundedSender<Event>,
) -> std::io::Result<(VaultQueue, std::thread::JoinHandle<()>)> {
    let (queue, commands) = sync_channel(QUEUE);
    let thread = std::thread::Builder::new().name("vault".into()).spawn(move || {
        while let Some(batch) = next_batch(&commands) {
            for event in vault.handle(batch) {
                // At the very end of a shutdown nobody listens; what was stored stays stored.
                let _ = events.send(Event::Vault(event));
            }
        }
    })?;
    Ok((VaultQueue(queue), thread))
}

fn next_batch(commands: &Receiver<VaultCommand>) -> Option<Vec<VaultCommand>> {
    let mut batch = vec![commands.recv().ok()?];
    batch.extend(commands.try_iter().take(BATCH - 1));
    Some(batch)
}
