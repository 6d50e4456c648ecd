//! `obelus memo open ID --owner INBOX_LINK`: what an owner's link opens.

use crate::cli::door::Door;
use crate::cli::secret_argument::inbox_link;
use crate::config::Config;
use crate::io::control;
use crate::memo::envelope;
use crate::memo::key::{MemoId, MemoKey};
use crate::memo::open;
use crate::memo::record::Record;
use crate::memo::store::staging::read_body;
use zeroize::Zeroizing;

/// The audio of a memo of this store.
pub(super) fn open_memo(config: &Config, id: &str, owner: String) -> Result<Zeroizing<Vec<u8>>, String> {
    let owner = inbox_link(owner)?;
    let id: MemoId = id
        .parse()
        .map_err(|_| format!("{id:?} is not the id of a memo"))?;
    let record = Door::open(config)?
        .record(id.to_string())?
        .ok_or_else(|| control::unknown(&id.to_string()))?;
    let sealed = record
        .sealed_envelope
        .as_ref()
        .ok_or("nothing was sealed to an owner for this memo: only its own link opens it")?;
    let mut failure = None;
    for seed in &owner.seeds {
        match envelope::open(seed, &id, sealed) {
            Ok(contents) => return open_body(config, &record, &contents.key),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.map_or_else(|| "the link has no key".to_owned(), |error| error.to_string()))
}

/// From the body's file: a switch that runs holds the store, but bodies never change.
fn open_body(config: &Config, record: &Record, key: &MemoKey) -> Result<Zeroizing<Vec<u8>>, String> {
    let (_, ciphertext) = read_body(&config.store.path, &record.id).map_err(|error| error.to_string())?;
    let encryption = record.metadata.encryption;
    open::open_as(encryption, key, &record.encryption_iv, ciphertext).map_err(|error| error.to_string())
}
