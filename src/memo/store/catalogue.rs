//! The memos in short, in memory: what listing, counting and clearing out need. Derived from the index at the start, so
//! that it can never disagree with it after a crash.
//!
//! Each mailbox has its own order, so that a page of one costs the same however many memos the others have.

use super::brief::Brief;
use crate::memo::key::MemoId;
use crate::memo::record::Millis;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

/// When a memo was recorded, and which it is: its place in the list.
pub(super) type Place = (Millis, MemoId);

/// What a mailbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Memos in its list.
    pub memos: usize,
    /// Those that its owner has not listened to.
    pub unread: usize,
    /// Bytes of ciphertext, those of shares included.
    pub bytes: u64,
}

#[derive(Default)]
struct Mailbox {
    places: BTreeSet<Place>,
    totals: Totals,
    version: u64,
}

#[derive(Default)]
pub(super) struct Catalogue {
    memos: HashMap<MemoId, Brief>,
    /// Every memo by age.
    places: BTreeSet<Place>,
    /// Each mailbox that ever had a memo; its name once, however many memos it has.
    mailboxes: HashMap<Arc<str>, Mailbox>,
    /// Original and share.
    shares: BTreeSet<(MemoId, MemoId)>,
    /// Those that expire, by when.
    expiring: BTreeSet<Place>,
    /// Those that were fetched as often as they may be, and are of no other use.
    used_up: BTreeSet<MemoId>,
    /// Bytes of those that were left in browsers.
    web_bytes: u64,
    /// By the digits of their telephone codes.
    locators: HashMap<u32, MemoId>,
    /// Counts every change, from a number on that no earlier process used.
    changes: u64,
    /// The version of a mailbox that has not changed in this process.
    first_version: u64,
}

impl Catalogue {
    /// One of these memos, whose versions begin there.
    pub(super) fn of(first_version: u64, mut memos: Vec<(MemoId, Brief)>) -> Self {
        let mut catalogue = Catalogue {
            memos: HashMap::with_capacity(memos.len()),
            changes: first_version,
            first_version,
            ..Catalogue::default()
        };
        // In the order of the trees, where each is added at the end.
        memos.sort_unstable_by_key(|(id, brief)| (brief.created_at, *id));
        for (id, brief) in memos {
            catalogue.insert(id, brief);
        }
        catalogue
    }

    /// Puts a memo in, in the place of what was known of it.
    pub(super) fn insert(&mut self, id: MemoId, mut brief: Brief) {
        self.remove(&id);
        let place = (brief.created_at, id);
        self.changes += 1;
        if let Some(name) = &mut brief.mailbox {
            let known = self.mailboxes.get_key_value(name).map(|(known, _)| known.clone());
            *name = known.unwrap_or_else(|| name.clone());
            let mailbox = self.mailboxes.entry(name.clone()).or_default();
            mailbox.version = self.changes;
            mailbox.totals.bytes += brief.size_bytes;
            if brief.share_of.is_none() {
                mailbox.places.insert(place);
                mailbox.totals.memos += 1;
                mailbox.totals.unread += usize::from(!brief.heard);
            }
        }
        if let Some(original) = &brief.share_of {
            self.shares.insert((**original, id));
        }
        if let Some(expiry) = brief.expires_at {
            self.expiring.insert((expiry, id));
        }
        if brief.used_up && brief.fleeting {
            self.used_up.insert(id);
        }
        if let Some(locator) = brief.locator {
            self.locators.insert(locator, id);
        }
        if brief.is_from_browser() {
            self.web_bytes += brief.size_bytes;
        }
        self.places.insert(place);
        self.memos.insert(id, brief);
    }

    /// Takes a memo out.
    pub(super) fn remove(&mut self, id: &MemoId) -> Option<Brief> {
        let brief = self.memos.remove(id)?;
        let place = (brief.created_at, *id);
        self.changes += 1;
        self.places.remove(&place);
        if brief.is_from_browser() {
            self.web_bytes -= brief.size_bytes;
        }
        if let Some(mailbox) = brief
            .mailbox
            .as_ref()
            .and_then(|name| self.mailboxes.get_mut(name))
        {
            mailbox.version = self.changes;
            mailbox.totals.bytes -= brief.size_bytes;
            if brief.is_listed() {
                mailbox.places.remove(&place);
                mailbox.totals.memos -= 1;
                mailbox.totals.unread -= usize::from(!brief.heard);
            }
        }
        if let Some(original) = &brief.share_of {
            self.shares.remove(&(**original, *id));
        }
        if let Some(expiry) = brief.expires_at {
            self.expiring.remove(&(expiry, *id));
        }
        self.used_up.remove(id);
        if let Some(locator) = brief.locator {
            if self.locators.get(&locator) == Some(id) {
                self.locators.remove(&locator);
            }
        }
        Some(brief)
    }

