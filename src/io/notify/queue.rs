//! Notices of the store on their way: those of mailboxes with an owner key.
//!
//! Each way of each mailbox is a lane with a pace of its own. A memo that comes is tried at once; what failed waits for
//! the lane, whose pause doubles while it goes on failing, and is tried in turn, one at a time until something gets
//! through. So a notifier that is down for days costs one attempt now and then, delays no other, and hears of everything
//! once it is back. What waits is in the store alone: stopping loses nothing.

use super::channel::{Channel, Ways};
use super::memory::told_to_close;
use super::notice::Telling;
use crate::limits;
use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record};
use crate::memo::store::notices::Notices;
use crate::memo::store::{Store, StoreError};
use crate::rng::Rng;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, error, warn};

/// Memos told of at once by a lane that works.
const LANE_WIDTH: usize = 4;

/// One way of one mailbox.
struct Lane {
    mailbox: String,
    channel: Channel,
    /// Came since the start and were not tried yet.
    fresh: VecDeque<MemoId>,
    /// Failed before, or waited through a restart.
    again: VecDeque<MemoId>,
    running: usize,
    /// In a row.
    failures: u32,
    /// Nothing is tried again before.
    until: Option<Instant>,
}

impl Lane {
    /// The next memo to try.
    fn next(&mut self, now: Instant) -> Option<MemoId> {
        let width = if self.failures == 0 { LANE_WIDTH } else { 1 };
        if self.running >= width {
            return None;
        }
        let is_due = self.until.is_none_or(|until| until <= now);
        let next = self
            .fresh
            .pop_front()
            .or_else(|| is_due.then(|| self.again.pop_front()).flatten())?;
        self.running += 1;
        Some(next)
    }

    /// When something is tried again by itself.
    fn wakes(&self) -> Option<Instant> {
        let waits = self.running == 0 && !self.again.is_empty();
        self.until.filter(|_| waits)
    }
}

/// What became of one attempt.
enum Outcome {
    Told,
    Failed(String),
    /// There is nothing to tell any more, or the store does not answer.
    Void,
}

/// The work on the store's notices.
pub(super) struct Queue {
    store: Store,
    /// What inbox links begin with.
    base: String,
    channels: Arc<HashMap<String, Vec<Channel>>>,
    ways: Arc<Ways>,
    lanes: Vec<Lane>,
    running: JoinSet<(usize, MemoId, Outcome)>,
    rng: Rng,
}

impl Queue {
    pub fn new(
        store: Store,
        base: String,
        channels: Arc<HashMap<String, Vec<Channel>>>,
        ways: Arc<Ways>,
    ) -> Self {
        let lanes = channels.iter().flat_map(|(mailbox, channels)| {
            channels.iter().map(|channel| Lane {
                mailbox: mailbox.clone(),
                channel: channel.clone(),
                fresh: VecDeque::new(),
                again: VecDeque::new(),
                running: 0,
                failures: 0,
                until: None,
            })
        });
        Queue {
            lanes: lanes.collect(),
            store,
            base,
            channels,
            ways,
            running: JoinSet::new(),
            rng: Rng::from_os(),
        }
    }

    pub async fn run(mut self, mut closed: watch::Receiver<bool>) {
        let notices = self.store.notices();
        let Some(mut arrivals) = notices.arrivals() else {
            error!("somebody else tells of this store's memos");
            return;
        };
        // What came between the opening of the store and now is among both.
        let mut waited = HashSet::new();
        match blocking(move || notices.list()).await {
            Ok(ids) => {
                if !ids.is_empty() {
                    debug!(count = ids.len(), "memos of which somebody is still to be told");
                }
                for id in ids {
                    waited.insert(id);
                    self.enter(id, false).await;
                }
            }
            Err(error) => error!(%error, "the notices of the store cannot be read"),
        }
        loop {
            self.begin();
            let wake = self.lanes.iter().filter_map(Lane::wakes).min();
            tokio::select! {
                biased;
                () = told_to_close(&mut closed) => break,
                Some(done) = self.running.join_next() => self.ended(done).await,
                Some(id) = arrivals.recv() => if !waited.remove(&id) {
                    self.enter(id, true).await;
                },
                // Where no place is free, the next end of a telling is what is waited for.
                () = sleep_until(wake), if self.running.len() < limits::NOTIFIERS => {}
            }
        }
        // What is under way may end; the rest waits in the store.
        while let Some(done) = self.running.join_next().await {
            self.ended(done).await;
        }
    }

    /// Puts a memo into the lanes of its mailbox.
    async fn enter(&mut self, id: MemoId, is_fresh: bool) {
        let store = self.store.clone();
        let record = match blocking(move || store.get(&id)).await {
            Ok(record) => record,
            Err(error) => return error!(memo = %id, %error, "a notice waits until the next start"),
        };
        let mailbox = record.and_then(|record| record.user_id).unwrap_or_default();
        let mut has_lane = false;
        for at in 0..self.lanes.len() {
            let lane = &mut self.lanes[at];
            if lane.mailbox != mailbox {
                continue;
            }
            // One that was told by this way before a restart is void when its turn comes.
            match is_fresh {
                true => lane.fresh.push_back(id),
                false => lane.again.push_back(id),
            }
            has_lane = true;
        }
        if !has_lane {
            // The memo is gone, or its mailbox names nobody: the inbox has it.
            self.forget(id).await;
        }
    }

