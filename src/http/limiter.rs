//! Bounds on attempts, so that guessing a secret over the network is hopeless twice over.
//!
//! An address has an allowance of requests. A memo has an allowance of wrong proofs; where that is used up, an address
//! that was wrong about this memo before is refused, while one that was not gets its attempt: so a stranger who guesses
//! does not lock out the person who holds the link. The same holds of a mailbox and its owner's token, and of the
//! operator's. All tables are bounded; IPv6 addresses count by their /64.
//!
//! An address has an allowance of wrong tokens for mailboxes too, whichever they name: so names at random cost it as much
//! as one, and do not push others out of the tables. Where it is used up, only who was right from there before gets in.

use crate::limits;
use crate::memo::key::MemoId;
use crate::time::{Duration, Instant};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

/// How fast an allowance fills, and how far.
#[derive(Clone, Copy)]
struct Rate {
    burst: u32,
    every: Duration,
}

/// Requests of one address: a page makes one for each memo it plays.
const ADDRESS: Rate = Rate {
    burst: 60,
    every: Duration::from_millis(500),
};
/// Wrong proofs for one memo or mailbox, from everywhere.
const SUBJECT: Rate = Rate {
    burst: 20,
    every: Duration::from_secs(6),
};
/// Wrong proofs of one address for one of these: what makes it a suspect while the allowance for it is used up.
const SUSPECT: Rate = Rate {
    burst: 1,
    every: Duration::from_secs(600),
};

/// Wrong tokens of one address, for whichever mailbox: many, since others may be behind it.
const WRONG: Rate = Rate {
    burst: 120,
    every: Duration::from_secs(2),
};
/// What is remembered of an address that was right about a mailbox: that it was, for a day.
const RIGHT: Rate = Rate {
    burst: 1,
    every: Duration::from_secs(86_400),
};

/// Requests of a mailbox's owner: a long list is many pages, and each mark a request.
const OWNER: Rate = Rate {
    burst: 2_000,
    every: Duration::from_millis(20),
};
/// Memos that one address leaves in a browser.
const UPLOADS: Rate = Rate {
    burst: 20,
    every: Duration::from_secs(180),
};
/// What those hold together, in units of `UPLOAD_UNIT_BYTES`: 256 MiB, and as much again each day.
const UPLOADED: Rate = Rate {
    burst: 4_096,
    every: Duration::from_micros(86_400_000_000 / 4_096),
};
/// Bytes that count as one.
const UPLOAD_UNIT_BYTES: u64 = 64 * 1024;
/// Wrong telephone codes that one domain shows, or one address: each also counts against the memo's lock, of which a
/// stranger could otherwise have every one wait.
const CODES: Rate = Rate {
    burst: 30,
    every: Duration::from_secs(60),
};

/// What somebody may be wrong about: a memo's key, or a mailbox's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Subject([u8; 16]);

impl Subject {
    fn memo(id: MemoId) -> Self {
        Subject(*id.as_bytes())
    }

    /// The operator, whose name no mailbox's hash is but by chance.
    const OPERATOR: Subject = Subject([0xff; 16]);

    /// A mailbox counts by its name's hash, so that a long name takes no more room.
    fn mailbox(name: &str) -> Self {
        let mut first = [0; 16];
        first.copy_from_slice(&Sha256::digest(name)[..16]);
        Subject(first)
    }
}

/// The tables.
#[derive(Default)]
pub(super) struct Limiter {
    addresses: Table<IpAddr>,
    subjects: Table<Subject>,
    suspects: Table<(Subject, IpAddr)>,
    wrong: Table<IpAddr>,
    right: Table<(Subject, IpAddr)>,
    owners: Table<Subject>,
    uploads: Table<IpAddr>,
    uploaded: Table<IpAddr>,
    codes: Table<Subject>,
}

impl Limiter {
    /// Takes one request off the address's allowance.
    ///
    /// # Errors
    /// How long to wait, where there is none left.
    pub(super) fn request(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.addresses.take(network(address), ADDRESS, now)
    }

