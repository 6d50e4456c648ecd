//! The memos by age, in memory: what listing needs. Derived from the index at the start, so that it can never disagree
//! with it after a crash.

use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// When a memo was recorded, and which it is: its place in the list.
pub(super) type Place = (Millis, MemoId);

#[derive(Default)]
pub(super) struct Catalogue {
    memos: BTreeMap<Place, Option<Arc<str>>>,
    /// Each mailbox's name once, however many memos it has.
    mailboxes: HashSet<Arc<str>>,
}

impl Catalogue {
    pub(super) fn insert(&mut self, record: &Record) {
        let mailbox = record.user_id.as_deref().map(|name| self.intern(name));
        self.memos.insert((record.created_at, record.id), mailbox);
    }

    fn intern(&mut self, name: &str) -> Arc<str> {
        match self.mailboxes.get(name) {
            Some(known) => known.clone(),
            None => {
                let new: Arc<str> = name.into();
                self.mailboxes.insert(new.clone());
                new
            }
        }
    }

    pub(super) fn remove(&mut self, record: &Record) {
        self.memos.remove(&(record.created_at, record.id));
    }

    pub(super) fn len(&self) -> usize {
        self.memos.len()
    }

    /// How many memos a mailbox has; all, where none is named.
    pub(super) fn count(&self, mailbox: Option<&str>) -> usize {
        match mailbox {
            None => self.len(),
            Some(_) => self.newest(mailbox, None).count(),
        }
    }

    /// The places of a mailbox's memos (of all, where none is named) that are older than `before`, newest first.
    pub(super) fn newest<'a>(
        &'a self,
        mailbox: Option<&'a str>,
        before: Option<Place>,
    ) -> impl Iterator<Item = Place> + 'a {
        let end = match before {
            Some(place) => std::ops::Bound::Excluded(place),
            None => std::ops::Bound::Unbounded,
        };
        self.memos
            .range((std::ops::Bound::Unbounded, end))
            .rev()
            .filter(move |(_, of)| mailbox.is_none() || of.as_deref() == mailbox)
            .map(|(place, _)| *place)
    }
}
