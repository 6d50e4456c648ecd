//! Telling of memos: by a program, a webhook, mail, a text over SIP. The line of the log that tells of a memo, with its
//! link but without the key, is the switch's, among the lines of the call.
//!
//! A mailbox without an owner key has each link handed over once, from memory alone ([`memory`]). For a mailbox with one
//! there is nothing to lose and nothing to hide: its notices hold envelopes, and wait in the store until they are told
//! ([`queue`]). At most `limits::NOTIFIERS` tellings run at once, whatever their kind.
//!
//! The line of JSON that a notifier receives is the only place where the caller's number goes out in clear.

mod channel;
mod command;
mod mail;
mod memory;
mod notice;
mod queue;
mod signature;
mod webhook;

pub use mail::Mailer;
pub use notice::Notice;

use crate::config::Mailbox;
use crate::io::services::SendMessage;
use crate::limits;
use crate::memo::store::Store;
use crate::rng::Rng;
use crate::secret::Private;
use channel::{Channel, Ways};
use memory::Job;
use signature::Signer;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch, Semaphore};
use tokio::task::JoinHandle;
use tracing::{debug, warn};

/// How hard hand-overs try.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Tries in all, of a link that is in memory alone.
    pub tries: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long a command may run.
    pub command_time: Duration,
    /// How long a webhook may take to answer.
    pub webhook_time: Duration,
    /// How long a letter may take.
    pub mail_time: Duration,
    /// How old a memo of the store's queue may become before it is no longer told of.
    pub notice_age: Duration,
}

impl Default for Policy {
    /// Ten tries within about an hour: longer than a webhook's restart, shorter than anybody's patience. What waits in
    /// the store is tried for a week.
    fn default() -> Self {
        Policy {
            tries: 10,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(600),
            command_time: Duration::from_secs(30),
            webhook_time: Duration::from_secs(10),
            mail_time: Duration::from_secs(60),
            notice_age: Duration::from_secs(7 * 24 * 3_600),
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

    /// A fifth more or less, so that what failed together does not come back together.
    fn pause_with(&self, failures: u32, rng: &mut Rng) -> Duration {
        self.pause(failures).mul_f64(0.8 + 0.4 * rng.unit())
    }
}

/// What notifiers are started with.
pub struct Parts<'a> {
    /// Whose.
    pub mailboxes: &'a [Mailbox],
    /// Sends letters; none where the configuration has no `[smtp]`.
    pub mailer: Option<Mailer>,
    /// Sends texts outside calls; only a running switch does.
    pub send_message: Option<SendMessage>,
    /// Whose queue is worked off, and what inbox links begin with; without it only what is handed over is told.
    pub store: Option<(Store, String)>,
}

/// Hands notices over; cheap to clone, never blocks.
#[derive(Clone)]
pub struct Notifier {
    channels: Arc<HashMap<String, Vec<Channel>>>,
    jobs: mpsc::Sender<Job>,
}

/// The work behind a [`Notifier`].
pub struct Running {
    closing: watch::Sender<bool>,
    links: JoinHandle<usize>,
    queue: Option<JoinHandle<()>>,
}

/// Starts the notifiers. Must be called within a tokio runtime.
pub fn start(parts: Parts<'_>, policy: Policy) -> (Notifier, Running) {
    let channels: HashMap<String, Vec<Channel>> = parts
        .mailboxes
        .iter()
        .map(|mailbox| (mailbox.name.clone(), channels_of(mailbox)))
        .collect();
    let ways = Ways {
        policy,
        client: webhook::Client::default(),
        mailer: parts.mailer,
        send_message: parts.send_message,
        slots: Semaphore::new(limits::NOTIFIERS),
    };
    start_with(channels, ways, parts.store)
}

/// Starts the work on these channels.
fn start_with(
    channels: HashMap<String, Vec<Channel>>,
    ways: Ways,
    store: Option<(Store, String)>,
) -> (Notifier, Running) {
    let (channels, ways) = (Arc::new(channels), Arc::new(ways));
    let (jobs, received) = mpsc::channel(limits::NOTIFIER_QUEUE);
    let (closing, closed) = watch::channel(false);
    let queue = store.map(|(store, base)| {
        let queue = queue::Queue::new(store, base, channels.clone(), ways.clone());
        tokio::spawn(queue.run(closed.clone()))
    });
    let links = tokio::spawn(memory::work(received, ways, closed));
    (
        Notifier { channels, jobs },
        Running {
            closing,
            links,
            queue,
        },
    )
}

/// What a mailbox's configuration names.
fn channels_of(mailbox: &Mailbox) -> Vec<Channel> {
    let command = mailbox.notify_command.clone().map(Channel::Command);
    let webhook = mailbox.notify_webhook.clone().map(|url| {
        let secret = mailbox.notify_webhook_secret.as_ref();
        let signer = secret.map(|secret| Arc::new(Signer::new(secret.expose())));
        Channel::Webhook { url, signer }
    });
    let mail = mailbox.notify_email.clone().map(|to| Channel::Mail {
        to,
        envelope: mailbox.email_envelope,
    });
    let sip = mailbox.notify_sip.clone().map(Channel::Sip);
    [command, webhook, mail, sip].into_iter().flatten().collect()
}

impl Notifier {
    /// Logs the link without its key, and hands it to the mailbox's notifiers. Returns at once.
    pub fn hand_over(&self, notice: Notice) {
        let mailbox = notice.mailbox.as_deref().unwrap_or("-");
        debug!(
            mailbox,
            memo = %notice.memo_id,
            link = notice.public_link(),
            from = %Private(&notice.from),
            seconds = notice.seconds,
            "a memo to tell of"
        );
        let channels = notice
            .mailbox
            .as_ref()
            .and_then(|mailbox| self.channels.get(mailbox));
        let channels = channels.map_or(&[][..], Vec::as_slice);
        if !channels.iter().any(Channel::carries_the_link) {
            warn!(
                mailbox,
                memo = %notice.memo_id,
                "nobody was given this memo's link: the mailbox has neither notify_command, notify_webhook nor \
                 notify_email"
            );
        }
        if channels.is_empty() {
            return;
        }
        let telling = Arc::new(notice.telling());
        for channel in channels {
            let job = Job {
                channel: channel.clone(),
                telling: telling.clone(),
            };
            if let Err(refused) = self.jobs.try_send(job) {
                let job = refused.into_inner();
                memory::lost(&job, "too many notices wait, or the switch is stopping");
            }
        }
    }
}

impl Running {
    /// Takes no further notices, tries those that wait in memory once more, and gives up after `limit`. Returns how many
    /// links were lost since the start. What waits in the store goes on waiting there.
    pub async fn shutdown(self, limit: Duration) -> usize {
        // The receivers are gone only where the tasks are, and then there is nothing left to close.
        let _ = self.closing.send(true);
        let aborts: Vec<_> = std::iter::once(self.links.abort_handle())
            .chain(self.queue.as_ref().map(JoinHandle::abort_handle))
            .collect();
        let both = async {
            let lost = self.links.await.unwrap_or(0);
            if let Some(queue) = self.queue {
                let _ = queue.await;
            }
            lost
        };
        match tokio::time::timeout(limit, both).await {
            Ok(lost) => lost,
            // Aborting drops the jobs, and each says that it was lost.
            Err(_) => {
                aborts.iter().for_each(tokio::task::AbortHandle::abort);
                0
            }
        }
    }
}

#[cfg(test)]
mod tests;
