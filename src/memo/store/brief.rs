//! What the catalogue knows of a memo: a few bytes, so that a start reads those of every memo and nothing else.

use crate::memo::key::MemoId;
use crate::memo::record::{Millis, Record, Source};
use std::sync::Arc;

/// The version of the encoding, its first byte.
const VERSION: u8 = 1;
const HEARD: u8 = 1;
const USED_UP: u8 = 2;
const FLEETING: u8 = 4;
const EXPIRES: u8 = 8;
const SHARE: u8 = 16;
const LOCATOR: u8 = 32;
const MAILBOX: u8 = 64;
const SEALED: u8 = 128;

/// A memo in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// When it was recorded.
    pub created_at: Millis,
    /// The mailbox that it is in.
    pub mailbox: Option<Arc<str>>,
    /// Bytes of its ciphertext.
    pub size_bytes: u64,
    /// From when on it is no longer given out.
    pub expires_at: Option<Millis>,
    /// The memo that it is a copy of. In a box, since hardly any memo has one.
    pub share_of: Option<Box<MemoId>>,
    /// The digits by which a telephone finds it.
    pub locator: Option<u32>,
    /// Whether it has an envelope.
    pub sealed: bool,
    /// Whether its owner has listened to it.
    pub heard: bool,
    /// Whether it was fetched as often as it may be.
    pub used_up: bool,
    /// Whether it is of no use once it is used up: a share, or a memo that was left in a browser.
    pub fleeting: bool,
}

impl Brief {
    /// Of a record.
    pub(super) fn of(record: &Record) -> Self {
        Brief {
            created_at: record.created_at,
            mailbox: record.user_id.as_deref().map(Arc::from),
            size_bytes: record.file_size_bytes,
            expires_at: record.expires_at,
            share_of: record.metadata.share_of.map(Box::new),
            locator: record
                .telephone
                .as_ref()
                .and_then(|kept| kept.lock.locator())
                .map(|locator| locator.number()),
            heard: record.heard,
            sealed: record.sealed_envelope.is_some(),
            used_up: record
                .max_accesses
                .is_some_and(|most| record.access_count >= most),
            fleeting: matches!(record.metadata.source, Source::Web | Source::Share),
        }
    }

    /// Whether it stands in its mailbox's list, as shares do not.
    pub(super) fn is_listed(&self) -> bool {
        self.share_of.is_none()
    }

    /// Whether it was left in a browser.
    pub(super) fn is_from_browser(&self) -> bool {
        self.fleeting && self.share_of.is_none()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = flag(self.heard, HEARD)
            | flag(self.used_up, USED_UP)
            | flag(self.fleeting, FLEETING)
            | flag(self.expires_at.is_some(), EXPIRES)
            | flag(self.share_of.is_some(), SHARE)
            | flag(self.locator.is_some(), LOCATOR)
            | flag(self.mailbox.is_some(), MAILBOX)
            | flag(self.sealed, SEALED);
        let mut bytes = vec![VERSION, flags];
        bytes.extend(self.created_at.0.to_le_bytes());
        bytes.extend(self.size_bytes.to_le_bytes());
        if let Some(expiry) = self.expires_at {
            bytes.extend(expiry.0.to_le_bytes());
        }
        if let Some(original) = &self.share_of {
            bytes.extend(original.as_bytes());
        }
        if let Some(locator) = self.locator {
            bytes.extend(locator.to_le_bytes());
        }
        // The name takes what is left.
        bytes.extend(self.mailbox.as_deref().unwrap_or_default().as_bytes());
        bytes
    }

    /// None for anything that [`Brief::encode`] does not write.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[VERSION, flags], mut rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let has = |flag: u8| flags & flag != 0;
        fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
            let (taken, left) = rest.split_first_chunk()?;
            *rest = left;
            Some(*taken)
        }
        let created_at = Millis(u64::from_le_bytes(take(&mut rest)?));
        let size_bytes = u64::from_le_bytes(take(&mut rest)?);
        let expires_at = match has(EXPIRES) {
            true => Some(Millis(u64::from_le_bytes(take(&mut rest)?))),
            false => None,
        };
        let share_of = match has(SHARE) {
            true => Some(Box::new(MemoId::from_bytes(take(&mut rest)?))),
            false => None,
        };
        let locator = match has(LOCATOR) {
            true => Some(u32::from_le_bytes(take(&mut rest)?)),
            false => None,
        };
        let name = std::str::from_utf8(rest).ok()?;
        Some(Brief {
            created_at,
            mailbox: has(MAILBOX).then(|| name.into()),
            size_bytes,
            expires_at,
            share_of,
            locator,
            sealed: has(SEALED),
            heard: has(HEARD),
            used_up: has(USED_UP),
            fleeting: has(FLEETING),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        pub(in crate::memo::store) fn any_brief()(
            created_at in 0..50_u64,
            mailbox in proptest::option::of("[ab]"),
            size_bytes in 0..1_000_u64,
            expires_at in proptest::option::of(0..50_u64),
            share_of in proptest::option::weighted(0.2, 0..8_u8),
            locator in proptest::option::weighted(0.2, 0..8_u32),
            sealed: bool,
            heard: bool,
            used_up: bool,
            fleeting: bool,
        ) -> Brief {
            Brief {
                created_at: Millis(created_at),
                mailbox: mailbox.map(|name| name.as_str().into()),
                size_bytes,
                expires_at: expires_at.map(Millis),
                share_of: share_of.map(|byte| Box::new(MemoId::from_bytes([byte; 16]))),
                locator,
                sealed,
                heard,
                used_up,
                fleeting,
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(brief in any_brief()) {
            prop_assert_eq!(Brief::decode(&brief.encode()), Some(brief));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for bytes in [
            &b""[..],
            b"\x01",
            b"\x02\x00",
            b"\x01\x0812345678",
            b"\x01\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff",
        ] {
            assert_eq!(Brief::decode(bytes), None);
        }
    }
}
