//! Rule sets: how a number becomes sounds.
//!
//! A row holds for numbers from its first column on, up to the next row's; the row `-` for those below zero. Its body
//! is what is said, in order:
//!
//! | written | said |
//! |---|---|
//! | `digits/#`, `digits/@`, `*s` | a sound; `#` is the number, `@` the number without its remainder, `*` a name that was given |
//! | `<`, `<set` | the quotient, by this set or by another |
//! | `>`, `>set` | the remainder, where it is not zero; in the row `-` the number without its sign |
//! | `=set` | the same number by another set |
//! | `[ a \| b ]` | a where there is a remainder, else b |
//! | `%ABd` | of a date: these letters of a format |
//! | `!` | nothing: such a number cannot be said |
//!
//! Quotient and remainder are those of the greatest power of ten that is not above the first column, or of the number
//! after a slash there: `80/20`. A gender goes on through `>` and `=`, not through `<`, and `=set:f` sets it. The
//! scheme is that of ICU's rule-based number formats, which spell numbers in scores of languages.

use super::grammar::Grammar;
use crate::limits;

/// The name of a set, for a gender where that says something otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SetName {
    pub name: String,
    pub gender: Option<char>,
}

impl SetName {
    pub fn plain(name: &str) -> Self {
        SetName::new(name, None)
    }

    pub fn new(name: &str, gender: Option<char>) -> Self {
        SetName {
            name: name.to_string(),
            gender,
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    /// The first number that it holds for; `None` stands for all below zero.
    pub from: Option<u64>,
    /// At least 1.
    pub divisor: u64,
    pub pieces: Vec<Piece>,
}

/// A part of what a row says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    Sound(String),
    Quotient(Option<SetName>),
    Remainder(Option<SetName>),
    Same(SetName),
    Choice { with: Vec<Piece>, without: Vec<Piece> },
    Date(String),
    Refuse,
}

impl Piece {
    /// The sets that it leads to.
    pub fn mentions(&self) -> Vec<String> {
        match self {
            Piece::Quotient(Some(set)) | Piece::Remainder(Some(set)) | Piece::Same(set) => {
                vec![set.name.clone()]
            }
            Piece::Choice { with, without } => with.iter().chain(without).flat_map(Piece::mentions).collect(),
            _ => Vec::new(),
        }
    }
}

/// The first column: `21`, `80/20`, `-`.
pub(super) fn range(key: &str) -> Result<(Option<u64>, u64), String> {
    if key == "-" {
        return Ok((None, 1));
    }
    let wrong = || format!("{key} is neither a number, nor a number, a slash and a divisor, nor -");
    let (from, divisor) = key
        .split_once('/')
        .map_or((key, None), |(from, d)| (from, Some(d)));
    let from: u64 = from.parse().map_err(|_| wrong())?;
    let divisor = match divisor {
        Some(divisor) => divisor.parse().ok().filter(|d| *d > 0).ok_or_else(wrong)?,
        None => from.checked_ilog10().map_or(1, |digits| 10u64.pow(digits)),
    };
    Ok((Some(from), divisor))
}

/// A gender's letter.
pub(super) fn gender(text: &str) -> Option<char> {
    let mut letters = text.chars();
    let letter = letters.next().filter(char::is_ascii_lowercase)?;
    letters.next().is_none().then_some(letter)
}

/// The body of a row.
pub(super) fn pieces(body: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    // What a choice that is open says with a remainder, and without.
    let mut choice: Option<(Vec<Piece>, Option<Vec<Piece>>)> = None;
    for word in body.split_whitespace() {
        let piece = match word {
            "[" if choice.is_some() => return Err("[ ] stands within [ ]".to_string()),
            "[" => {
                choice = Some((Vec::new(), None));
                continue;
            }
            "|" => {
                match &mut choice {
                    Some((_, without @ None)) => *without = Some(Vec::new()),
                    _ => return Err("| stands between [ and ], once".to_string()),
                }
                continue;
            }
            "]" => {
                let (with, without) = choice.take().ok_or("] closes nothing")?;
                Piece::Choice {
                    with,
                    without: without.unwrap_or_default(),
                }
            }
            word => piece(word)?,
        };
        match &mut choice {
            Some((_, Some(without))) => without.push(piece),
            Some((with, None)) => with.push(piece),
            None => pieces.push(piece),
        }
    }
    match choice {
        Some(_) => Err("] is missing".to_string()),
        None => Ok(pieces),
    }
}

fn piece(word: &str) -> Result<Piece, String> {
    let set = |text: &str| -> Result<SetName, String> {
        let (name, letter) = text
            .split_once(':')
            .map_or((text, None), |(name, g)| (name, Some(g)));
        match (name, letter.map(gender)) {
            ("", _) | (_, Some(None)) => Err(format!("{word} names no set")),
            (name, gender) => Ok(SetName::new(name, gender.flatten())),
        }
    };
    let perhaps = |text: &str| {
        if text.is_empty() {
            Ok(None)
        } else {
            set(text).map(Some)
        }
    };
    Ok(match word.chars().next() {
        Some('<') => Piece::Quotient(perhaps(&word[1..])?),
        Some('>') => Piece::Remainder(perhaps(&word[1..])?),
        Some('=') => Piece::Same(set(&word[1..])?),
        Some('%') => Piece::Date(word[1..].to_string()),
        Some('!') if word == "!" => Piece::Refuse,
        _ => Piece::Sound(word.to_string()),
    })
}

/// Something being said.
pub(super) struct Saying<'g> {
    grammar: &'g Grammar,
    /// What `*` stands for.
    name: &'g str,
    pub sounds: Vec<String>,
    /// Rows used: a grammar of the operator's may lead in a circle, or multiply.
    rows: usize,
    /// The letters of a date that rows name, for who began the saying to say: dates are not numbers.
    date: Option<&'g super::Moment>,
}