    /// Begins what may begin.
    fn begin(&mut self) {
        let now = Instant::now();
        for at in 0..self.lanes.len() {
            while self.running.len() < limits::NOTIFIERS {
                let Some(id) = self.lanes[at].next(now) else { break };
                let attempt = Attempt {
                    store: self.store.clone(),
                    inbox: format!("{}/inbox/{}", self.base, self.lanes[at].mailbox),
                    channel: self.lanes[at].channel.clone(),
                    ways: self.ways.clone(),
                };
                self.running.spawn(async move { (at, id, attempt.run(id).await) });
            }
        }
    }

    async fn ended(&mut self, done: Result<(usize, MemoId, Outcome), tokio::task::JoinError>) {
        let Ok((at, id, outcome)) = done else {
            error!("a bug of ours ended a notifier");
            return;
        };
        let lane = &mut self.lanes[at];
        lane.running -= 1;
        match outcome {
            Outcome::Void => {}
            Outcome::Told => {
                if std::mem::take(&mut lane.failures) > 0 {
                    debug!(mailbox = %lane.mailbox, to = %lane.channel.name(), "notifier works again");
                }
                lane.until = None;
                debug!(memo = %id, to = %lane.channel.name(), "told of a memo");
                self.close(at, id).await;
            }
            Outcome::Failed(reason) => {
                lane.failures = lane.failures.saturating_add(1);
                let pause = self.ways.policy.pause_with(lane.failures, &mut self.rng);
                lane.until = Some(Instant::now() + pause);
                let (mailbox, to, failures) = (&lane.mailbox, lane.channel.name(), lane.failures);
                let again_in_secs = pause.as_secs();
                warn!(%mailbox, memo = %id, %to, reason, failures, again_in_secs, "notifier failed");
                if self.is_old(id).await {
                    let lane = &self.lanes[at];
                    error!(mailbox = %lane.mailbox, memo = %id, %to, "given up: nobody was told by this way; the inbox has the memo");
                    self.close(at, id).await;
                } else {
                    self.lanes[at].again.push_back(id);
                }
            }
        }
    }

    /// Whether a memo has waited as long as notices wait.
    async fn is_old(&self, id: MemoId) -> bool {
        let store = self.store.clone();
        let age = blocking(move || store.get(&id))
            .await
            .ok()
            .flatten()
            .map(|record| {
                Millis::from_time(SystemTime::now())
                    .0
                    .saturating_sub(record.created_at.0)
            });
        age.is_some_and(|age| u128::from(age) >= self.ways.policy.notice_age.as_millis())
    }

    /// Notes that a lane is done with a memo.
    async fn close(&self, at: usize, id: MemoId) {
        let lane = &self.lanes[at];
        let channels = self.channels.get(&lane.mailbox).map_or(&[][..], Vec::as_slice);
        let ways: Vec<&'static str> = channels.iter().map(Channel::kind).collect();
        let (notices, way) = (self.store.notices(), lane.channel.kind());
        if let Err(error) = blocking(move || notices.close(&id, way, &ways)).await {
            error!(memo = %id, %error, "it could not be noted that somebody was told of this memo");
        }
    }

    async fn forget(&self, id: MemoId) {
        let notices = self.store.notices();
        if let Err(error) = blocking(move || notices.remove(&id)).await {
            error!(memo = %id, %error, "a notice could not be removed");
        }
    }
}

/// One telling of one memo by one way.
struct Attempt {
    store: Store,
    inbox: String,
    channel: Channel,
    ways: Arc<Ways>,
}

impl Attempt {
    async fn run(self, id: MemoId) -> Outcome {
        let (store, notices, way) = (self.store.clone(), self.store.notices(), self.channel.kind());
        match blocking(move || open_record(&store, &notices, id, way)).await {
            Ok(Some(record)) => {
                let telling = Arc::new(Telling::of_record(&record, &self.inbox));
                match self.ways.tell(&self.channel, &telling).await {
                    Ok(()) => Outcome::Told,
                    Err(reason) => Outcome::Failed(reason),
                }
            }
            Ok(None) => Outcome::Void,
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

/// The record of a memo that is still to be told of by that way.
fn open_record(
    store: &Store,
    notices: &Notices,
    id: MemoId,
    way: &str,
) -> Result<Option<Record>, StoreError> {
    match notices.is_open(&id, way)? {
        true => store.get(&id),
        false => Ok(None),
    }
}

/// Runs what may wait for the disk away from the tasks.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Corrupt("the store could not be asked".to_owned())),
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
