//! Numbers, amounts, and texts character by character.

use super::grammar::Grammar;
use super::rules::{Saying, SetName};

/// Which letters are told to be small or capital when a text is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// None.
    None,
    /// Small ones.
    Lower,
    /// Capitals.
    Upper,
    /// All.
    All,
}

impl Case {
    fn is_told(self, capital: bool) -> bool {
        match self {
            Case::None => false,
            Case::Lower => !capital,
            Case::Upper => capital,
            Case::All => true,
        }
    }
}

impl Grammar {
    fn by(&self, set: &str, gender: Option<char>, value: i64) -> Option<Vec<String>> {
        let mut saying = Saying::new(self);
        saying.say(&SetName::new(set, gender), value)?;
        Some(saying.sounds)
    }

    /// A whole number; `None` where it is too great.
    pub fn number(&self, value: i64, gender: Option<char>) -> Option<Vec<String>> {
        self.by("number", gender, value)
    }

    /// A place in an order: third, thirty-fifth.
    pub fn ordinal(&self, value: i64, gender: Option<char>) -> Option<Vec<String>> {
        self.by("ordinal", gender, value)
    }

    /// An amount of money, in hundredths.
    pub fn money(&self, hundredths: i64) -> Option<Vec<String>> {
        self.by("money", None, hundredths)
    }

    /// The sound for a noun when so many are counted: `call`, `calls`.
    pub fn noun(&self, count: i64, noun: &str) -> Option<Vec<String>> {
        let mut saying = Saying::of(self, noun);
        saying.say(&SetName::plain("noun"), count)?;
        Some(saying.sounds)
    }

    /// The sound for an adjective when so many are counted.
    pub fn adjective(&self, count: i64, adjective: &str, gender: Option<char>) -> Option<Vec<String>> {
        let mut saying = Saying::of(self, adjective);
        saying.say(&SetName::new("adjective", gender), count)?;
        Some(saying.sounds)
    }

    /// Digits one by one, with `*`, `#` and `-`; other characters are left out.
    pub fn digits(&self, text: &str) -> Vec<String> {
        let sounds = text.chars().filter_map(|c| self.spell("digit", c));
        sounds.collect()
    }

    /// A text character by character. One that is neither listed nor a graphic of ASCII is left out.
    pub fn characters(&self, text: &str, case: Case) -> Vec<String> {
        let mut sounds = Vec::new();
        for c in text.chars() {
            if c.is_alphabetic() && case.is_told(c.is_uppercase()) {
                let word = if c.is_uppercase() {
                    "uppercase"
                } else {
                    "lowercase"
                };
                sounds.extend(self.named("character", word));
            }
            sounds.extend(self.spell("character", c).or_else(|| by_number(c)));
        }
        sounds
    }

    /// A text in the words of the phonetic alphabet.
    pub fn phonetic(&self, text: &str) -> Vec<String> {
        let sounds = text.chars().filter_map(|c| self.spell("phonetic", c));
        sounds.collect()
    }

    fn named(&self, section: &str, key: &str) -> Option<String> {
        self.spellings.get(section)?.get(key).cloned()
    }

    fn spell(&self, section: &str, c: char) -> Option<String> {
        let small: String = c.to_lowercase().collect();
        let key = if c == ' ' { "space" } else { small.as_str() };
        Some(self.named(section, key)?.replace('#', &small))
    }
}

/// Asterisk's name for the sound of a character that has no name.
fn by_number(c: char) -> Option<String> {
    c.is_ascii_graphic()
        .then(|| format!("letters/ascii{}", u32::from(c)))
}

/// An amount as it is written, in hundredths: `2`, `2.05`, `.42`. What is no digit ends it, as in Asterisk; `None`
/// where it is too great.
pub fn hundredths(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let whole = text.bytes().take_while(u8::is_ascii_digit).count();
    let amount: i64 = match &text[..whole] {
        "" => 0,
        digits => digits.parse().ok()?,
    };
    let mut fraction = text[whole..].strip_prefix('.').unwrap_or("").bytes();
    let mut digit = || {
        fraction
            .next()
            .filter(u8::is_ascii_digit)
            .map(|c| i64::from(c - b'0'))
    };
    // A tenth where only one digit follows the point; nothing where none does.
    let tenths = digit();
    let rest = tenths.and_then(|_| digit());
    let sum = amount
        .checked_mul(100)?
        .checked_add(tenths.unwrap_or(0) * 10 + rest.unwrap_or(0))?;
    Some(if negative { -sum } else { sum })
}
