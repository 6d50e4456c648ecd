//! Handing a memo's link to its mailbox's notifiers: a command, a webhook. The line of the log that tells of the memo,
//! with its link but without the key, is the switch's, among the lines of the call.
//!
//! A link is handed over once and kept nowhere: what fails is tried again from memory alone, for a bounded time, and
//! what could not be handed over when the switch stops is lost, which the log says. Each hand-over is a task of its
//! own, so a webhook that hangs delays nobody; at most `limits::NOTIFIERS` of them run at once.
//!
//! The line of JSON that a notifier receives is the only place where the caller's number goes out in clear.

mod command;
mod webhook;

use crate::config::Mailbox;
use crate::limits;
use crate::rng::Rng;
use crate::secret::Private;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tracing::{debug, error, warn};
use zeroize::Zeroizing;

/// A memo was stored: what its mailbox is told. Wiped when dropped, as far as it is secret.
pub struct Notice {
    /// The mailbox, where the memo was left in one.
    pub mailbox: Option<String>,
    /// The memo's id.
    pub memo_id: String,
    /// The link, with the key.
    pub link: Zeroizing<String>,
    /// The caller's number, in clear.
    pub from: String,
    /// The memo's length.
    pub seconds: f64,
    /// When it was recorded, RFC 3339 in UTC.
    pub created_at: String,
}

/// The notice as notifiers receive it; the order of the keys is part of the format.
#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    mailbox: Option<&'a str>,
    memo_id: &'a str,
    link: &'a str,
    from: &'a str,
    seconds: f64,
    created_at: &'a str,
}

impl Notice {
    /// One line of JSON, without a line end.
    fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let body = Body {
            event: "memo",
            mailbox: self.mailbox.as_deref(),
            memo_id: &self.memo_id,
            link: &self.link,
            from: &self.from,
            seconds: self.seconds,
            created_at: &self.created_at,
        };
        // Room for every character escaped, from the start: growing would leave a copy of the link behind.
        let texts = self.link.len() + self.from.len() + self.mailbox.as_ref().map_or(0, String::len);
        let mut json = Zeroizing::new(Vec::with_capacity(6 * texts + self.memo_id.len() + 256));
        // Writing plain structs into memory has no way to fail.
        serde_json::to_writer(&mut *json, &body).expect("strings and numbers become JSON");
        json
    }

    /// The link up to the key.
    fn public_link(&self) -> &str {
        self.link.split('#').next().unwrap_or_default()
    }

    /// What no line of the log may hold.
    fn unspeakable(&self) -> Unspeakable {
        Unspeakable {
            key: Zeroizing::new(
                self.link
                    .split_once('#')
                    .map_or(String::new(), |(_, key)| key.to_owned()),
            ),
            from: self.from.clone(),
        }
    }
}

/// The key and the number of a notice: a program may print what it was given.
struct Unspeakable {
    key: Zeroizing<String>,
    from: String,
}

impl Unspeakable {
    /// The text without either, cut to a length for a line.
    fn cut_from(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if !self.key.is_empty() {
            text = text.replace(self.key.as_str(), "(key)");
        }
        if !self.from.is_empty() {
            text = text.replace(&self.from, &Private(&self.from).to_string());
        }
        text.chars().take(REASON_CHARS).collect()
    }
}

/// Most of what a program printed that is logged, in characters.
const REASON_CHARS: usize = 300;

/// How hard hand-overs try.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Tries in all.
    pub tries: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long a command may run.
    pub command_time: Duration,
    /// How long a webhook may take to answer.
    pub webhook_time: Duration,
}

impl Default for Policy {
    /// Ten tries within about an hour: longer than a webhook's restart, shorter than anybody's patience.
    fn default() -> Self {
        Policy {
            tries: 10,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(600),
            command_time: Duration::from_secs(30),
            webhook_time: Duration::from_secs(10),
        }
    }
}

impl Policy {
    /// The pause after the `failures`-th failure, counted from 1, without jitter.
    fn pause(&self, failures: u32) -> Duration {
        let doubled = self
            .first_pause
            .saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.longest_pause)
    }
}

/// One way to hand a notice over.
#[derive(Clone, Debug)]
enum Channel {
    Command(Vec<String>),
    Webhook(String),
}

impl Channel {
    /// For the log: a webhook by its host alone, since the path may hold a token.
    fn name(&self) -> String {
        match self {
            Channel::Command(words) => match words.as_slice() {
                [shell, flag, line] if shell == "/bin/sh" && flag == "-c" => {
                    format!("command {}", line.split_whitespace().next().unwrap_or_default())
                }
                words => format!("command {}", words.first().map_or("", String::as_str)),
            },
            Channel::Webhook(url) => format!("webhook {}", webhook::host(url)),
        }
    }
}

/// One hand-over.
struct Job {
    channel: Channel,
    memo_id: String,
    mailbox: Option<String>,
    body: Arc<Zeroizing<Vec<u8>>>,
    unspeakable: Unspeakable,
}

/// Hands notices over; cheap to clone, never blocks.
#[derive(Clone)]
pub struct Notifier {
    channels: Arc<HashMap<String, Vec<Channel>>>,
    queue: mpsc::Sender<Job>,
}

