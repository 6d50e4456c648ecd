//! How many memos mailboxes have, on the way from the store to the switch.
//!
//! The store tells of each change on the thread that made it. What is kept here is only which mailboxes changed, so that
//! however many changes come together, the switch counts each mailbox once and is woken once.

use super::Event;
use crate::memo::store::Store;
use crate::sip::message_summary::Summary;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedSender;

/// Mailboxes whose counts changed.
#[derive(Clone, Default)]
pub(super) struct Changed(Arc<Mutex<HashSet<String>>>);

impl Changed {
    /// Begins to listen. `Event::Counted` says that there is something to take.
    pub fn watch(store: &Store, events: UnboundedSender<Event>) -> Self {
        let changed = Changed::default();
        let noted = changed.clone();
        store.on_change(move |change| {
            if change.mailbox.is_some_and(|mailbox| noted.note(mailbox)) {
                // At the end of a shutdown nobody listens.
                let _ = events.send(Event::Counted);
            }
        });
        changed
    }

    /// `true` at the first since the last `take`.
    fn note(&self, mailbox: &str) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = names.is_empty();
        if !names.contains(mailbox) {
            names.insert(mailbox.to_owned());
        }
        is_first
    }

    /// Which mailboxes changed since the last time.
    pub fn take(&self) -> HashSet<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a mailbox has now.
pub(super) fn summary(store: &Store, mailbox: &str) -> Summary {
    let totals = store.totals(mailbox);
    Summary {
        new: totals.unread as u64,
        old: totals.memos.saturating_sub(totals.unread) as u64,
    }
}
