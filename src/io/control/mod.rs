//! The door for other subcommands: `{store}/control.sock`, mode 0600.
//!
//! A running switch holds the store's lock, so `obelus memo`, `obelus db` and `obelus status` ask it. One request a connection: a
//! line of JSON (`{"request":"memo-list","mailbox":null}`), answered by lines of JSON, the last of which has `"done"`:
//! true, or false with an `"error"`. Whoever may open the socket may do all this; the file's mode says who may.

mod client;
mod mailboxes;
mod server;
mod socket;

pub use client::{Client, ClientError};
pub use server::{serve, Control, Server, Switch};

use crate::memo::envelope::Envelope;
use crate::memo::key::MemoId;
use crate::memo::owner::Kem;
use crate::memo::record::{Millis, Record};
use crate::memo::store::receipts::Reason;
use crate::memo::store::Store;
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What can be asked of a running switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Every memo, newest first, a line each.
    MemoList {
        /// Of this mailbox only.
        mailbox: Option<String>,
    },
    /// The same, each with its shares behind it, which the list of a mailbox does not have.
    MemosWithShares {
        /// Of this mailbox only.
        mailbox: Option<String>,
    },
    /// One memo, or an error.
    MemoShow {
        /// Its id.
        id: String,
    },
    /// Deletes one memo for good; answered by the receipt, where the switch signs receipts.
    MemoDelete {
        /// Its id.
        id: String,
    },
    /// The receipt of a memo that was deleted, or an error.
    MemoReceipt {
        /// Its id.
        id: String,
    },
    /// A value of the dialplans' database, or an error.
    DbGet {
        /// `family/key`.
        key: String,
    },
    /// Sets a value of the dialplans' database.
    DbPut {
        /// `family/key`.
        key: String,
        /// The value.
        value: String,
    },
    /// Takes a value out of the dialplans' database.
    DbDelete {
        /// `family/key`.
        key: String,
    },
    /// The entries of the dialplans' database, a line each.
    DbList {
        /// Those whose key begins so.
        prefix: String,
    },
    /// Every mailbox that has an owner's key or waits for one, a line each.
    MailboxList,
    /// Gives a mailbox its owner's key.
    MailboxKey {
        /// The mailbox.
        name: String,
        /// How envelopes are sealed to it.
        kem: Kem,
        /// The public key: base64url.
        public_key: String,
        /// SHA-256 of the listing token, in hex.
        listing_token_hash: String,
        /// Whether a key that it has gives way.
        replace: bool,
    },
    /// Lets a browser make the key of a mailbox that has none.
    MailboxInvite {
        /// The mailbox.
        name: String,
        /// SHA-256 of the set-up token, in hex.
        token_hash: String,
    },
    /// Forgets a mailbox's key.
    MailboxRemove {
        /// The mailbox.
        name: String,
    },
    /// A mailbox's owner as the store has it, in one line; null for none.
    MailboxOwner {
        /// The mailbox.
        name: String,
    },
    /// Sets the lock that a mailbox's telephone code opens, or takes it away.
    MailboxTelephone {
        /// The mailbox.
        name: String,
        /// The lock as JSON; none to take it away.
        lock: Option<Value>,
    },
    /// A memo's record as it stands in the index.
    MemoRecord {
        /// Its id.
        id: String,
    },
    /// Lays another envelope beside a memo.
    MemoReseal {
        /// Its id.
        id: MemoId,
        /// The envelope.
        envelope: Envelope,
    },
    /// Takes memos over whose bodies lie in that folder, which is one of `memo::store::staging`: one line with how many.
    MemosAdopt {
        /// The folder.
        folder: PathBuf,
    },
    /// What the switch is doing, in one line.
    Status,
    /// Loads the dialplan anew: one line, with what was found.
    Reload,
}

impl Request {
    /// Whether memos are deleted by it, which leaves receipts where somebody signs them.
    pub fn deletes_memos(&self) -> bool {
        matches!(self, Request::MemoDelete { .. })
    }
}

/// The last line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    done: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl End {
    fn failed(error: String) -> Self {
        End {
            done: false,
            error: Some(error),
        }
    }
}

/// Where the socket of the switch with this store is.
pub fn path(store: &Path) -> PathBuf {
    store.join("control.sock")
}

/// What the server knows of a memo, for people and programs: no hashes, nothing that opens it.
pub fn memo_json(record: &Record) -> Value {
    json!({
        "id": record.id.to_string(),
        "mailbox": record.user_id,
        "created_at": record.created_at.to_rfc3339(),
        "seconds": record.duration().map(crate::memo::vault::seconds),
        "size_bytes": record.file_size_bytes,
        "audio_format": record.audio_format,
        "domain": record.domain,
        "access_count": record.access_count,
        "last_accessed_at": record.last_accessed_at.map(Millis::to_rfc3339),
        "expires_at": record.expires_at.map(Millis::to_rfc3339),
        "trunk": record.metadata.trunk,
        "call_id": record.metadata.call_id,
    })
}

