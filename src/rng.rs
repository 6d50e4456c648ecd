//! Randomness for protocol identifiers: branches, tags, Call-IDs, RTP's random starts, jitter of back-offs.
//!
//! Seeded, so that a simulation replays from its seed. Key material never comes from here: `memo::key` asks
//! the operating system.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng};

/// A seeded, cryptographically strong generator. Strong, because a stranger who could predict a tag or an
/// SSRC could speak into somebody's call.
pub struct Rng(ChaCha12Rng);

impl Rng {
    /// A generator that always yields the same sequence for the same seed; for tests and simulations.
    pub fn from_seed(seed: u64) -> Self {
        Rng(ChaCha12Rng::seed_from_u64(seed))
    }

    /// A generator seeded by the operating system.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give: nothing sensible can run then.
    pub fn from_os() -> Self {
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).expect("the operating system gives random bytes");
        Rng(ChaCha12Rng::from_seed(seed))
    }

    /// A generator of its own for a part (a media worker, a call), derived from this one.
    pub fn fork(&mut self) -> Self {
        let mut seed = [0u8; 32];
        self.0.fill_bytes(&mut seed);
        Rng(ChaCha12Rng::from_seed(seed))
    }

    /// 64 random bits.
    pub fn u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// 32 random bits.
    pub fn u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// A number in `0..bound`; 0 where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias of the multiply-shift is below 2^-32 for every bound used here.
        ((u128::from(self.u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// `len` characters of `[a-z2-7]`, five random bits each: a SIP token that is also a host label.
    pub fn token(&mut self, len: usize) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        (0..len)
            .map(|_| char::from(ALPHABET[(self.u32() & 31) as usize]))
            .collect()
    }
}

impl std::fmt::Debug for Rng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rng")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let (mut a, mut b) = (Rng::from_seed(7), Rng::from_seed(7));
        assert_eq!(a.token(12), b.token(12));
        assert_eq!(a.u64(), b.u64());
        assert_ne!(Rng::from_seed(8).token(12), Rng::from_seed(7).token(12));
    }

    #[test]
    fn below_stays_below() {
        let mut rng = Rng::from_seed(1);
        assert!((0..1000).all(|_| rng.below(10) < 10));
        assert_eq!(rng.below(0), 0);
    }
}