impl<'g> Saying<'g> {
    pub fn new(grammar: &'g Grammar) -> Self {
        Saying {
            grammar,
            name: "",
            sounds: Vec::new(),
            rows: 0,
            date: None,
        }
    }

    /// With a name for `*`.
    pub fn of(grammar: &'g Grammar, name: &'g str) -> Self {
        Saying {
            name,
            ..Saying::new(grammar)
        }
    }

    /// With a moment for `%`.
    pub fn at(grammar: &'g Grammar, moment: &'g super::Moment) -> Self {
        Saying {
            date: Some(moment),
            ..Saying::new(grammar)
        }
    }

    /// Says a number by a set; `None` where it cannot be said.
    pub fn say(&mut self, set: &SetName, value: i64) -> Option<()> {
        self.count()?;
        let sets = &self.grammar.sets;
        let rules = sets.get(set).or_else(|| sets.get(&SetName::plain(&set.name)))?;
        let magnitude = value.unsigned_abs();
        let rule = match value < 0 {
            true => rules.iter().find(|rule| rule.from.is_none())?,
            false => rules
                .iter()
                .rfind(|rule| rule.from.is_some_and(|from| from <= magnitude))?,
        };
        let value = Value {
            set,
            signed: value,
            quotient: magnitude / rule.divisor,
            // The row for numbers below zero has them without their sign as remainder.
            remainder: if value < 0 {
                magnitude
            } else {
                magnitude % rule.divisor
            },
        };
        self.pieces(&rule.pieces, &value)
    }

    /// Says the body of a row.
    pub fn body(&mut self, pieces: &[Piece], value: i64) -> Option<()> {
        let set = SetName::plain("");
        self.pieces(
            pieces,
            &Value {
                set: &set,
                signed: value,
                quotient: value.unsigned_abs(),
                remainder: 0,
            },
        )
    }

    fn count(&mut self) -> Option<()> {
        self.rows += 1;
        (self.rows <= limits::SAYING_ROWS).then_some(())
    }

    fn pieces(&mut self, pieces: &[Piece], value: &Value<'_>) -> Option<()> {
        for piece in pieces {
            match piece {
                Piece::Sound(sound) => self.sounds.push(value.sound(sound, self.name)),
                Piece::Quotient(set) => {
                    let plain = SetName::plain(&value.set.name);
                    self.say(set.as_ref().unwrap_or(&plain), signed(value.quotient)?)?;
                }
                Piece::Remainder(_) if value.remainder == 0 => {}
                Piece::Remainder(set) => self.say(&value.gendered(set.as_ref()), signed(value.remainder)?)?,
                Piece::Same(set) => self.say(&value.gendered(Some(set)), value.signed)?,
                Piece::Choice { with, .. } if value.remainder != 0 => self.pieces(with, value)?,
                Piece::Choice { without, .. } => self.pieces(without, value)?,
                Piece::Date(letters) => {
                    self.count()?;
                    let moment = self.date?;
                    super::clock::say(self, self.grammar, letters, moment);
                }
                Piece::Refuse => return None,
            }
        }
        Some(())
    }
}

fn signed(value: u64) -> Option<i64> {
    i64::try_from(value).ok()
}

struct Value<'a> {
    set: &'a SetName,
    signed: i64,
    quotient: u64,
    remainder: u64,
}

impl Value<'_> {
    /// Another set, or this one, with this one's gender where the other has none of its own.
    fn gendered(&self, other: Option<&SetName>) -> SetName {
        let name = other.unwrap_or(self.set);
        SetName::new(&name.name, name.gender.or(self.set.gender))
    }

    fn sound(&self, sound: &str, name: &str) -> String {
        let whole = self.signed.unsigned_abs() - self.remainder;
        sound
            .replace('#', &self.signed.unsigned_abs().to_string())
            .replace('@', &whole.to_string())
            .replace('*', name)
    }
}
