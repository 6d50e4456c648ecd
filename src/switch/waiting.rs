//! Waiting messages, told to phones (RFC 3842): whose counts were told to whom, and what is to be told next.
//!
//! A phone of the configuration (`mwi`) is told without having asked, when the switch starts, when its mailbox's counts
//! change, and now and then in case that it was restarted since. One NOTIFY at a time is under way for each phone, and
//! after one there is a pause, so that changes that come together are told together. What fails is tried again, less and
//! less often.
//!
//! A value like the others: the switch joins it to `Messages`, which finds the way and answers challenges. Phones that
//! did ask are those of [`subscriptions`].

pub(super) mod subscriptions;

use crate::config::Mailbox;
use crate::limits;
use crate::sip::message::Uri;
use crate::sip::message_summary::Summary;
use crate::time::{Duration, Instant};
use std::collections::HashMap;

/// The first number of our NOTIFYs among the requests outside calls: the shell's own are below.
const FIRST_NUMBER: u64 = 1 << 63;
/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// A NOTIFY that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notification {
    pub number: u64,
    /// To which phone.
    pub uri: String,
    /// Of which mailbox.
    pub mailbox: String,
    pub summary: Summary,
}

/// One phone that the configuration names.
struct Phone {
    mailbox: String,
    uri: String,
    /// What it knows.
    told: Option<Summary>,
    /// What is under way to it.
    sending: Option<(u64, Summary)>,
    failures: u32,
    /// Nothing is sent before.
    pause: Option<Instant>,
    /// What it knows may be forgotten by then.
    refresh: Option<Instant>,
}

/// What all phones of the configuration know.
pub(super) struct Waiting {
    phones: Vec<Phone>,
    counts: HashMap<String, Summary>,
    last_number: u64,
}

impl Waiting {
    pub fn new(mailboxes: &[Mailbox]) -> Self {
        let phones = mailboxes.iter().filter_map(|mailbox| {
            Some(Phone {
                mailbox: mailbox.name.clone(),
                uri: mailbox.mwi.clone()?,
                told: None,
                sending: None,
                failures: 0,
                pause: None,
                refresh: None,
            })
        });
        Waiting {
            phones: phones.collect(),
            counts: HashMap::new(),
            last_number: FIRST_NUMBER,
        }
    }

    /// A mailbox has so many messages now.
    pub fn counted(&mut self, mailbox: &str, summary: Summary) {
        self.counts.insert(mailbox.to_owned(), summary);
    }

    /// How many messages a mailbox has.
    pub fn summary(&self, mailbox: &str) -> Summary {
        self.counts.get(mailbox).copied().unwrap_or_default()
    }

    /// The next NOTIFY to send.
    pub fn poll_send(&mut self, now: Instant) -> Option<Notification> {
        let counts = &self.counts;
        let (phone, summary) = self.phones.iter_mut().find_map(|phone| {
            let summary = *counts.get(&phone.mailbox)?;
            let is_news = phone.told != Some(summary) || phone.refresh.is_some_and(|at| at <= now);
            let is_free = phone.sending.is_none() && phone.pause.is_none_or(|at| at <= now);
            (is_news && is_free).then_some((phone, summary))
        })?;
        self.last_number += 1;
        phone.sending = Some((self.last_number, summary));
        phone.pause = None;
        Some(Notification {
            number: self.last_number,
            uri: phone.uri.clone(),
            mailbox: phone.mailbox.clone(),
            summary,
        })
    }

    /// Whether a request outside calls is a NOTIFY of these.
    pub fn owns(number: u64) -> bool {
        number > FIRST_NUMBER
    }

    /// What became of a NOTIFY.
    pub fn ended(&mut self, now: Instant, number: u64, accepted: bool) {
        let phone = self.phones.iter_mut().find_map(|phone| match phone.sending {
            Some((sent, summary)) if sent == number => Some((phone, summary)),
            _ => None,
        });
        let Some((phone, summary)) = phone else {
            return;
        };
        phone.sending = None;
        if accepted {
            phone.failures = 0;
            phone.told = Some(summary);
            phone.pause = Some(now + limits::WAITING_PAUSE);
            phone.refresh = Some(now + limits::WAITING_REFRESH);
            return;
        }
        phone.failures = phone.failures.saturating_add(1);
        let pause = 1u32
            .checked_shl(phone.failures - 1)
            .map_or(limits::WAITING_RETRY, |times| FIRST_PAUSE * times)
            .min(limits::WAITING_RETRY);
        phone.pause = Some(now + pause);
        tracing::warn!(
            mailbox = %phone.mailbox,
            failures = phone.failures,
            again_in_secs = pause.as_secs(),
            "the phone was not told of waiting messages"
        );
    }

    /// When something is due by itself.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let due = |phone: &Phone| {
            let summary = self.counts.get(&phone.mailbox)?;
            if phone.sending.is_some() {
                return None;
            }
            match phone.told == Some(*summary) {
                true => phone.refresh.max(phone.pause),
                false => phone.pause,
            }
        };
        self.phones.iter().filter_map(due).min()
    }
}

/// The account that a mailbox's messages belong to, as phones may call it.
pub(super) fn account(mailbox: &str, host: &str) -> Uri {
    // `100@sales` is one name.
    Uri::sip(mailbox.replace('@', "%40"), host, None)
}

#[cfg(test)]
mod tests;