/// The work behind a [`Notifier`].
pub struct Running {
    closing: watch::Sender<bool>,
    task: JoinHandle<usize>,
}

/// Starts the notifiers of these mailboxes. Must be called within a tokio runtime.
pub fn start(mailboxes: &[Mailbox], policy: Policy) -> (Notifier, Running) {
    let channels = mailboxes.iter().map(|mailbox| {
        let command = mailbox.notify_command.clone().map(Channel::Command);
        let webhook = mailbox.notify_webhook.clone().map(Channel::Webhook);
        (mailbox.name.clone(), command.into_iter().chain(webhook).collect())
    });
    let (queue, jobs) = mpsc::channel(limits::NOTIFIER_QUEUE);
    let (closing, closed) = watch::channel(false);
    let task = tokio::spawn(work(jobs, policy, closed));
    (
        Notifier {
            channels: Arc::new(channels.collect()),
            queue,
        },
        Running { closing, task },
    )
}

impl Notifier {
    /// Logs its link without the key, and hands the link to the mailbox's notifiers. Returns at once.
    pub fn hand_over(&self, notice: Notice) {
        let mailbox = notice.mailbox.as_deref().unwrap_or("-");
        debug!(
            mailbox,
            memo_id = %notice.memo_id,
            link = notice.public_link(),
            from = %Private(&notice.from),
            seconds = notice.seconds,
            "a memo to tell of"
        );
        let channels = notice
            .mailbox
            .as_ref()
            .and_then(|mailbox| self.channels.get(mailbox));
        let Some(channels) = channels.filter(|channels| !channels.is_empty()) else {
            warn!(
                mailbox,
                memo_id = %notice.memo_id,
                "nobody was given this memo's link: the mailbox has neither notify_command nor notify_webhook"
            );
            return;
        };
        let body = Arc::new(notice.to_json());
        for channel in channels {
            let job = Job {
                channel: channel.clone(),
                memo_id: notice.memo_id.clone(),
                mailbox: notice.mailbox.clone(),
                body: body.clone(),
                unspeakable: notice.unspeakable(),
            };
            if let Err(refused) = self.queue.try_send(job) {
                let job = refused.into_inner();
                lost(&job, "too many notices wait, or the switch is stopping");
            }
        }
    }
}

impl Running {
    /// Takes no further notices, tries those that wait once more, and gives up after `limit`. Returns how many links
    /// were lost since the start.
    pub async fn shutdown(self, limit: Duration) -> usize {
        // The receiver is gone only where the task is, and then there is nothing left to close.
        let _ = self.closing.send(true);
        let abort = self.task.abort_handle();
        match tokio::time::timeout(limit, self.task).await {
            Ok(Ok(count)) => count,
            // Aborting drops the task's jobs, and each says that it was lost.
            Ok(Err(_)) => 0,
            Err(_) => {
                abort.abort();
                0
            }
        }
    }
}

/// Receives jobs and runs each as a task, until told to close and all are done. Returns how many were lost.
async fn work(mut jobs: mpsc::Receiver<Job>, policy: Policy, mut closed: watch::Receiver<bool>) -> usize {
    let slots = Arc::new(Semaphore::new(limits::NOTIFIERS));
    let client = webhook::Client::default();
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
                        policy: policy.clone(),
                        client: client.clone(),
                        slots: slots.clone(),
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
async fn told_to_close(closed: &mut watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await;
}

/// A job that is being handed over. Dropped with the job in it, it says that the link is lost: whatever ends the task,
/// the log tells.
struct HandOver {
    job: Option<Job>,
    policy: Policy,
    client: webhook::Client,
    slots: Arc<Semaphore>,
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
            let Err(reason) = self.attempt(job).await else {
                debug!(memo_id = %job.memo_id, to = %job.channel.name(), "link handed over");
                self.job = None;
                return true;
            };
            failures += 1;
            if failures >= self.policy.tries || last_chance {
                lost(job, &reason);
                self.job = None;
                return false;
            }
            // A fifth more or less, so that what failed together does not come back together.
            let pause = self.policy.pause(failures).mul_f64(0.8 + 0.4 * self.rng.unit());
            warn!(
                mailbox = job.mailbox.as_deref(),
                memo_id = %job.memo_id,
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

    async fn attempt(&self, job: &Job) -> Result<(), String> {
        // The semaphore is never closed.
        let _slot = self.slots.acquire().await;
        match &job.channel {
            Channel::Command(words) => command::run(words, &job.body, self.policy.command_time)
                .await
                // What a program prints may be what it was given.
                .map_err(|reason| job.unspeakable.cut_from(&reason)),
            Channel::Webhook(url) => {
                self.client
                    .post(url, job.body.clone(), self.policy.webhook_time)
                    .await
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

fn lost(job: &Job, reason: &str) {
    error!(
        mailbox = job.mailbox.as_deref(),
        memo_id = %job.memo_id,
        to = %job.channel.name(),
        reason,
        "the link of this memo was not handed over and is lost"
    );
}

#[cfg(test)]
mod tests;
