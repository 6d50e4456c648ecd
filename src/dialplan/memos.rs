//! Memos, as callers reach them by telephone codes: what a dialplan sees of them, and a mailbox in memory for tests.
//!
//! A dialplan never has a key, and a code only until it is tried: [`Services`](super::services::Services) opens, and
//! gives audio that is wiped by the last who plays it.

use crate::codec::private::PrivateAudio;
use crate::secret::Digits;
use async_trait::async_trait;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Why a code opened nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is wrong, or there is nothing that it could open; nobody is told which.
    Wrong,
    /// There were too many wrong ones, or too many are being tried at this moment.
    TooOften,
    /// Codes are not taken here.
    Off,
    /// The code is right, but the memo is expired.
    Expired,
    /// The code is right, but the memo cannot be played; the reason is for the log.
    Unplayable(String),
    /// It could not be tried; the reason is for the log.
    Failed(String),
}

/// A memo of a mailbox, before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoFacts {
    /// When it was recorded.
    pub recorded: SystemTime,
    /// Whether the owner has listened to it.
    pub heard: bool,
}

/// A memo that was opened.
pub struct OpenMemo {
    /// When it was recorded, as far as that is known.
    pub recorded: Option<SystemTime>,
    /// The caller's number, where the caller is known.
    pub caller: Zeroizing<String>,
    /// What was said.
    pub audio: Arc<PrivateAudio>,
}

impl fmt::Debug for OpenMemo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenMemo")
            .field("recorded", &self.recorded)
            .field("audio", &self.audio)
            .finish_non_exhaustive()
    }
}

/// A mailbox that its owner's code has opened. Holds what opens its memos, and wipes it when dropped. Its memos are those
/// that it had when it was opened, the oldest first; a memo is named by its place.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Its memos.
    fn memos(&self) -> Vec<MemoFacts>;

    /// Opens one.
    async fn open(&mut self, memo: usize) -> Result<OpenMemo, Refusal>;

    /// Says that the owner has listened to one.
    async fn set_heard(&mut self, memo: usize);

    /// Deletes one for good. Works when the call is over, too. `false` where that failed; the reason is in the log.
    async fn delete(&mut self, memo: usize) -> bool;
}

/// A memo of a mailbox in memory.
#[derive(Clone)]
pub struct ScriptedMemo {
    /// When it was recorded.
    pub recorded: SystemTime,
    /// Whether it is new.
    pub heard: bool,
    /// The caller's number; empty for none.
    pub caller: String,
    /// What is heard; none for a memo that cannot be opened.
    pub audio: Option<Arc<PrivateAudio>>,
}

/// Mailboxes and memos in memory, by code: what [`super::services::Memory`] has.
#[derive(Default)]
pub struct ScriptedMemos {
    mailboxes: Mutex<HashMap<String, ScriptedMailbox>>,
    /// By the domain's number, empty for this one, and the code.
    memos: Mutex<HashMap<(String, String), Result<ScriptedMemo, Refusal>>>,
    domains: Mutex<Vec<String>>,
}

struct ScriptedMailbox {
    code: String,
    /// Emptied as they are deleted.
    memos: Arc<Mutex<Vec<Option<ScriptedMemo>>>>,
}

impl fmt::Debug for ScriptedMemos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedMemos")
    }
}

