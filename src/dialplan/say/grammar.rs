//! A grammar as a value, and how its text is read.
//!
//! The text is sections of rows. Most sections are rule sets (see `rules`): each row says how numbers from one on are
//! said. `[digit]`, `[character]` and `[phonetic]` name the sound of a character, `[date]` what a letter of a date
//! format says. A line that begins with `;` and a space is a comment.

use super::clock::{Field, Letter};
use super::rules::{self, Piece, Rule, SetName};
use std::collections::{BTreeMap, BTreeSet};

/// What a language's file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grammar {
    pub(super) sets: BTreeMap<SetName, Vec<Rule>>,
    /// Sections `digit`, `character` and `phonetic`: what is pronounced, and the sound of it, in which `#` stands for
    /// the character.
    pub(super) spellings: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) letters: BTreeMap<char, Letter>,
    /// How a moment is said where nobody says how.
    pub(super) default_format: String,
}

/// A mistake in a grammar's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong, in a sentence.
    pub message: String,
}

/// Sections that name sounds of characters.
const SPELLINGS: [&str; 3] = ["digit", "character", "phonetic"];

impl Grammar {
    /// Reads a grammar. A section that the text has replaces that of `base`; the others are as there.
    ///
    /// # Errors
    /// All the mistakes that were found.
    pub fn parse(text: &str, base: Option<&Grammar>) -> Result<Grammar, Vec<Fault>> {
        let mut reading = Reading {
            grammar: base.cloned().unwrap_or_default(),
            gendered: BTreeMap::new(),
            begun: BTreeSet::new(),
            section: String::new(),
            mentions: Vec::new(),
            faults: Vec::new(),
        };
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && line != ";" && !line.starts_with("; ") {
                reading.line(index + 1, line);
            }
        }
        reading.finish()
    }
}

struct Reading {
    grammar: Grammar,
    /// What a gender says otherwise, to be laid over the set itself.
    gendered: BTreeMap<SetName, Vec<Rule>>,
    begun: BTreeSet<String>,
    section: String,
    /// Sets that rows lead to, with their lines.
    mentions: Vec<(usize, String)>,
    faults: Vec<Fault>,
}

impl Reading {
    fn fault(&mut self, line: usize, message: impl Into<String>) {
        let message = message.into();
        self.faults.push(Fault { line, message });
    }

    fn line(&mut self, number: usize, line: &str) {
        // `[` is a character to spell as well, but then something follows it that is no bracket.
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            return self.begin(number, name.trim());
        }
        let (key, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let done = match self.section.as_str() {
            "" => Err("a row stands before the first section".to_string()),
            "date" => self.date(number, key, rest),
            section if SPELLINGS.contains(&section) => self.spelling(key, rest),
            _ => self.rule(number, key, rest),
        };
        if let Err(message) = done {
            self.fault(number, message);
        }
    }

    fn begin(&mut self, number: usize, name: &str) {
        self.section = name.to_string();
        if !self.begun.insert(name.to_string()) {
            self.fault(number, format!("there are two sections [{name}]"));
        }
        if name == "date" {
            self.grammar.letters.clear();
        } else if SPELLINGS.contains(&name) {
            self.grammar.spellings.remove(name);
        } else if !name.contains(' ') {
            // What a gender says otherwise in the base is of no use to another set.
            self.grammar.sets.retain(|set, _| set.name != name);
            self.grammar.sets.insert(SetName::plain(name), Vec::new());
        }
    }

    fn rule(&mut self, number: usize, key: &str, body: &str) -> Result<(), String> {
        let (from, divisor) = rules::range(key)?;
        let pieces = self.pieces(number, body)?;
        let rule = Rule {
            from,
            divisor,
            pieces,
        };
        let set = match self.section.split_once(' ') {
            None => self
                .grammar
                .sets
                .entry(SetName::plain(&self.section))
                .or_default(),
            Some((name, gender)) => {
                let gender = rules::gender(gender.trim()).ok_or("a gender is one letter: [number f]")?;
                let name = SetName::new(name, Some(gender));
                self.gendered.entry(name).or_default()
            }
        };
        match set.last() {
            Some(last) if last.from >= from => Err("rows stand in the order of their numbers".to_string()),
            _ => {
                set.push(rule);
                Ok(())
            }
        }
    }

    fn pieces(&mut self, number: usize, body: &str) -> Result<Vec<Piece>, String> {
        let pieces = rules::pieces(body)?;
        for set in pieces.iter().flat_map(Piece::mentions) {
            self.mentions.push((number, set));
        }
        Ok(pieces)
    }

    /// `LETTERS FIELD BODY`
    fn date(&mut self, number: usize, key: &str, rest: &str) -> Result<(), String> {
        if key == "default" {
            self.grammar.default_format = rest.to_string();
            return Ok(());
        }
        let (field, body) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let field = Field::parse(field).ok_or_else(|| format!("{field} is nothing that a date has"))?;
        let pieces = self.pieces(number, body)?;
        for letter in key.chars() {
            let meaning = Letter {
                field,
                pieces: pieces.clone(),
            };
            if self.grammar.letters.insert(letter, meaning).is_some() {
                return Err(format!("{letter} has two meanings"));
            }
        }
        Ok(())
    }

    /// `a-z`, a character, or a word; and a sound.
    fn spelling(&mut self, key: &str, sound: &str) -> Result<(), String> {
        if sound.is_empty() || sound.contains(char::is_whitespace) {
            return Err("a character has one sound".to_string());
        }
        let rows = self.grammar.spellings.entry(self.section.clone()).or_default();
        let characters: Vec<char> = key.chars().collect();
        match characters[..] {
            [first, '-', last] if first < last => {
                rows.extend((first..=last).map(|c| (c.to_string(), sound.to_string())));
            }
            _ => {
                rows.insert(key.to_string(), sound.to_string());
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Grammar, Vec<Fault>> {
        for (name, overlay) in std::mem::take(&mut self.gendered) {
            let plain = SetName::plain(&name.name);
            let mut rules = self.grammar.sets.get(&plain).cloned().unwrap_or_default();
            rules.retain(|rule| overlay.iter().all(|over| over.from != rule.from));
            rules.extend(overlay);
            rules.sort_by_key(|rule| rule.from);
            self.grammar.sets.insert(name, rules);
        }
        for (line, set) in std::mem::take(&mut self.mentions) {
            if !self.grammar.sets.contains_key(&SetName::plain(&set)) {
                self.fault(line, format!("there is no section [{set}]"));
            }
        }
        match self.faults.is_empty() {
            true => Ok(self.grammar),
            false => Err(self.faults),
        }
    }
}