    /// Whether this address may try to prove something about this memo.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn attempt(&mut self, memo: MemoId, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.may_try(Subject::memo(memo), address, now)
    }

    /// Notes that this address was wrong about this memo, whether the memo exists or not.
    pub(super) fn wrong(&mut self, memo: MemoId, address: IpAddr, now: Instant) {
        self.was_wrong(Subject::memo(memo), address, now);
    }

    /// Whether this address may try to prove that it is this mailbox's owner.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn may_prove(&mut self, mailbox: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.may_show(Subject::mailbox(mailbox), address, now)
    }

    /// Notes that this address was wrong about this mailbox, whether the mailbox exists or not.
    pub(super) fn wrong_owner(&mut self, mailbox: &str, address: IpAddr, now: Instant) {
        self.showed_wrong(Subject::mailbox(mailbox), address, now);
    }

    /// Whether this address may try to prove that it is the operator's.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn may_prove_operator(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.may_show(Subject::OPERATOR, address, now)
    }

    /// Notes that this address was wrong about the operator's token.
    pub(super) fn wrong_operator(&mut self, address: IpAddr, now: Instant) {
        self.showed_wrong(Subject::OPERATOR, address, now);
    }

    /// Notes that this address was right about it.
    pub(super) fn operator(&mut self, address: IpAddr, now: Instant) {
        self.showed_right(Subject::OPERATOR, address, now);
    }

    fn may_show(&mut self, subject: Subject, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let network = network(address);
        let wait = self.wrong.wait(&network, WRONG, now);
        let was_right = self.right.wait(&(subject, network), RIGHT, now) > Duration::ZERO;
        match wait {
            Duration::ZERO => self.may_try(subject, address, now),
            _ if was_right => self.may_try(subject, address, now),
            _ => Err(wait),
        }
    }

    fn showed_wrong(&mut self, subject: Subject, address: IpAddr, now: Instant) {
        let _ = self.wrong.take(network(address), WRONG, now);
        self.was_wrong(subject, address, now);
    }

    fn showed_right(&mut self, subject: Subject, address: IpAddr, now: Instant) {
        // Taken already where it is remembered.
        let _ = self.right.take((subject, network(address)), RIGHT, now);
    }

    /// Takes one request off the allowance of a mailbox's owner, who has proved to be that from this address.
    ///
    /// # Errors
    /// How long to wait, where there is none left.
    pub(super) fn owner(&mut self, mailbox: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.showed_right(Subject::mailbox(mailbox), address, now);
        self.owners.take(Subject::mailbox(mailbox), OWNER, now)
    }

    /// Takes one memo off what the address may leave in an hour.
    ///
    /// # Errors
    /// How long to wait, where there is none left.
    pub(super) fn upload(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.uploads.take(network(address), UPLOADS, now)
    }

    /// Takes a memo's bytes off what the address may leave in a day.
    ///
    /// # Errors
    /// How long to wait, where not so many are left.
    pub(super) fn uploaded(&mut self, address: IpAddr, bytes: u64, now: Instant) -> Result<(), Duration> {
        let units = u32::try_from(bytes.div_ceil(UPLOAD_UNIT_BYTES)).unwrap_or(u32::MAX);
        self.uploaded.take_many(network(address), units, UPLOADED, now)
    }

    /// Takes one wrong telephone code off the allowances of a domain and its address, before it is known to be wrong:
    /// those who try at once must not all pass.
    ///
    /// # Errors
    /// How long to wait, where one of them has none left.
    pub(super) fn code(&mut self, domain: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let askers = code_askers(domain, address);
        let waits = askers.iter().map(|asker| self.codes.wait(asker, CODES, now));
        match waits.max().unwrap_or_default() {
            Duration::ZERO => askers
                .into_iter()
                .try_for_each(|asker| self.codes.take(asker, CODES, now)),
            wait => Err(wait),
        }
    }

    /// Gives it back: the code was right.
    pub(super) fn code_was_right(&mut self, domain: &str, address: IpAddr) {
        for asker in code_askers(domain, address) {
            self.codes.give_back(&asker, CODES);
        }
    }

    fn may_try(&self, subject: Subject, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let suspect = self.suspects.wait(&(subject, network(address)), SUSPECT, now);
        let subject = self.subjects.wait(&subject, SUBJECT, now);
        match suspect.min(subject) {
            Duration::ZERO => Ok(()),
            _ => Err(subject),
        }
    }

    fn was_wrong(&mut self, subject: Subject, address: IpAddr, now: Instant) {
        let _ = self.subjects.take(subject, SUBJECT, now);
        let _ = self.suspects.take((subject, network(address)), SUSPECT, now);
    }
}

/// Who shows a telephone code: the domain, and where it asks from.
fn code_askers(domain: &str, address: IpAddr) -> [Subject; 2] {
    // No domain has a space in it.
    [
        Subject::mailbox(domain),
        Subject::mailbox(&format!("address {}", network(address))),
    ]
}