/// A panic elsewhere leaves each table whole: each operation is one change.
fn lock<T>(table: &Mutex<T>) -> MutexGuard<'_, T> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ScriptedMemos {
    /// A mailbox that this code opens, without memos.
    pub fn mailbox(&self, name: &str, code: &str) {
        let mailbox = ScriptedMailbox {
            code: code.to_string(),
            memos: Arc::default(),
        };
        lock(&self.mailboxes).insert(name.to_string(), mailbox);
    }

    /// A further memo of that mailbox, which was made before.
    pub fn leave(&self, mailbox: &str, memo: ScriptedMemo) {
        if let Some(mailbox) = lock(&self.mailboxes).get(mailbox) {
            lock(&mailbox.memos).push(Some(memo));
        }
    }

    /// A memo that a code of its own opens, or what is said of it; of the domain of that number, or of this one.
    pub fn memo(&self, domain: Option<&str>, code: &str, memo: Result<ScriptedMemo, Refusal>) {
        let domain = domain.unwrap_or_default().to_string();
        if !domain.is_empty() {
            lock(&self.domains).push(domain.clone());
        }
        lock(&self.memos).insert((domain, code.to_string()), memo);
    }

    /// Whether there is a domain of that number.
    pub(super) fn has_domain(&self, number: &str) -> bool {
        lock(&self.domains).iter().any(|known| known == number)
    }

    /// As [`super::services::Services::open_memo`].
    pub(super) fn open_memo(&self, domain: Option<&str>, code: &Digits) -> Result<OpenMemo, Refusal> {
        let key = (domain.unwrap_or_default().to_string(), code.expose().to_string());
        let found = lock(&self.memos).get(&key).cloned();
        found.unwrap_or(Err(Refusal::Wrong)).and_then(open)
    }

    /// As [`super::services::Services::open_inbox`].
    pub(super) fn open_inbox(&self, mailbox: &str, code: &Digits) -> Result<Box<dyn Inbox>, Refusal> {
        let mailboxes = lock(&self.mailboxes);
        let found = match mailboxes.get(mailbox) {
            Some(found) => found,
            None if mailboxes.is_empty() => return Err(Refusal::Off),
            None => return Err(Refusal::Wrong),
        };
        if found.code != code.expose() {
            return Err(Refusal::Wrong);
        }
        // A memo is named by its place among those that there are.
        lock(&found.memos).retain(Option::is_some);
        Ok(Box::new(ScriptedInbox(found.memos.clone())))
    }

    /// A line for each memo that a mailbox still has: whether it was heard, and how long it is.
    pub fn left(&self, mailbox: &str) -> Vec<String> {
        let mailboxes = lock(&self.mailboxes);
        let Some(mailbox) = mailboxes.get(mailbox) else {
            return Vec::new();
        };
        let memos = lock(&mailbox.memos);
        let line = |memo: &ScriptedMemo| {
            let length = memo
                .audio
                .as_ref()
                .map_or(0.0, |audio| audio.duration().as_secs_f64());
            format!("{} memo of {length:.2} s", if memo.heard { "old" } else { "new" })
        };
        memos.iter().flatten().map(line).collect()
    }
}

fn open(memo: ScriptedMemo) -> Result<OpenMemo, Refusal> {
    let unplayable = || Refusal::Unplayable("its envelope is sealed to another key".to_string());
    Ok(OpenMemo {
        recorded: Some(memo.recorded),
        caller: Zeroizing::new(memo.caller),
        audio: memo.audio.ok_or_else(unplayable)?,
    })
}

struct ScriptedInbox(Arc<Mutex<Vec<Option<ScriptedMemo>>>>);

#[async_trait]
impl Inbox for ScriptedInbox {
    fn memos(&self) -> Vec<MemoFacts> {
        let memos = lock(&self.0);
        let facts = |memo: &ScriptedMemo| MemoFacts {
            recorded: memo.recorded,
            heard: memo.heard,
        };
        memos.iter().flatten().map(facts).collect()
    }

    async fn open(&mut self, memo: usize) -> Result<OpenMemo, Refusal> {
        let memo = lock(&self.0).get(memo).cloned().flatten();
        memo.map_or(Err(Refusal::Expired), open)
    }

    async fn set_heard(&mut self, memo: usize) {
        if let Some(Some(memo)) = lock(&self.0).get_mut(memo) {
            memo.heard = true;
        }
    }

    async fn delete(&mut self, memo: usize) -> bool {
        lock(&self.0)
            .get_mut(memo)
            .is_some_and(|memo| memo.take().is_some())
    }
}
