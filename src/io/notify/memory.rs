//! Links of mailboxes without an owner key, on their way: from memory alone.
//!
//! A link is handed over once and kept nowhere: what fails is tried again for a bounded time, and what could not be
//! handed over when the switch stops is lost, which the log says. Each hand-over is a task of its own, so a webhook that
//! hangs delays nobody. Each channel that the mailbox names gets the link, and none stands in for another that failed.

use super::channel::{Channel, Ways};
use super::notice::Telling;
use crate::limits;
use crate::rng::Rng;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{debug, error, warn};

/// One hand-over.
pub(super) struct Job {
    pub channel: Channel,
    pub telling: Arc<Telling>,
}

/// Receives jobs and runs each as a task, until told to close and all are done. Returns how many were lost.
pub(super) async fn work(
    mut jobs: mpsc::Receiver<Job>,
    ways: Arc<Ways>,
    mut closed: watch::Receiver<bool>,
) -> usize {
    let for_jobs = closed.clone();
    let mut running = JoinSet::new();
    let mut rng = Rng::from_os();
    let mut count = 0;
    let mut open = true;
    while open || !running.is_empty() {
        tokio::select! {
            job = jobs.recv(), if open && running.len() < limits::NOTIFIER_QUEUE => match job {
                Some(job) => {
                    let hand_over = HandOver {
                        job: Some(job),
                        ways: ways.clone(),
                        closed: for_jobs.clone(),
                        rng: rng.fork(),
                    };
                    running.spawn(hand_over.run());
                }
                None => open = false,
            },
            Some(done) = running.join_next() => {
                count += usize::from(!matches!(done, Ok(true)));
            }
            // What is queued already is still received; `recv` says `None` after it.
            _ = told_to_close(&mut closed), if open && !jobs.is_closed() => jobs.close(),
        }
    }
    count
}

/// Returns when the switch stops, or when nobody is left to say so, which comes to the same.
pub(super) async fn told_to_close(closed: &mut watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await;
}

/// A job that is being handed over. Dropped with the job in it, it says that the link is lost: whatever ends the task,
/// the log tells.
struct HandOver {
    job: Option<Job>,
    ways: Arc<Ways>,
    closed: watch::Receiver<bool>,
    rng: Rng,
}

impl HandOver {
    /// Whether the link was handed over.
    async fn run(mut self) -> bool {
        let mut failures = 0;
        loop {
            let last_chance = *self.closed.borrow();
            let Some(job) = &self.job else { return false };
            let memo_id = &job.telling.memo_id;
            let Err(reason) = self.ways.tell(&job.channel, &job.telling).await else {
                debug!(memo = %memo_id, to = %job.channel.name(), "link handed over");
                self.job = None;
                return true;
            };
            failures += 1;
            if failures >= self.ways.policy.tries || last_chance {
                lost(job, &reason);
                self.job = None;
                return false;
            }
            let pause = self.ways.policy.pause_with(failures, &mut self.rng);
            warn!(
                mailbox = %job.telling.mailbox,
                memo = %memo_id,
                to = %job.channel.name(),
                reason,
                failures,
                again_in_secs = pause.as_secs(),
                "notifier failed"
            );
            tokio::select! {
                _ = tokio::time::sleep(pause) => {}
                _ = told_to_close(&mut self.closed) => {}
            }
        }
    }
}

impl Drop for HandOver {
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            lost(job, "the switch stopped first");
        }
    }
}

/// Says what a hand-over that failed for good means.
pub(super) fn lost(job: &Job, reason: &str) {
    let (mailbox, memo_id, to) = (&job.telling.mailbox, &job.telling.memo_id, job.channel.name());
    if job.channel.carries_the_link() {
        error!(%mailbox, memo = %memo_id, %to, reason, "the link of this memo was not handed over and is lost");
    } else {
        warn!(%mailbox, memo = %memo_id, %to, reason, "nobody was told of this memo by this way");
    }
}
