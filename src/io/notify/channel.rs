//! One way to tell of a memo, and what it takes to go there.

use super::mail::{Letter, Mailer};
use super::notice::Telling;
use super::signature::Signer;
use super::{command, webhook, Policy};
use crate::dialplan::services::TextMessage;
use crate::io::services::SendMessage;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// One way to tell of a memo.
#[derive(Clone)]
pub(super) enum Channel {
    Command(Vec<String>),
    Webhook {
        url: String,
        signer: Option<Arc<Signer>>,
    },
    Mail {
        to: String,
        /// Whether the sealed envelope goes with it.
        envelope: bool,
    },
    Sip(String),
}

impl Channel {
    /// Its name among those of one mailbox, which has at most one of each.
    pub fn kind(&self) -> &'static str {
        match self {
            Channel::Command(_) => "command",
            Channel::Webhook { .. } => "webhook",
            Channel::Mail { .. } => "email",
            Channel::Sip(_) => "sip",
        }
    }

    /// For the log: a webhook by its host alone, since the path may hold a token.
    pub fn name(&self) -> String {
        match self {
            Channel::Command(words) => match words.as_slice() {
                [shell, flag, line] if shell == "/bin/sh" && flag == "-c" => {
                    format!("command {}", line.split_whitespace().next().unwrap_or_default())
                }
                words => format!("command {}", words.first().map_or("", String::as_str)),
            },
            Channel::Webhook { url, .. } => format!("webhook {}", webhook::host(url)),
            Channel::Mail { .. } => "email".to_owned(),
            Channel::Sip(uri) => format!("sip {}", uri.rsplit('@').next().unwrap_or_default()),
        }
    }

    /// Whether it hands the link over, or only says that there is something.
    pub fn carries_the_link(&self) -> bool {
        !matches!(self, Channel::Sip(_))
    }
}

/// What channels go by, shared by all of them.
pub(super) struct Ways {
    pub policy: Policy,
    pub client: webhook::Client,
    pub mailer: Option<Mailer>,
    pub send_message: Option<SendMessage>,
    /// Tellings at once.
    pub slots: Semaphore,
}

impl Ways {
    /// Tells by that channel; `Err` says why it counts as failed, in words that a log may hold.
    pub async fn tell(&self, channel: &Channel, telling: &Arc<Telling>) -> Result<(), String> {
        // The semaphore is never closed.
        let _slot = self.slots.acquire().await;
        let told = match channel {
            Channel::Command(words) => command::run(words, &telling.json, self.policy.command_time).await,
            Channel::Webhook { url, signer } => {
                let limit = self.policy.webhook_time;
                self.client
                    .post(url, signer.as_deref(), telling.clone(), limit)
                    .await
            }
            Channel::Mail { to, envelope } => self.mail(to, *envelope, telling).await,
            Channel::Sip(uri) => self.text(uri, telling).await,
        };
        // What a program prints, or a server says, may be what it was given.
        told.map_err(|reason| telling.unspeakable.cut_from(&reason))
    }

    async fn mail(&self, to: &str, envelope: bool, telling: &Telling) -> Result<(), String> {
        let mailer = self.mailer.as_ref().ok_or("there is no [smtp]")?;
        let attachment = telling.attachment.as_ref().filter(|_| envelope);
        let subject = format!("New memo in {}", telling.mailbox);
        let text = letter(telling);
        let letter = Letter {
            to,
            subject: &subject,
            text: &text,
            json: attachment.map(|json| (format!("memo-{}.envelope.json", telling.memo_id), json.clone())),
            id: &telling.memo_id,
        };
        match tokio::time::timeout(self.policy.mail_time, mailer.send(letter)).await {
            Ok(sent) => sent,
            Err(_) => Err(format!(
                "not done after {} s",
                self.policy.mail_time.as_secs_f64()
            )),
        }
    }

    /// A text that says that there is something, and where; never a key, never a number.
    async fn text(&self, uri: &str, telling: &Telling) -> Result<(), String> {
        let send = self.send_message.as_ref().ok_or("no switch is running")?;
        let mut body = format!("1 new memo in {}", telling.mailbox);
        if telling.is_keyed {
            body.push_str(": ");
            body.push_str(&telling.link);
        }
        let message = TextMessage {
            to: uri.to_owned(),
            body,
            ..TextMessage::default()
        };
        match send(message).await {
            true => Ok(()),
            false => Err("the text was not accepted".to_owned()),
        }
    }
}

/// A letter's text. Lines stay short, but for the link, which is whole on its own.
fn letter(telling: &Telling) -> zeroize::Zeroizing<String> {
    let Telling {
        mailbox,
        created_at,
        link,
        ..
    } = telling;
    let recorded = created_at.replace('T', " ");
    let recorded = recorded.split('.').next().unwrap_or_default();
    let mut text = zeroize::Zeroizing::new(String::with_capacity(link.len() + 2_048));
    text.push_str(&format!(
        "There is a new memo in {mailbox}, recorded at {recorded} UTC.\n"
    ));
    for (name, value) in &telling.clear {
        let value = value.replace(['\r', '\n'], " ");
        text.push_str(&format!("{}: {value}\n", name.replace('_', " ")));
    }
    let (before, after) = match telling.is_keyed {
        true => (
            "\nIt is in your inbox:\n\n",
            "\nYour inbox opens with the link that was made when the mailbox got its key.\n\
             This letter holds no key.\n",
        ),
        false => (
            "\nWhoever has this link can listen to it, and nobody else:\n\n",
            "\nIt is stored nowhere else: keep this letter as long as you want the memo.\n",
        ),
    };
    text.push_str(before);
    text.push_str(link);
    text.push('\n');
    text.push_str(after);
    text
}
