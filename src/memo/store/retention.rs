//! What a mailbox keeps: a value that says which memos have to go. It deletes nothing itself.

use crate::memo::key::MemoId;
use crate::memo::record::Millis;
use std::time::{Duration, SystemTime};

/// What a mailbox keeps; everything by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Nothing older than this.
    pub keep: Option<Duration>,
    /// Only so many of the newest.
    pub memos: Option<u64>,
    /// Only so many bytes of the newest.
    pub bytes: Option<u64>,
}

/// A memo as it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Which.
    pub id: MemoId,
    /// When it was recorded.
    pub created_at: Millis,
    /// Bytes of it and its shares.
    pub bytes: u64,
}

impl Retention {
    /// Whether there is any bound.
    pub fn is_bounded(&self) -> bool {
        *self != Retention::default()
    }

    /// Which memos have to go, of those of one mailbox, given newest first. The newest stays whatever its size, so that a
    /// bound that is too small does not make a mailbox deaf.
    pub fn decide(&self, memos: impl IntoIterator<Item = Kept>, now: SystemTime) -> Vec<MemoId> {
        let oldest = self.keep.map(|keep| {
            let since = now.checked_sub(keep).unwrap_or(SystemTime::UNIX_EPOCH);
            Millis::from_time(since)
        });
        let mut gone = Vec::new();
        let (mut count, mut bytes) = (0_u64, 0_u64);
        // The first that has no room ends it: an older one that is smaller does not outlive it.
        let mut full = false;
        for memo in memos {
            let too_old = oldest.is_some_and(|oldest| memo.created_at < oldest);
            full |= self.memos.is_some_and(|most| count >= most);
            let with_it = bytes.saturating_add(memo.bytes);
            full |= count > 0 && self.bytes.is_some_and(|most| with_it > most);
            if too_old || full {
                gone.push(memo.id);
            } else {
                count += 1;
                bytes = with_it;
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: u64 = 86_400;

    fn memo(number: u8, age_days: u64, bytes: u64) -> Kept {
        Kept {
            id: MemoId::from_bytes([number; 16]),
            created_at: Millis((1_000 - age_days) * DAY * 1_000),
            bytes,
        }
    }

    fn decide(retention: Retention, memos: &[Kept]) -> Vec<u8> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 * DAY);
        let gone = retention.decide(memos.iter().copied(), now);
        gone.iter().map(|id| id.as_bytes()[0]).collect()
    }

    #[test]
    fn each_bound_takes_the_oldest() {
        let memos = [memo(1, 0, 100), memo(2, 1, 50), memo(3, 2, 100), memo(4, 3, 1)];
        let unbounded = Retention::default();
        assert!(!unbounded.is_bounded());
        assert!(decide(unbounded, &memos).is_empty());
        let by_age = Retention {
            keep: Some(Duration::from_secs(2 * DAY)),
            ..unbounded
        };
        assert_eq!(
            decide(by_age, &memos),
            [4],
            "one that is just as old as that stays"
        );
        let by_number = Retention {
            memos: Some(2),
            ..unbounded
        };
        assert_eq!(decide(by_number, &memos), [3, 4]);
        let by_size = Retention {
            bytes: Some(200),
            ..unbounded
        };
        assert_eq!(
            decide(by_size, &memos),
            [3, 4],
            "the fourth would have room, but is older"
        );
        let all = Retention {
            keep: Some(Duration::from_secs(DAY / 2)),
            memos: Some(3),
            bytes: Some(1_000),
        };
        assert_eq!(decide(all, &memos), [2, 3, 4]);
    }

    #[test]
    fn the_newest_stays_however_large_it_is() {
        let retention = Retention {
            bytes: Some(10),
            ..Retention::default()
        };
        assert_eq!(decide(retention, &[memo(1, 0, 100), memo(2, 1, 1)]), [2]);
    }

    proptest! {
        /// What stays is within the bounds, and is the newest part.
        #[test]
        fn what_stays_is_the_newest_part_within_the_bounds(
            sizes in proptest::collection::vec((0..30_u64, 0..100_u64), 0..40),
            days in proptest::option::of(0..30_u64),
            memos in proptest::option::of(1..20_u64),
            bytes in proptest::option::of(1..500_u64),
        ) {
            let mut list: Vec<Kept> =
                sizes.iter().enumerate().map(|(n, (age, size))| memo(n as u8, *age, *size)).collect();
            list.sort_by_key(|memo| std::cmp::Reverse((memo.created_at, memo.id)));
            let retention = Retention { keep: days.map(|days| Duration::from_secs(days * DAY)), memos, bytes };
            let gone = decide(retention, &list);
            let stays: Vec<&Kept> = list.iter().filter(|memo| !gone.contains(&memo.id.as_bytes()[0])).collect();
            prop_assert_eq!(stays.len() + gone.len(), list.len());
            prop_assert!(list.iter().zip(&stays).all(|(first, stays)| first == *stays));
            if let Some(memos) = memos {
                prop_assert!(stays.len() as u64 <= memos);
            }
            if let Some(bytes) = bytes {
                let sum: u64 = stays.iter().map(|memo| memo.bytes).sum();
                prop_assert!(sum <= bytes || stays.len() == 1);
            }
        }
    }
}
