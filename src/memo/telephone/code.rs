//! The digits of a code, and what they become.

use super::lock::Parameters;
use crate::memo::key::secret_bytes;
use crate::memo::text::{self, SecretTextError};
use crate::memo::token::Verifier;
use crate::secret::Digits;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// Digits of a memo's locator.
pub const LOCATOR_DIGITS: usize = 6;
/// Digits of a memo's secret; those of a mailbox's at least.
pub const SECRET_DIGITS: usize = 16;
/// Digits of a mailbox's secret at most.
pub const SECRET_DIGITS_MOST: usize = 32;
/// Digits of a memo's code.
pub const CODE_DIGITS: usize = LOCATOR_DIGITS + SECRET_DIGITS;

/// Why digits are no code. It names none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodeError {
    /// Too few or too many.
    #[error("a memo's telephone code has 22 digits, a mailbox's 16 to 32: these are {0}")]
    Length(usize),
    /// One that is tried first: hardly a digit in it differs from the one before as the others do.
    #[error("this code is too easy to guess: let it be made by chance")]
    Easy,
    /// Not the text of digits at all.
    #[error("a telephone code is digits")]
    Malformed,
}

/// Which memo of a server a code opens: six digits, no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locator([u8; LOCATOR_DIGITS]);

impl Locator {
    /// One by chance; whether it is free, the store knows.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn generate() -> Self {
        Locator(std::array::from_fn(|_| random_digit()))
    }

    /// The number that they are.
    pub fn number(&self) -> u32 {
        self.0
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    }

    /// The six digits, in ASCII.
    pub fn as_bytes(&self) -> &[u8; LOCATOR_DIGITS] {
        &self.0
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).expect("digits are ASCII"))
    }
}

impl fmt::Debug for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Locator {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let digits: [u8; LOCATOR_DIGITS] = text.as_bytes().try_into().map_err(|_| CodeError::Malformed)?;
        match digits.iter().all(u8::is_ascii_digit) {
            true => Ok(Locator(digits)),
            false => Err(CodeError::Malformed),
        }
    }
}

impl serde::Serialize for Locator {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Locator {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The secret digits of a code: 16 of a memo's, 16 to 32 of a mailbox's.
pub struct CodeSecret(Digits);

impl CodeSecret {
    /// 16 digits by chance.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn generate() -> Self {
        loop {
            let mut digits = Digits::new();
            for _ in 0..SECRET_DIGITS {
                digits.push(char::from(random_digit()));
            }
            // Chance makes an easy one of some 400,000.
            if !is_easy(digits.expose().as_bytes()) {
                return CodeSecret(digits);
            }
        }
    }

    /// Those that somebody keyed.
    ///
    /// # Errors
    /// Too few or too many: then no lock can open by them.
    pub fn keyed(digits: Digits) -> Result<Self, CodeError> {
        match digits.len() {
            SECRET_DIGITS..=SECRET_DIGITS_MOST => Ok(CodeSecret(digits)),
            other => Err(CodeError::Length(other)),
        }
    }

    /// Those that an owner chose, for a lock to be made.
    ///
    /// # Errors
    /// Too few or too many, or one that a guesser tries first.
    pub fn chosen(digits: Digits) -> Result<Self, CodeError> {
        let secret = CodeSecret::keyed(digits)?;
        match is_easy(secret.0.expose().as_bytes()) {
            true => Err(CodeError::Easy),
            false => Ok(secret),
        }
    }

