//! One visit to a mailbox: its folders, where the caller is in them, and what is to be done in the end.

use crate::dialplan::interp::Run;
use crate::dialplan::memos::{Inbox, MemoFacts, OpenMemo, Refusal};
use crate::dialplan::substitute::Values as _;
use std::collections::BTreeSet;

/// A folder of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Memos that the owner has not listened to.
    New,
    /// Those that they have.
    Old,
}

impl Folder {
    /// The sound that names it.
    pub fn sound(self) -> &'static str {
        match self {
            Folder::New => "vm-INBOX",
            Folder::Old => "vm-Old",
        }
    }
}

/// A caller who has opened a mailbox.
pub struct Visit {
    inbox: Box<dyn Inbox>,
    facts: Vec<MemoFacts>,
    /// Those that are no longer there.
    gone: BTreeSet<usize>,
    /// Those that are to be.
    deleted: BTreeSet<usize>,
    /// The folder, and its memos as they were when the caller came to it, oldest first.
    pub folder: Folder,
    pub memos: Vec<usize>,
    /// The place in it; none before the first was played.
    pub at: Option<usize>,
    /// The memo that was opened last.
    opened: Option<(usize, OpenMemo)>,
}

impl Visit {
    /// In the folder of new memos, or of old ones where there are no new ones.
    pub fn new(inbox: Box<dyn Inbox>) -> Self {
        let mut visit = Visit {
            facts: inbox.memos(),
            inbox,
            gone: BTreeSet::new(),
            deleted: BTreeSet::new(),
            folder: Folder::New,
            memos: Vec::new(),
            at: None,
            opened: None,
        };
        visit.enter(Folder::New);
        if visit.memos.is_empty() {
            visit.enter(Folder::Old);
        }
        visit
    }

    /// How many memos a folder has.
    pub fn count(&self, folder: Folder) -> usize {
        self.of(folder).count()
    }

    fn of(&self, folder: Folder) -> impl Iterator<Item = usize> + '_ {
        let facts = self.facts.iter().enumerate();
        facts
            .filter(move |(n, facts)| facts.heard == (folder == Folder::Old) && !self.gone.contains(n))
            .map(|(n, _)| n)
    }

    fn enter(&mut self, folder: Folder) {
        self.folder = folder;
        self.memos = self.of(folder).collect();
        self.at = None;
    }

    /// Goes to a folder; what was deleted is gone then.
    pub async fn change(&mut self, run: &mut Run<'_>, folder: Folder) {
        self.carry_out(run).await;
        self.enter(folder);
    }

    /// The memo at which the caller is.
    pub fn memo(&self) -> Option<usize> {
        self.memos.get(self.at?).copied()
    }

    /// What is known of it.
    pub fn facts(&self) -> Option<MemoFacts> {
        self.facts.get(self.memo()?).copied()
    }

    /// The memo at which the caller is, opened.
    pub async fn open(&mut self) -> Result<&OpenMemo, Refusal> {
        let memo = self.memo().ok_or(Refusal::Expired)?;
        if self.opened.as_ref().is_none_or(|(opened, _)| *opened != memo) {
            // The one before is wiped first: a memo may be large.
            self.opened = None;
            let opened = self.inbox.open(memo).await?;
            self.opened = Some((memo, opened));
        }
        match &self.opened {
            Some((_, opened)) => Ok(opened),
            None => Err(Refusal::Expired),
        }
    }

    /// The memo at which the caller is begins to be heard.
    pub async fn set_heard(&mut self) {
        let Some(memo) = self.memo() else { return };
        if let Some(facts) = self.facts.get_mut(memo).filter(|facts| !facts.heard) {
            facts.heard = true;
            self.inbox.set_heard(memo).await;
        }
    }

    /// Whether the memo at which the caller is will be deleted.
    pub fn is_deleted(&self) -> bool {
        self.memo().is_some_and(|memo| self.deleted.contains(&memo))
    }

    /// Marks the memo at which the caller is to be deleted, or takes the mark away; whether it has it now.
    pub fn toggle_deleted(&mut self) -> bool {
        let Some(memo) = self.memo() else {
            return false;
        };
        let is_deleted = !self.deleted.remove(&memo);
        if is_deleted {
            self.deleted.insert(memo);
        }
        is_deleted
    }

    /// Deletes what is to be deleted.
    pub async fn carry_out(&mut self, run: &mut Run<'_>) {
        for memo in std::mem::take(&mut self.deleted) {
            if self.inbox.delete(memo).await {
                self.gone.insert(memo);
            } else {
                run.complain("MemoMain: a memo could not be deleted".to_string());
            }
        }
    }
}