/// What counts as one asker: an IPv4 address, or the /64 that one subscriber has of IPv6.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
        v4 => v4,
    }
}

/// Allowances by key, bounded: when the young half is full it becomes the old half, and the old half, not asked for
/// since, is forgotten. What is forgotten has a full allowance again.
struct Table<K> {
    young: HashMap<K, Instant>,
    old: HashMap<K, Instant>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Table {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl<K: Eq + Hash> Table<K> {
    /// An allowance is kept as the time at which it will be full again (the generic cell rate algorithm): one number,
    /// nothing to refill.
    fn full_at(&self, key: &K, now: Instant) -> Instant {
        let known = self.young.get(key).or_else(|| self.old.get(key));
        known.copied().unwrap_or(now).max(now)
    }

    /// How long until the key has something left; zero where it has.
    fn wait(&self, key: &K, rate: Rate, now: Instant) -> Duration {
        self.wait_for(key, 1, rate, now)
    }

    fn wait_for(&self, key: &K, units: u32, rate: Rate, now: Instant) -> Duration {
        let after = self.full_at(key, now) + rate.every * units;
        after.since(now).saturating_sub(rate.every * rate.burst)
    }

    fn take(&mut self, key: K, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.take_many(key, 1, rate, now)
    }

    /// Undoes a `take`.
    fn give_back(&mut self, key: &K, rate: Rate) {
        if let Some(full_at) = self.young.get_mut(key).or_else(|| self.old.get_mut(key)) {
            let before = full_at.since(Instant::ZERO).saturating_sub(rate.every);
            *full_at = Instant::ZERO + before;
        }
    }

    fn take_many(&mut self, key: K, units: u32, rate: Rate, now: Instant) -> Result<(), Duration> {
        let wait = self.wait_for(&key, units, rate, now);
        if wait > Duration::ZERO {
            return Err(wait);
        }
        let full_at = self.full_at(&key, now) + rate.every * units;
        if self.young.len() >= limits::HTTP_LIMITER_ENTRIES {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_a_burst_and_then_one_request_each_half_second() {
        let mut limiter = Limiter::default();
        let (mine, other) = (address("192.0.2.1"), address("192.0.2.2"));
        let start = Instant::from_secs(1);
        for _ in 0..60 {
            assert_eq!(limiter.request(mine, start), Ok(()));
        }
        assert_eq!(limiter.request(mine, start), Err(Duration::from_millis(500)));
        assert_eq!(limiter.request(other, start), Ok(()));
        let later = start + Duration::from_millis(500);
        assert_eq!(limiter.request(mine, later), Ok(()));
        assert!(limiter.request(mine, later).is_err());
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_asker() {
        let mut limiter = Limiter::default();
        let now = Instant::ZERO;
        for i in 0..60 {
            assert_eq!(limiter.request(address(&format!("2001:db8::{i:x}")), now), Ok(()));
        }
        assert!(limiter.request(address("2001:db8::ffff"), now).is_err());
        assert_eq!(limiter.request(address("2001:db8:0:1::1"), now), Ok(()));
    }

    #[test]
    fn a_domain_and_an_address_have_so_many_wrong_codes_and_right_ones_cost_nothing() {
        let mut limiter = Limiter::default();
        let (here, there) = (address("192.0.2.1"), address("192.0.2.2"));
        let now = Instant::from_secs(1_000);
        for _ in 0..100 {
            assert_eq!(limiter.code("a.example", here, now), Ok(()));
            limiter.code_was_right("a.example", here);
        }
        for _ in 0..30 {
            assert_eq!(limiter.code("a.example", here, now), Ok(()));
        }
        let wait = Err(Duration::from_secs(60));
        assert_eq!(
            limiter.code("a.example", there, now),
            wait,
            "wherever it asks from"
        );
        assert_eq!(
            limiter.code("b.example", here, now),
            wait,
            "whatever it is called"
        );
        assert_eq!(limiter.code("b.example", there, now), Ok(()));
        let later = now + Duration::from_secs(60);
        assert_eq!(limiter.code("a.example", here, later), Ok(()));
        assert!(limiter.code("a.example", here, later).is_err());
    }

    #[test]
    fn guessing_does_not_lock_out_who_holds_the_link() {
        let mut limiter = Limiter::default();
        let memo = MemoId::from_bytes([7; 16]);
        let now = Instant::ZERO;
        let guesser = address("192.0.2.1");
        for _ in 0..20 {
            assert_eq!(limiter.attempt(memo, guesser, now), Ok(()));
            limiter.wrong(memo, guesser, now);
        }
        assert_eq!(limiter.attempt(memo, guesser, now), Err(Duration::from_secs(6)));
        assert_eq!(limiter.attempt(memo, address("192.0.2.2"), now), Ok(()));
        assert_eq!(limiter.attempt(MemoId::from_bytes([8; 16]), guesser, now), Ok(()));
    }

    #[test]
    fn guessing_does_not_lock_out_a_mailboxs_owner() {
        let mut limiter = Limiter::default();
        let (guesser, owner) = (address("192.0.2.1"), address("192.0.2.2"));
        let now = Instant::ZERO;
        for _ in 0..20 {
            assert_eq!(limiter.may_prove("main", guesser, now), Ok(()));
            limiter.wrong_owner("main", guesser, now);
        }
        assert_eq!(
            limiter.may_prove("main", guesser, now),
            Err(Duration::from_secs(6))
        );
        assert_eq!(limiter.may_prove("office", guesser, now), Ok(()));
        assert_eq!(limiter.may_prove("main", owner, now), Ok(()));
        assert_eq!(limiter.owner("main", owner, now), Ok(()));
    }

    #[test]
    fn names_at_random_cost_an_address_as_much_as_one_and_its_owners_get_in() {
        let mut limiter = Limiter::default();
        let (here, there) = (address("192.0.2.1"), address("192.0.2.2"));
        let now = Instant::from_secs(1_000);
        assert_eq!(limiter.owner("main", here, now), Ok(()));
        for n in 0..120 {
            let mailbox = format!("guess-{n}");
            assert_eq!(limiter.may_prove(&mailbox, here, now), Ok(()));
            limiter.wrong_owner(&mailbox, here, now);
        }
        let wait = Err(Duration::from_secs(2));
        assert_eq!(limiter.may_prove("another", here, now), wait);
        assert_eq!(limiter.may_prove_operator(here, now), wait);
        assert_eq!(
            limiter.may_prove("main", here, now),
            Ok(()),
            "who was right before"
        );
        assert_eq!(limiter.may_prove("another", there, now), Ok(()));
        let later = now + Duration::from_secs(2);
        assert_eq!(limiter.may_prove("another", here, later), Ok(()));
    }

    #[test]
    fn guessing_does_not_lock_out_the_operator() {
        let mut limiter = Limiter::default();
        let (guesser, operator) = (address("192.0.2.1"), address("192.0.2.2"));
        let now = Instant::from_secs(1_000);
        for _ in 0..20 {
            assert_eq!(limiter.may_prove_operator(guesser, now), Ok(()));
            limiter.wrong_operator(guesser, now);
        }
        assert_eq!(
            limiter.may_prove_operator(guesser, now),
            Err(Duration::from_secs(6))
        );
        assert_eq!(limiter.may_prove_operator(operator, now), Ok(()));
    }

    #[test]
    fn an_address_leaves_so_many_memos_an_hour_and_so_many_bytes_a_day() {
        let mut limiter = Limiter::default();
        let (mine, other) = (address("192.0.2.1"), address("192.0.2.2"));
        let now = Instant::from_secs(1);
        for _ in 0..20 {
            assert_eq!(limiter.upload(mine, now), Ok(()));
        }
        assert_eq!(limiter.upload(mine, now), Err(Duration::from_secs(180)));
        assert_eq!(limiter.upload(other, now), Ok(()));
        const MIB: u64 = 1024 * 1024;
        for _ in 0..16 {
            assert_eq!(limiter.uploaded(mine, 16 * MIB, now), Ok(()));
        }
        assert!(limiter.uploaded(mine, 1, now).is_err());
        let next_day = now + Duration::from_secs(86_400);
        assert_eq!(limiter.uploaded(mine, 255 * MIB, next_day), Ok(()));
        assert!(limiter.uploaded(mine, 2 * MIB, next_day).is_err());
    }

    #[test]
    fn the_tables_are_bounded() {
        let mut table = Table::default();
        for key in 0..3 * limits::HTTP_LIMITER_ENTRIES {
            let _ = table.take(key, ADDRESS, Instant::ZERO);
        }
        assert!(table.young.len() + table.old.len() <= 2 * limits::HTTP_LIMITER_ENTRIES);
    }
}