/// Memos read from the store at a time.
const PAGE: usize = 256;

/// Does what a request about memos or the dialplans' database asks, on the store itself: the switch for its clients, a subcommand where no switch
/// runs. Each line of the answer goes to `each`, which says whether it wants more.
///
/// # Errors
/// Says what is wrong, for the operator.
pub fn perform(request: &Request, store: &Store, each: &mut dyn FnMut(Value) -> bool) -> Result<(), String> {
    match request {
        Request::MemoList { mailbox } => list(store, mailbox.as_deref(), false, each),
        Request::MemosWithShares { mailbox } => list(store, mailbox.as_deref(), true, each),
        Request::MemoShow { id } => {
            let record = id.parse().map_or(Ok(None), |id| store.get(&id));
            let record = record
                .map_err(|error| error.to_string())?
                .ok_or_else(|| unknown(id))?;
            each(memo_json(&record));
            Ok(())
        }
        Request::MemoDelete { id } => {
            let now = SystemTime::now();
            let deleted = id
                .parse()
                .map_or(Ok(None), |id| store.delete(&id, Reason::Operator, now));
            let deleted = deleted
                .map_err(|error| error.to_string())?
                .ok_or_else(|| unknown(id))?;
            if let Some(receipt) = deleted.receipt {
                each(json!(receipt));
            }
            Ok(())
        }
        Request::MemoReceipt { id } => {
            let receipt = id.parse().map_or(Ok(None), |id| store.receipt(&id));
            let receipt = receipt
                .map_err(|error| error.to_string())?
                .ok_or_else(|| format!("there is no receipt of a memo {:?}", shown(id)))?;
            each(json!(receipt));
            Ok(())
        }
        Request::DbGet { key } => {
            let value = store.database().get(key).map_err(|error| error.to_string())?;
            let value = value.ok_or_else(|| absent(key))?;
            each(entry_json(key, &value));
            Ok(())
        }
        Request::DbPut { key, value } => put(store, key, value),
        Request::DbDelete { key } => {
            let database = store.database();
            let deleted = database.delete(key).map_err(|error| error.to_string())?;
            database.sync().map_err(|error| error.to_string())?;
            deleted.then_some(()).ok_or_else(|| absent(key))
        }
        Request::DbList { prefix } => {
            for entry in store.database().iter(prefix) {
                let (key, value) = entry.map_err(|error| error.to_string())?;
                if !each(entry_json(&key, &value)) {
                    break;
                }
            }
            Ok(())
        }
        Request::Status | Request::Reload => Err("only a running switch can do that".into()),
        other => mailboxes::perform(other, store, each)
            .unwrap_or_else(|| Err("not a request of the store's".into())),
    }
}

/// Sets a value of the dialplans' database, durably.
fn put(store: &Store, key: &str, value: &str) -> Result<(), String> {
    match key.split_once('/') {
        Some((family, key)) if !family.is_empty() && !key.is_empty() => {}
        _ => return Err("a key is written family/key".into()),
    }
    let database = store.database();
    database.put(key, value).map_err(|error| error.to_string())?;
    database.sync().map_err(|error| error.to_string())
}

fn entry_json(key: &str, value: &str) -> Value {
    json!({"key": key, "value": value})
}

/// What is said of a key that the database has not.
fn absent(key: &str) -> String {
    let shown: String = key.chars().take(64).collect();
    format!("the database has no {shown:?}")
}

fn list(
    store: &Store,
    mailbox: Option<&str>,
    with_shares: bool,
    each: &mut dyn FnMut(Value) -> bool,
) -> Result<(), String> {
    // The list of all memos has them among them.
    let with_shares = with_shares && mailbox.is_some();
    let mut after = None;
    loop {
        let page = store.list(mailbox, after, PAGE);
        let page = page.map_err(|error| error.to_string())?;
        for record in &page.records {
            let shares = match with_shares {
                true => store.shares(&record.id).map_err(|error| error.to_string())?,
                false => Vec::new(),
            };
            for record in std::iter::once(record).chain(&shares) {
                if !each(memo_json(record)) {
                    return Ok(());
                }
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// What is said of an id that names no memo.
pub(crate) fn unknown(id: &str) -> String {
    format!("there is no memo {:?}", shown(id))
}

/// As much of what somebody typed as is of use.
fn shown(id: &str) -> String {
    id.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