    /// The digits, to be told to the owner once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the code becomes under those parameters. Some tenth of a second and as much memory as they say, which is wiped.
    ///
    /// # Panics
    /// Never: parameters out of bounds cannot be made.
    pub fn derive(&self, parameters: &Parameters) -> Derived {
        let params = Params::new(parameters.m_kib(), parameters.t(), parameters.p(), Some(64))
            .expect("parameters are within Argon2's own bounds");
        // Ours, since the crate does not wipe what it allocates itself.
        let mut memory = Memory(vec![Block::default(); params.block_count()]);
        let mut bytes = Box::new([0u8; 64]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                self.0.expose().as_bytes(),
                parameters.salt(),
                &mut bytes[..],
                &mut memory.0,
            )
            .expect("the lengths of digits, salt and output are within Argon2's bounds");
        Derived(bytes)
    }
}

/// Argon2id's memory, wiped when dropped.
struct Memory(Vec<Block>);

impl Drop for Memory {
    fn drop(&mut self) {
        for block in &mut self.0 {
            block.zeroize();
        }
    }
}

/// A memo's code: where it is, and what opens it.
pub struct MemoCode {
    /// Which memo of the server's.
    pub locator: Locator,
    /// What opens it.
    pub secret: CodeSecret,
}

impl MemoCode {
    /// One by chance.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn generate() -> Self {
        MemoCode {
            locator: Locator::generate(),
            secret: CodeSecret::generate(),
        }
    }

    /// That of 22 digits.
    ///
    /// # Errors
    /// Fewer or more.
    pub fn keyed(digits: &Digits) -> Result<Self, CodeError> {
        if digits.len() != CODE_DIGITS {
            return Err(CodeError::Length(digits.len()));
        }
        let (locator, secret) = digits.split(LOCATOR_DIGITS);
        Ok(MemoCode {
            locator: locator.expose().parse()?,
            secret: CodeSecret::keyed(secret)?,
        })
    }

    /// The 22 digits, to be told to the owner once: `123456 1234 5678 1234 5678`.
    pub fn to_text(&self) -> Zeroizing<String> {
        // As long as it becomes: a text that grows leaves parts of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(CODE_DIGITS + SECRET_DIGITS / 4));
        text.push_str(std::str::from_utf8(&self.locator.0).expect("digits are ASCII"));
        for (n, digit) in self.secret.expose().chars().enumerate() {
            if n % 4 == 0 {
                text.push(' ');
            }
            text.push(digit);
        }
        text
    }
}

/// What a code becomes by Argon2id: W, under which the key is wrapped, and P, which proves the code. Wiped when dropped.
pub struct Derived(Box<[u8; 64]>);

impl Derived {
    /// W.
    pub(super) fn wrapping_key(&self) -> &[u8; 32] {
        self.0.first_chunk().expect("64 bytes hold 32")
    }

    /// P.
    pub fn proof(&self) -> Proof {
        let mut proof = Proof(Box::new([0; 32]));
        proof.0.copy_from_slice(&self.0[32..]);
        proof
    }
}

impl Drop for Derived {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

secret_bytes! {
    /// P: whoever shows it has keyed the code. A secret until the server has compared it.
    Proof
}

impl Proof {
    /// `proof_hash`.
    pub fn verifier(&self) -> Verifier {
        Verifier::of(self.bytes())
    }
}

/// An ASCII digit, each as likely as another.
fn random_digit() -> u8 {
    loop {
        let mut byte = Zeroizing::new([0u8; 1]);
        getrandom::fill(&mut byte[..]).expect("the operating system gives random bytes");
        // 250 to 255 would make the first six digits likelier.
        if byte[0] < 250 {
            return b'0' + byte[0] % 10;
        }
    }
}

/// Whether a guesser comes to it within the first few thousand: a few digits over and over, or a run up or down.
fn is_easy(digits: &[u8]) -> bool {
    /// A code by chance has the same digit two places on for one in ten of its digits; for three in four of them
    /// only once in some 400,000 codes.
    const ALIKE: usize = 4;
    (1..=ALIKE).any(|distance| {
        let mut steps = [0usize; 10];
        for pair in digits.windows(distance + 1) {
            steps[usize::from((10 + pair[distance] - pair[0]) % 10)] += 1;
        }
        let most = steps.into_iter().max().unwrap_or(0);
        most * 4 >= (digits.len() - distance) * 3
    })
}
