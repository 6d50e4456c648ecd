//! Requests about mailboxes, their owners' keys and what is sealed to them. No private key and no token ever comes here:
//! the commands make them, and send a public key and hashes.

use super::Request;
use crate::limits;
use crate::memo::envelope::Envelope;
use crate::memo::key::MemoId;
use crate::memo::owner::OwnerPublicKey;
use crate::memo::record::{Millis, Record};
use crate::memo::store::mailboxes::{Entry, Invite, OwnerKey};
use crate::memo::store::{Durable, Store};
use crate::memo::telephone::lock::TelephoneLock;
use crate::memo::token::Verifier;
use serde_json::{json, Value};
use std::convert::Infallible;
use std::path::Path;
use std::time::SystemTime;
use tracing::info;

/// Does it; none where the request is about something else.
pub(super) fn perform(
    request: &Request,
    store: &Store,
    each: &mut dyn FnMut(Value) -> bool,
) -> Option<Result<(), String>> {
    Some(match request {
        Request::MailboxList => list(store, each),
        Request::MailboxKey {
            name,
            kem,
            public_key,
            listing_token_hash,
            replace,
        } => OwnerPublicKey::from_text(*kem, public_key)
            .map_err(|error| error.to_string())
            .and_then(|public_key| {
                let key = OwnerKey::new(&public_key, verifier(listing_token_hash)?, SystemTime::now());
                set_key(store, name, &key, *replace)
            }),
        Request::MailboxInvite { name, token_hash } => invite(store, name, token_hash),
        Request::MailboxRemove { name } => remove(store, name),
        Request::MailboxOwner { name } => store
            .mailboxes()
            .get(name)
            .map_err(|error| error.to_string())
            .map(|entry| {
                each(entry.map_or(Value::Null, owner_json));
            }),
        Request::MailboxTelephone { name, lock } => telephone(store, name, lock.as_ref()),
        Request::MemoRecord { id } => record(store, id).map(|record| {
            // No line says that there is no such memo: who goes through a list tells one that went meanwhile from an error.
            if let Some(record) = record {
                each(json!(record));
            }
        }),
        Request::MemoReseal { id, envelope } => reseal(store, id, envelope),
        Request::MemosAdopt { folder } => adopt(store, folder, each),
        _ => return None,
    })
}

fn verifier(text: &str) -> Result<Verifier, String> {
    serde_json::from_value(json!(text)).map_err(|_| "not the hash of a token".to_owned())
}

fn list(store: &Store, each: &mut dyn FnMut(Value) -> bool) -> Result<(), String> {
    for entry in store.mailboxes().iter() {
        let (name, entry) = entry.map_err(|error| error.to_string())?;
        let page = store.list(Some(&name), None, 0);
        let memos = page.map_err(|error| error.to_string())?.total;
        if !each(entry_json(&name, &entry, memos)) {
            break;
        }
    }
    Ok(())
}

/// What the server knows of a mailbox's owner: nothing of it is secret, but the hash is nobody's business.
fn entry_json(name: &str, entry: &Entry, memos: usize) -> Value {
    let owner = entry.owner.as_ref();
    json!({
        "mailbox": name,
        "kem": owner.map(|owner| owner.kem),
        "public_key": owner.map(OwnerKey::public_key_text),
        "created_at": owner.map(|owner| owner.created_at.to_rfc3339()),
        "invited_until": entry.invite.as_ref().map(|invite| invite.expires_at.to_rfc3339()),
        "telephone": entry.telephone.is_some(),
        "memos": memos,
    })
}

/// Whom envelopes are sealed to, as an export has it: with the lock of the telephone code, which wraps the owner's seed.
fn owner_json(entry: Entry) -> Value {
    let Some(owner) = entry.owner else {
        return Value::Null;
    };
    let mut owner = json!(owner);
    if let Some(kept) = entry.telephone {
        owner["telephone"] = json!(kept.lock);
    }
    owner
}

fn set_key(store: &Store, name: &str, key: &OwnerKey, replace: bool) -> Result<(), String> {
    let changed = store.mailboxes().update(name, |entry| {
        if entry.owner.is_some() && !replace {
            return false;
        }
        entry.owner = Some(key.clone());
        entry.invite = None;
        // It opens the seed of the key before.
        entry.telephone = None;
        true
    });
    match changed.map_err(|error| error.to_string())? {
        true => {
            info!(mailbox = name, kem = %key.kem, "the mailbox has a new owner's key");
            Ok(())
        }
        false => Err(has_key(name)),
    }
}

/// What is said where a mailbox has a key and should have none.
fn has_key(name: &str) -> String {
    format!("the mailbox {name} has a key already; `obelus mailbox rotate {name}` makes another in its place")
}

fn invite(store: &Store, name: &str, token_hash: &str) -> Result<(), String> {
    let invite = Invite {
        token_hash: verifier(token_hash)?,
        expires_at: Millis::from_time(SystemTime::now() + limits::INVITE_TIME),
    };
    let changed = store.mailboxes().update(name, |entry| {
        if entry.owner.is_some() {
            return false;
        }
        entry.invite = Some(invite.clone());
        true
    });
    match changed.map_err(|error| error.to_string())? {
        true => Ok(()),
        false => Err(has_key(name)),
    }
}

/// The lock comes made: the code and the seed are the command's.
fn telephone(store: &Store, name: &str, lock: Option<&Value>) -> Result<(), String> {
    let lock: Option<TelephoneLock> = lock
        .map(|lock| serde_json::from_value(lock.clone()))
        .transpose()
        .map_err(|error| error.to_string())?;
    if lock.as_ref().is_some_and(|lock| lock.locator().is_some()) {
        return Err("this is the lock of a memo".to_owned());
    }
    let set = store.telephone().set_mailbox(name, lock.as_ref());
    match set.map_err(|error| error.to_string())? {
        true => Ok(()),
        false => Err(format!("the mailbox {name} has no key")),
    }
}

fn remove(store: &Store, name: &str) -> Result<(), String> {
    match store
        .mailboxes()
        .remove(name)
        .map_err(|error| error.to_string())?
    {
        true => {
            info!(mailbox = name, "the mailbox's owner is forgotten");
            Ok(())
        }
        false => Err(format!("the mailbox {name:?} has no key")),
    }
}

fn record(store: &Store, id: &str) -> Result<Option<Record>, String> {
    id.parse()
        .map_or(Ok(None), |id| store.get(&id))
        .map_err(|error| error.to_string())
}

fn reseal(store: &Store, id: &MemoId, envelope: &Envelope) -> Result<(), String> {
    if !envelope.is_plausible() {
        return Err("not a sealed envelope".to_owned());
    }
    // Until it is durable the old one stands there, which opens with the old key.
    let changed = store.update(id, Durable::Soon, |record| {
        record.sealed_envelope = Some(envelope.clone());
        Ok::<(), Infallible>(())
    });
    match changed.map_err(|error| error.to_string())? {
        Some(_) => Ok(()),
        None => Err(super::unknown(&id.to_string())),
    }
}

fn adopt(store: &Store, folder: &Path, each: &mut dyn FnMut(Value) -> bool) -> Result<(), String> {
    let adopted = store.adopt(folder).map_err(|error| error.to_string())?;
    info!(memos = adopted.stored, "memos were imported");
    each(json!(adopted));
    Ok(())
}
