//! Who of other domains gets a memo by its telephone code: decisions over the store, without HTTP.
//!
//! The code itself never comes here: the other domain computes what it becomes, shows the proof, and gets the key as it
//! lies wrapped beside the ciphertext. A memo that may not go to that domain, or whose mailbox takes no codes, is as one
//! that does not exist, and its lock counts nothing: so only domains that would get the memo can use its attempts up.

use super::server::{give_out, Refusal};
use super::{domain::Domain, policy::Asker, policy::Policy};
use crate::memo::record::{Millis, Record};
use crate::memo::store::{Ciphertext, Store, StoreError};
use crate::memo::telephone::code::{Locator, Proof};
use crate::memo::telephone::lock::{Parameters, Wrapped};
use std::time::SystemTime;

/// Who asks, and what the configuration says of it.
pub struct Asked<'a> {
    /// The domain, proven.
    pub domain: Domain,
    /// Which domains get which memo.
    pub policy: &'a Policy,
    /// Whether memos of that mailbox are opened by codes.
    pub takes_codes: &'a dyn Fn(&str) -> bool,
}

impl Asked<'_> {
    fn permits(&self, record: &Record) -> bool {
        let asker = Asker::Signed(self.domain.clone());
        record.user_id.as_deref().is_some_and(self.takes_codes) && self.policy.allows(record, &asker)
    }
}

/// A memo that a code has opened.
#[derive(Debug)]
pub struct Unlocked {
    /// Its record, as it was before this access was counted.
    pub record: Record,
    /// Its key, for who has keyed the code.
    pub wrapped: Wrapped,
    /// Its ciphertext with the tag.
    pub ciphertext: Ciphertext,
}

/// How the code of a locator becomes a key; of a locator that opens nothing here, something that looks the same. Blocks on
/// the disk.
///
/// # Errors
/// A disk that fails.
pub fn parameters(store: &Store, locator: Locator, asked: &Asked<'_>) -> Result<Parameters, StoreError> {
    store
        .telephone()
        .parameters(locator, |record| asked.permits(record))
}

/// Compares a proof with the lock of a locator, counts where it is wrong, and gives the memo where it is right, which is
/// an access. Blocks on the disk.
///
/// # Errors
/// Why not. [`Refusal::Unknown`] for a wrong proof, a locator that opens nothing here, and a lock that waits.
pub fn open(
    store: &Store,
    locator: Locator,
    proof: &Proof,
    asked: &Asked<'_>,
    now: SystemTime,
) -> Result<Unlocked, Refusal> {
    let opened = store
        .telephone()
        .open(locator, proof, now, |record| asked.permits(record));
    let opened = opened.map_err(Refusal::Failed)?.map_err(|_| Refusal::Unknown)?;
    let record = opened.record;
    match record.expires_at {
        Some(expiry) if expiry <= Millis::from_time(now) => return Err(Refusal::Expired(expiry)),
        _ if record.is_expired(now) => return Err(Refusal::UsedUp),
        _ => {}
    }
    let ciphertext = give_out(store, &record, now)?;
    Ok(Unlocked {
        record,
        wrapped: opened.wrapped,
        ciphertext,
    })
}
