//! The grammar of saying: which sounds, in which order, are a number, a date, a word spelt.
//!
//! A language is a folder: sounds, and beside them `grammar.txt`, the rules by which they are put together. This is
//! where such a file becomes a [`Grammar`] and is asked; nothing here knows any language. English and French are
//! built in, English also lends what another language's file leaves out.

mod clock;
mod grammar;
mod rules;
mod spelling;

pub use clock::Moment;
pub use grammar::{Fault, Grammar};
pub use spelling::{hundredths, Case};

use super::channel::Audio;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// The languages whose grammar is compiled in.
const BUILT_IN: [(&str, &str); 2] = [
    ("en", include_str!("../../../sounds/en/grammar.txt")),
    ("fr", include_str!("../../../sounds/fr/grammar.txt")),
];

/// The languages that are there, and which of them calls begin with.
#[derive(Clone, Debug)]
pub struct Languages {
    default: String,
    grammars: Arc<BTreeMap<String, Grammar>>,
}

impl Default for Languages {
    /// Those built in, English first.
    ///
    /// # Panics
    /// Never: a test reads them.
    fn default() -> Self {
        // Read once: it takes longer than loading a small dialplan.
        static READ: LazyLock<Languages> = LazyLock::new(|| {
            let mut languages = Languages {
                default: "en".to_string(),
                grammars: Arc::default(),
            };
            for (name, text) in BUILT_IN {
                languages
                    .add(name, text)
                    .expect("a built-in grammar has no faults");
            }
            languages
        });
        READ.clone()
    }
}

impl Languages {
    /// Adds a language by its grammar's text, in the place of one that has the same name. One with faults is not added.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), Vec<Fault>> {
        // `fr_CA` leaves out what is as in `fr`, and `de` what is as in English.
        let based_on = chain(name).find_map(|name| self.grammars.get(name));
        let grammar = Grammar::parse(text, based_on.or_else(|| self.grammars.get("en")))?;
        Arc::make_mut(&mut self.grammars).insert(name.to_string(), grammar);
        Ok(())
    }

    /// The same with another language for calls to begin with.
    pub fn with_default(self, language: &str) -> Self {
        Languages {
            default: language.to_string(),
            ..self
        }
    }

    /// The language that calls begin with.
    pub fn default_name(&self) -> &str {
        &self.default
    }

    /// The grammar for a language: its own, that of the language that it is a variety of (`fr` for `fr_CA`), else the
    /// default's, else English.
    pub fn grammar(&self, language: &str) -> &Grammar {
        let names = chain(language).chain(chain(&self.default)).chain(["en"]);
        names
            .into_iter()
            .find_map(|name| self.grammars.get(name))
            .expect("English is always there: it is built in, and only replaced")
    }

    /// The names under which a sound is looked for in a language, the best first; the last is the plain one, which
    /// is that of the default language.
    pub fn sound_names(&self, language: &str, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        if language != self.default {
            names.extend(chain(language).map(|language| format!("{language}/{name}")));
        }
        names.push(name.to_string());
        names
    }
}

/// A language and what it is a variety of: `fr_CA`, `fr`.
fn chain(language: &str) -> impl Iterator<Item = &str> {
    let general = language.split(['_', '-']).next().unwrap_or(language);
    [language, general]
        .into_iter()
        .take(if general == language { 1 } else { 2 })
        .filter(|name| !name.is_empty())
}

/// Whether a text can be the name of a language: `en`, `fr_CA`, `pt-BR`.
pub fn is_language(text: &str) -> bool {
    /// As long as Asterisk lets one be.
    const LONGEST: usize = 40;
    let mut parts = text.split(['_', '-']);
    let first = parts.next().unwrap_or("");
    text.len() <= LONGEST
        && (2..=3).contains(&first.len())
        && first.bytes().all(|c| c.is_ascii_lowercase())
        && parts.all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric()))
}

/// Sounds to hear, by their names.
pub fn audio(names: Vec<String>) -> Vec<Audio> {
    names.into_iter().map(Audio::File).collect()
}

#[cfg(test)]
mod spellers;
#[cfg(test)]
mod tests;
