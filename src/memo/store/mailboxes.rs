//! The registry of mailboxes that have an owner: a tree of its own, the mailbox's name and its [`Entry`] as JSON.
//!
//! The configuration says which mailboxes there are; this says to whom their envelopes are sealed and who may list them.
//! Every write is durable when it returns.

use super::{Store, StoreError};
use crate::limits;
use crate::memo::key::secret_bytes;
use crate::memo::owner::{Kem, OwnerPublicKey, OwnerSeed};
use crate::memo::record::Millis;
use crate::memo::telephone::lock::KeptLock;
use crate::memo::text::{self, SecretTextError};
use crate::memo::token::Verifier;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// A mailbox's owner, as the server knows them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OwnerKey {
    /// How envelopes are sealed.
    pub kem: Kem,
    /// To what: base64url.
    public_key: String,
    /// SHA-256 of the listing token.
    pub listing_token_hash: Verifier,
    /// Since when this is the key.
    pub created_at: Millis,
}

impl OwnerKey {
    /// A key that becomes a mailbox's at `now`.
    pub fn new(public_key: &OwnerPublicKey, listing_token_hash: Verifier, now: SystemTime) -> Self {
        OwnerKey {
            kem: public_key.kem(),
            public_key: public_key.to_text(),
            listing_token_hash,
            created_at: Millis::from_time(now),
        }
    }

    /// The public key as text: base64url without padding.
    pub fn public_key_text(&self) -> &str {
        &self.public_key
    }

    /// The public key, to seal to.
    ///
    /// # Errors
    /// What stands in the store is none.
    pub fn public_key(&self) -> Result<OwnerPublicKey, StoreError> {
        OwnerPublicKey::from_text(self.kem, &self.public_key)
            .map_err(|error| StoreError::Corrupt(format!("an owner's key: {error}")))
    }
}

/// The permission to set a mailbox's key once, from a browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Invite {
    /// SHA-256 of its token.
    pub token_hash: Verifier,
    /// From when on it is none.
    pub expires_at: Millis,
}

secret_bytes! {
    /// What a set-up link holds: whoever presents it first becomes the mailbox's owner.
    InviteToken
}

impl InviteToken {
    /// What the server keeps of it.
    pub fn verifier(&self) -> Verifier {
        Verifier::of(self.bytes())
    }
}

/// What is kept of a mailbox.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Its owner; none before a key was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerKey>,
    /// What a telephone code opens: the owner's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<KeptLock>,
    /// An open permission to make one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Invite>,
}

/// A handle on the registry of a store; cheap to clone.
#[derive(Clone)]
pub struct Mailboxes(pub(super) Store);

impl Mailboxes {
    fn tree(&self) -> &sled::Tree {
        &self.0.inner.mailboxes
    }

    /// What is kept of a mailbox; none for one that never had a key.
    ///
    /// # Errors
    /// A disk that fails, or a damaged entry.
    pub fn get(&self, name: &str) -> Result<Option<Entry>, StoreError> {
        self.tree().get(name)?.map(|bytes| decode(&bytes)).transpose()
    }

    /// A mailbox's owner, where it has one.
    ///
    /// # Errors
    /// As [`Mailboxes::get`].
    pub fn owner(&self, name: &str) -> Result<Option<OwnerKey>, StoreError> {
        Ok(self.get(name)?.and_then(|entry| entry.owner))
    }

    /// A mailbox's owner, or a decoy that takes as long to read, and whether there is one: for comparisons whose time
    /// must not tell whether a mailbox exists.
    ///
    /// # Errors
    /// As [`Mailboxes::get`].
    pub fn owner_or_decoy(&self, name: &str) -> Result<(OwnerKey, bool), StoreError> {
        static DECOY: OnceLock<Vec<u8>> = OnceLock::new();
        let decoy = DECOY.get_or_init(|| {
            let public_key = OwnerSeed::generate().public_key(Kem::XWing);
            let owner = OwnerKey::new(&public_key, Verifier::nothing(), SystemTime::UNIX_EPOCH);
            let entry = Entry {
                owner: Some(owner),
                invite: None,
                telephone: None,
            };
            serde_json::to_vec(&entry).expect("an entry becomes JSON")
        });
        let found = self.tree().get(name)?;
        let entry = decode(found.as_deref().unwrap_or(decoy))?;
        match entry.owner {
            Some(owner) => Ok((owner, found.is_some())),
            // Only invited so far.
            None => Ok((decode(decoy)?.owner.expect("the decoy has an owner"), false)),
        }
    }

    /// Permits to set this mailbox's key once, from a browser, within [`limits::INVITE_TIME`]; an earlier permission is
    /// none any more. The token stands in the set-up link and nowhere else.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn invite(&self, name: &str, now: SystemTime) -> Result<InviteToken, StoreError> {
        let token = InviteToken::generate();
        let invite = Invite {
            token_hash: token.verifier(),
            expires_at: Millis::from_time(now + limits::INVITE_TIME),
        };
        self.update(name, |entry| {
            entry.invite = Some(invite.clone());
            true
        })?;
        Ok(token)
    }

    /// Changes what is kept of a mailbox, atomically with other changes; `change` may be called more than once, starts
    /// from an empty entry where there is none, and says whether its result is to be kept. Durable when it returns.
    ///
    /// # Errors
    /// A disk that fails, or a damaged entry.
    pub fn update(&self, name: &str, mut change: impl FnMut(&mut Entry) -> bool) -> Result<bool, StoreError> {
        self.0.require_room(limits::INDEX_ROOM)?;
        let mut failure = None;
        let mut kept = false;
        self.tree().fetch_and_update(name, |old| {
            kept = false;
            let unchanged = old.map(<[u8]>::to_vec);
            let mut entry = match old.map(decode).transpose() {
                Ok(entry) => entry.unwrap_or_default(),
                Err(error) => {
                    failure = Some(error);
                    return unchanged;
                }
            };
            if !change(&mut entry) {
                return unchanged;
            }
            match serde_json::to_vec(&entry) {
                Ok(bytes) => {
                    kept = true;
                    Some(bytes)
                }
                Err(error) => {
                    failure = Some(StoreError::Corrupt(error.to_string()));
                    unchanged
                }
            }
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        if kept {
            self.0.keep_mailbox(name)?;
            self.0.sync()?;
        }
        Ok(kept)
    }

    /// Gives a mailbox its owner, in the place of the one before; an invitation is used up by it, and a telephone code,
    /// which opens the seed of the one before, is gone.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn set_owner(&self, name: &str, owner: OwnerKey) -> Result<(), StoreError> {
        self.update(name, |entry| {
            entry.owner = Some(owner.clone());
            entry.invite = None;
            entry.telephone = None;
            true
        })
        .map(drop)
    }

    /// Forgets a mailbox's owner; what was sealed to them stays so. `false` where there was nothing to forget.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn remove(&self, name: &str) -> Result<bool, StoreError> {
        self.0.require_room(limits::DELETION_ROOM)?;
        let was_there = self.tree().remove(name)?.is_some();
        self.0.keep_mailbox(name)?;
        self.0.sync()?;
        Ok(was_there)
    }

    /// Every mailbox of the registry, by name.
    pub fn iter(&self) -> impl Iterator<Item = Result<(String, Entry), StoreError>> + '_ {
        self.tree().iter().map(|entry| {
            let (name, bytes) = entry?;
            Ok((String::from_utf8_lossy(&name).into_owned(), decode(&bytes)?))
        })
    }
}

fn decode(bytes: &[u8]) -> Result<Entry, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt(format!("a mailbox's entry: {error}")))
}
