//! Clears the store out: each hour what has expired and what mailboxes do not keep, and after each new memo of a mailbox
//! with a bound what that one does not keep. [`crate::memo::store::retention`] decides; this says when.

use crate::config;
use crate::limits;
use crate::memo::store::retention::Retention;
use crate::memo::store::{ChangeKind, Deleted, Store, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Bytes of a megabyte, as `keep_mb` counts.
const MEGABYTE: u64 = 1_000_000;

/// The task that clears out. Dropped, it ends.
#[derive(Debug)]
pub struct Sweeper(JoinHandle<()>);

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a mailbox of the configuration keeps.
pub fn retention(mailbox: &config::Mailbox) -> Retention {
    Retention {
        keep: mailbox.keep_days.map(|days| Duration::from_secs(days * 86_400)),
        memos: mailbox.keep_memos,
        bytes: mailbox.keep_mb.map(|megabytes| megabytes * MEGABYTE),
    }
}

/// Mailboxes with new memos.
#[derive(Default)]
struct Pending {
    mailboxes: Mutex<HashSet<String>>,
    any: Notify,
}

impl Pending {
    fn add(&self, mailbox: &str) {
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if !mailboxes.contains(mailbox) {
            mailboxes.insert(mailbox.to_owned());
        }
        self.any.notify_one();
    }

    fn take(&self) -> HashSet<String> {
        std::mem::take(&mut self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Starts clearing out. Must be called within a tokio runtime.
pub fn start(store: Store, mailboxes: &[config::Mailbox]) -> Sweeper {
    let kept: HashMap<String, Retention> = mailboxes
        .iter()
        .map(|mailbox| (mailbox.name.clone(), retention(mailbox)))
        .filter(|(_, retention)| retention.is_bounded())
        .collect();
    let kept = Arc::new(kept);
    let pending = Arc::new(Pending::default());
    let (bounded, added) = (kept.clone(), pending.clone());
    store.on_change(move |change| {
        let mailbox = change.mailbox.filter(|_| change.kind == ChangeKind::Stored);
        if let Some(mailbox) = mailbox.filter(|mailbox| bounded.contains_key(*mailbox)) {
            added.add(mailbox);
        }
    });
    Sweeper(tokio::spawn(run(store, kept, pending)))
}

async fn run(store: Store, kept: Arc<HashMap<String, Retention>>, pending: Arc<Pending>) {
    let mut hours = tokio::time::interval(limits::SWEEP_TIME);
    // After a pause of the machine, one sweep does for all that were missed.
    hours.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let only = tokio::select! {
            _ = hours.tick() => None,
            () = pending.any.notified() => Some(pending.take()),
        };
        let (store, kept) = (store.clone(), kept.clone());
        let done = tokio::task::spawn_blocking(move || sweep(&store, &kept, only.as_ref())).await;
        match done {
            Ok(Ok(deleted)) if deleted.is_empty() => {}
            Ok(Ok(deleted)) => tracing::info!(memos = deleted.len(), "the store was cleared out"),
            Ok(Err(error)) => tracing::error!(%error, "the store could not be cleared out"),
            Err(_) => tracing::error!("clearing the store out failed"),
        }
    }
}

/// All that has to go, or that of these mailboxes.
fn sweep(
    store: &Store,
    kept: &HashMap<String, Retention>,
    only: Option<&HashSet<String>>,
) -> Result<Vec<Deleted>, StoreError> {
    let now = SystemTime::now();
    let all = kept.iter().map(|(name, retention)| (name.as_str(), *retention));
    match only {
        None => store.sweep(all, now),
        Some(only) => {
            let mut deleted = Vec::new();
            for (name, retention) in all.filter(|(name, _)| only.contains(*name)) {
                deleted.extend(store.retain(name, retention, now)?);
            }
            Ok(deleted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::record::Facts;
    use crate::memo::seal;
    use crate::memo::store::NewMemo;
    use crate::memo::wav;
    use tokio::sync::mpsc;
    use zeroize::Zeroizing;

    fn leave(store: &Store, mailbox: &str, created_at: SystemTime) {
        let (sealed, _) = seal::seal(wav::encode(vec![Zeroizing::new(vec![5; 80])]));
        let facts = Facts {
            mailbox: Some(mailbox.to_owned()),
            ..Facts::at("memo.example.org", created_at)
        };
        let stored = store.insert(vec![NewMemo { sealed, facts }]);
        assert!(stored.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn a_start_and_each_new_memo_clear_a_bounded_mailbox_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let now = SystemTime::now();
        let day = Duration::from_secs(86_400);
        for age in [0, 1, 40, 50] {
            leave(&store, "main", now - day * age);
            leave(&store, "office", now - day * age);
        }
        let main = config::Mailbox {
            name: "main".to_owned(),
            keep_days: Some(30),
            keep_memos: Some(2),
            ..config::Config::default().mailboxes.remove(0)
        };
        let (deleted, mut deletions) = mpsc::unbounded_channel();
        store.on_change(move |change| {
            if change.kind == ChangeKind::Deleted {
                let _ = deleted.send(change.memo);
            }
        });
        let sweeper = start(store.clone(), &[main]);
        for _ in 0..2 {
            deletions.recv().await.unwrap();
        }
        assert_eq!(store.totals("main").memos, 2);
        leave(&store, "main", now);
        deletions.recv().await.unwrap();
        assert_eq!(store.totals("main").memos, 2);
        assert_eq!(store.totals("office").memos, 4);
        drop(sweeper);
    }
}
