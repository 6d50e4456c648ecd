//! Memos whose audio stays in memory for a while after they were stored, to be transcribed: a bounded number of them.
//!
//! Who makes a memo takes room here first; without room nothing is kept, and the memo has no transcript. The room is given
//! back when the audio is wiped.

use super::envelope::Contents;
use crate::limits;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// What is heard of a memo, and what its envelope holds. Wiped when dropped.
pub struct Hearing {
    /// The audio, a WAV file. Until somebody took it.
    pub wav: Zeroizing<Vec<u8>>,
    /// What the envelope holds, to be sealed again with the transcript.
    pub contents: Contents,
    /// Held as long as the memo is heard.
    pub room: Room,
}

/// How much audio is in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    memos: usize,
    bytes: usize,
}

/// The mailboxes whose memos are heard, and the room for them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hearings {
    mailboxes: Arc<HashSet<String>>,
    held: Arc<Mutex<Held>>,
}

impl Hearings {
    /// Of these mailboxes.
    pub fn of(mailboxes: impl IntoIterator<Item = String>) -> Self {
        Hearings {
            mailboxes: Arc::new(mailboxes.into_iter().collect()),
            held: Arc::default(),
        }
    }

    /// Whether a mailbox's memos are heard.
    pub fn include(&self, mailbox: &str) -> bool {
        self.mailboxes.contains(mailbox)
    }

    /// Room for so many bytes of audio; none where there is none.
    pub fn room(&self, bytes: usize) -> Option<Room> {
        let mut held = lock(&self.held);
        let fits = held.memos < limits::TRANSCRIPTIONS
            && held.bytes.saturating_add(bytes) <= limits::TRANSCRIPTION_BYTES;
        if !fits {
            return None;
        }
        held.memos += 1;
        held.bytes += bytes;
        Some(Room {
            held: self.held.clone(),
            bytes,
        })
    }
}

/// Room for one memo, given back when dropped.
pub struct Room {
    held: Arc<Mutex<Held>>,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        held.memos -= 1;
        held.bytes -= self.bytes;
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_bounded_in_memos_and_in_bytes_and_given_back() {
        let hearings = Hearings::of(["main".to_owned()]);
        assert!(hearings.include("main") && !hearings.include("other"));
        assert!(hearings.room(limits::TRANSCRIPTION_BYTES + 1).is_none());
        assert!(hearings.room(usize::MAX).is_none());
        let whole = hearings.room(limits::TRANSCRIPTION_BYTES);
        assert!(whole.is_some() && hearings.room(1).is_none());
        drop(whole);
        let rooms: Vec<_> = (0..limits::TRANSCRIPTIONS)
            .filter_map(|_| hearings.room(1))
            .collect();
        assert_eq!(rooms.len(), limits::TRANSCRIPTIONS);
        assert!(hearings.room(1).is_none());
        drop(rooms);
        assert_eq!(*lock(&hearings.held), Held::default());
    }
}