    /// Moves the version of a mailbox, for a change of which the catalogue itself knows nothing.
    pub(super) fn touch(&mut self, mailbox: &str) {
        self.changes += 1;
        let changes = self.changes;
        match self.mailboxes.get_mut(mailbox) {
            Some(known) => known.version = changes,
            None => self.mailboxes.entry(mailbox.into()).or_default().version = changes,
        }
    }

    pub(super) fn get(&self, id: &MemoId) -> Option<&Brief> {
        self.memos.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.memos.len()
    }

    /// Bytes of all memos that were left in browsers.
    pub(super) fn web_bytes(&self) -> u64 {
        self.web_bytes
    }

    /// What a mailbox holds.
    pub(super) fn totals(&self, mailbox: &str) -> Totals {
        self.mailboxes
            .get(mailbox)
            .map_or_else(Totals::default, |mailbox| mailbox.totals)
    }

    /// A number that moves with each change of a mailbox.
    pub(super) fn version(&self, mailbox: &str) -> u64 {
        self.mailboxes.get(mailbox).map_or(self.first_version, |mailbox| {
            mailbox.version.max(self.first_version)
        })
    }

    /// The places in a mailbox's list (of all memos, where none is named) that are older than `before`, newest first.
    pub(super) fn newest<'a>(
        &'a self,
        mailbox: Option<&str>,
        before: Option<Place>,
    ) -> impl Iterator<Item = Place> + 'a {
        let places = match mailbox {
            None => Some(&self.places),
            Some(name) => self.mailboxes.get(name).map(|mailbox| &mailbox.places),
        };
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        places
            .into_iter()
            .flat_map(move |places| places.range((Bound::Unbounded, end)).rev().copied())
    }

    /// The shares of a memo.
    pub(super) fn shares<'a>(&'a self, original: &MemoId) -> impl Iterator<Item = MemoId> + 'a {
        let range = (*original, MemoId::from_bytes([0; 16]))..=(*original, MemoId::from_bytes([0xff; 16]));
        self.shares.range(range).map(|(_, share)| *share)
    }

    /// Memos that expired before `time`.
    pub(super) fn expired_before(&self, time: Millis) -> impl Iterator<Item = MemoId> + '_ {
        self.expiring
            .range(..(time, MemoId::from_bytes([0; 16])))
            .map(|(_, id)| *id)
    }

    /// Memos that were fetched as often as they may be, and are of no other use.
    pub(super) fn used_up(&self) -> impl Iterator<Item = MemoId> + '_ {
        self.used_up.iter().copied()
    }

    /// The memo with these digits of a telephone code.
    pub(super) fn by_locator(&self, locator: u32) -> Option<MemoId> {
        self.locators.get(&locator).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::brief::tests::any_brief;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, Brief),
        Remove(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (0..12_u8, any_brief()).prop_map(|(id, brief)| Step::Insert(id, brief)),
            1 => (0..12_u8).prop_map(Step::Remove),
        ];
        proptest::collection::vec(step, 0..60)
    }

    fn id(byte: u8) -> MemoId {
        MemoId::from_bytes([byte; 16])
    }

    proptest! {
        /// Everything that the catalogue answers, against looking through all memos each time.
        #[test]
        fn it_answers_as_a_search_through_all_memos_does(steps in steps(), before in 0..50_u64) {
            let mut catalogue = Catalogue::of(1_000, Vec::new());
            let mut naive: BTreeMap<MemoId, Brief> = BTreeMap::new();
            let mut versions = HashMap::new();
            for step in steps {
                let concerned: Vec<Option<Arc<str>>> = match step {
                    Step::Insert(byte, brief) => {
                        let new = brief.mailbox.clone();
                        // Two memos never have one locator: who sets it asks first.
                        let taken = naive.iter().any(|(other, known)| {
                            *other != id(byte) && brief.locator.is_some() && known.locator == brief.locator
                        });
                        if taken {
                            continue;
                        }
                        catalogue.insert(id(byte), brief.clone());
                        vec![naive.insert(id(byte), brief).and_then(|old| old.mailbox), new]
                    }
                    Step::Remove(byte) => {
                        let old = naive.remove(&id(byte));
                        prop_assert_eq!(catalogue.remove(&id(byte)), old.clone());
                        vec![old.and_then(|old| old.mailbox)]
                    }
                };
                for name in ["a", "b"] {
                    let version = catalogue.version(name);
                    let before = versions.insert(name, version).unwrap_or(1_000);
                    let changed = concerned.iter().flatten().any(|concerned| &**concerned == name);
                    prop_assert_eq!(version > before, changed);
                }
            }
            prop_assert_eq!(catalogue.len(), naive.len());
            let before = (Millis(before), id(5));
            for mailbox in [None, Some("a"), Some("b"), Some("c")] {
                let of_it = |brief: &Brief| {
                    mailbox.is_none() || brief.mailbox.as_deref() == mailbox
                };
                let mut expected: Vec<Place> = naive
                    .iter()
                    .filter(|(_, brief)| of_it(brief) && (mailbox.is_none() || brief.is_listed()))
                    .map(|(id, brief)| (brief.created_at, *id))
                    .collect();
                expected.sort();
                expected.reverse();
                prop_assert_eq!(catalogue.newest(mailbox, None).collect::<Vec<_>>(), expected.clone());
                expected.retain(|place| *place < before);
                prop_assert_eq!(catalogue.newest(mailbox, Some(before)).collect::<Vec<_>>(), expected);
                if let Some(name) = mailbox {
                    let listed = || naive.values().filter(|brief| of_it(brief) && brief.is_listed());
                    let totals = Totals {
                        memos: listed().count(),
                        unread: listed().filter(|brief| !brief.heard).count(),
                        bytes: naive.values().filter(|brief| of_it(brief)).map(|brief| brief.size_bytes).sum(),
                    };
                    prop_assert_eq!(catalogue.totals(name), totals);
                }
            }
            for byte in 0..12 {
                let expected: Vec<MemoId> = naive
                    .iter()
                    .filter(|(_, brief)| brief.share_of.as_deref() == Some(&id(byte)))
                    .map(|(id, _)| *id)
                    .collect();
                prop_assert_eq!(catalogue.shares(&id(byte)).collect::<Vec<_>>(), expected);
                prop_assert_eq!(catalogue.get(&id(byte)), naive.get(&id(byte)));
            }
            let web = naive.values().filter(|brief| brief.fleeting && brief.share_of.is_none());
            prop_assert_eq!(catalogue.web_bytes(), web.map(|brief| brief.size_bytes).sum::<u64>());
            let mut expired: Vec<MemoId> = catalogue.expired_before(before.0).collect();
            expired.sort();
            let past = |brief: &Brief| brief.expires_at.is_some_and(|expiry| expiry < before.0);
            let expected: Vec<MemoId> =
                naive.iter().filter(|(_, brief)| past(brief)).map(|(id, _)| *id).collect();
            prop_assert_eq!(expired, expected);
            let used: Vec<MemoId> = naive
                .iter()
                .filter(|(_, brief)| brief.used_up && brief.fleeting)
                .map(|(id, _)| *id)
                .collect();
            prop_assert_eq!(catalogue.used_up().collect::<Vec<_>>(), used);
            for locator in 0..8 {
                let expected = naive.iter().find(|(_, brief)| brief.locator == Some(locator));
                prop_assert_eq!(catalogue.by_locator(locator), expected.map(|(id, _)| *id));
            }
        }
    }

    #[test]
    fn a_version_of_another_process_is_never_met_again() {
        let mut catalogue = Catalogue::of(500, Vec::new());
        assert_eq!(catalogue.version("a"), 500);
        catalogue.touch("a");
        assert_eq!(catalogue.version("a"), 501);
        assert_eq!(catalogue.version("b"), 500);
    }
}
