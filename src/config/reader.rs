//! Reading values out of a TOML document: types, unknown keys, and what to say where something is wrong.

use super::load::Surroundings;
use crate::diagnostic::{did_you_mean, Diagnostic, Source};
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use std::sync::Arc;
use toml_edit::{Item, TableLike, Value};

/// What is known while a document is read, and what was found wrong.
pub(super) struct Reader<'a> {
    /// The text that findings point into; its secrets are masked.
    pub source: Arc<Source>,
    /// Where relative paths start: the configuration's folder.
    pub folder: &'a Path,
    /// Files and environment.
    pub surroundings: &'a dyn Surroundings,
    /// Everything found, in the order of reading.
    pub findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub fn error(&mut self, code: &'static str, at: Range<usize>, message: impl Into<String>, hint: &str) {
        let finding = Diagnostic::error(code, message).at(&self.source, at);
        self.add(finding, hint);
    }

    pub fn warning(&mut self, code: &'static str, at: Range<usize>, message: impl Into<String>, hint: &str) {
        let finding = Diagnostic::warning(code, message).at(&self.source, at);
        self.add(finding, hint);
    }

    fn add(&mut self, finding: Diagnostic, hint: &str) {
        self.findings.push(if hint.is_empty() {
            finding
        } else {
            finding.hint(hint)
        });
    }
}

/// Why a value was not taken.
pub(super) struct Unfit {
    pub code: &'static str,
    /// Follows "`key`: ".
    pub message: String,
    pub hint: String,
}

impl Unfit {
    /// The value is not of the form expected.
    pub fn value(expected: impl std::fmt::Display, found: &str) -> Self {
        Unfit {
            code: "bad-value",
            message: format!("expected {expected}, found {}", quoted(found)),
            hint: String::new(),
        }
    }

    /// Something else, in full.
    pub fn because(code: &'static str, message: impl Into<String>) -> Self {
        Unfit {
            code,
            message: message.into(),
            hint: String::new(),
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    fn wrong_type(expected: &str, found: &Value) -> Self {
        Unfit {
            code: "wrong-type",
            message: format!("expected {expected}, found {}", type_name(found)),
            hint: String::new(),
        }
    }
}

/// A value together with its place.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub value: T,
    pub at: Range<usize>,
}

/// One table of the document: `[sip]`, or one `[[trunk]]`.
pub(super) struct Section<'d> {
    /// As written: `[sip]`, `[[trunk]]`.
    pub title: &'static str,
    /// The header's place, for what is missing.
    pub at: Range<usize>,
    table: &'d dyn TableLike,
}

impl<'d> Section<'d> {
    pub fn new(title: &'static str, table: &'d dyn TableLike, at: Range<usize>) -> Self {
        Section { title, at, table }
    }

    /// Reports the keys that are not among `known`; `elsewhere` says which section has such a key.
    pub fn refuse_unknown(
        &self,
        reader: &mut Reader<'_>,
        known: &[&str],
        elsewhere: impl Fn(&str) -> Option<String>,
    ) {
        for (key, _) in self.table.iter() {
            if known.contains(&key) {
                continue;
            }
            let hint = match (did_you_mean(key, known.iter().copied()), elsewhere(key)) {
                (Some(meant), _) => format!("did you mean `{meant}`?"),
                (None, Some(elsewhere)) => elsewhere,
                (None, None) => format!("{} has {}", self.title, known.join(", ")),
            };
            let at = self.key_place(key);
            reader.error(
                "unknown-key",
                at,
                format!("{} is not a key of {}", quoted(key), self.title),
                &hint,
            );
        }
    }

    /// Where the key's name stands; the section's header where it does not.
    pub fn key_place(&self, key: &str) -> Range<usize> {
        self.table
            .key(key)
            .and_then(|key| key.span())
            .unwrap_or_else(|| self.at.clone())
    }

    /// Whether the key is there, well-formed or not.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key, where there is one and `take` takes it; else reports what `take` says.
    pub fn read<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &'static str,
        take: impl FnOnce(&mut Reader<'_>, &Value) -> Result<T, Unfit>,
    ) -> Option<Placed<T>> {
        let value = self.value(reader, key)?;
        let at = value.span().unwrap_or_else(|| self.key_place(key));
        let taken = take(reader, value);
        keep(reader, key, at, taken)
    }

    /// A key that holds text.
    pub fn text<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &'static str,
        take: impl FnOnce(&mut Reader<'_>, &str) -> Result<T, Unfit>,
    ) -> Option<Placed<T>> {
        self.read(reader, key, |reader, value| match value.as_str() {
            Some(text) => take(reader, text),
            None => Err(Unfit::wrong_type("a string", value)),
        })
    }

    /// A key that holds true or false.
    pub fn flag(&self, reader: &mut Reader<'_>, key: &'static str) -> Option<Placed<bool>> {
        self.read(reader, key, |_, value| {
            value
                .as_bool()
                .ok_or_else(|| Unfit::wrong_type("true or false", value))
        })
    }

    /// A key that holds a whole number within bounds.
    pub fn number(
        &self,
        reader: &mut Reader<'_>,
        key: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Option<Placed<u64>> {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        self.read(reader, key, |_, value| match value.as_integer() {
            Some(number) => u64::try_from(number)
                .ok()
                .filter(|number| bounds.contains(number))
                .ok_or_else(|| Unfit {
                    code: "bad-value",
                    message: format!("expected {expected}, found {number}"),
                    hint: String::new(),
                }),
            None => Err(Unfit::wrong_type(&expected, value)),
        })
    }

    /// A key that holds one of a few words.
    pub fn word<T: Copy>(
        &self,
        reader: &mut Reader<'_>,
        key: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<Placed<T>> {
        self.text(reader, key, |_, text| one_of(text, words))
    }

    /// A key that holds an array of strings; each is taken by itself, and each mistake reported by itself.
    pub fn list<T>(
        &self,
        reader: &mut Reader<'_>,
        key: &'static str,
        mut take: impl FnMut(&mut Reader<'_>, &str) -> Result<T, Unfit>,
    ) -> Option<Placed<Vec<Placed<T>>>> {
        let value = self.value(reader, key)?;
        let at = value.span().unwrap_or_else(|| self.key_place(key));
        let Some(array) = value.as_array() else {
            let unfit = Unfit::wrong_type("an array of strings", value);
            let unfit = match value.as_str() {
                Some(text) => unfit.hint(format!("write [{text:?}]")),
                None => unfit,
            };
            return keep(reader, key, at, Err(unfit));
        };
        let mut items = Vec::new();
        for item in array.iter() {
            let item_at = item.span().unwrap_or_else(|| at.clone());
            let taken = match item.as_str() {
                Some(text) => take(reader, text),
                None => Err(Unfit::wrong_type("a string", item)),
            };
            items.extend(keep(reader, key, item_at, taken));
        }
        // Where each item was refused there is nothing left to say about the list.
        (array.is_empty() || !items.is_empty()).then_some(Placed { value: items, at })
    }

    /// The value of a key; reports a table in its place.
    fn value(&self, reader: &mut Reader<'_>, key: &'static str) -> Option<&'d Value> {
        match self.table.get(key)? {
            Item::Value(value) => Some(value),
            Item::None => None,
            Item::Table(_) | Item::ArrayOfTables(_) => {
                let at = self.key_place(key);
                let message = format!("`{key}`: expected a value, found a table");
                reader.error(
                    "wrong-type",
                    at,
                    message,
                    &format!("write {key} = … below {}", self.title),
                );
                None
            }
        }
    }
}

fn keep<T>(
    reader: &mut Reader<'_>,
    key: &str,
    at: Range<usize>,
    taken: Result<T, Unfit>,
) -> Option<Placed<T>> {
    match taken {
        Ok(value) => Some(Placed { value, at }),
        Err(Unfit { code, message, hint }) => {
            reader.error(code, at, format!("`{key}`: {message}"), &hint);
            None
        }
    }
}

/// The value that a word stands for.
pub(super) fn one_of<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, Unfit> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let names = words.iter().map(|(word, _)| *word);
    let expected = names
        .clone()
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>();
    let expected = match expected.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => expected.concat(),
    };
    let unfit = Unfit::value(expected, text);
    Err(match did_you_mean(text, names) {
        Some(meant) => unfit.hint(format!("did you mean \"{meant}\"?")),
        None => unfit,
    })
}

/// A text of the document in a message: quoted, and cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    if text.chars().count() > SHOWN {
        format!(
            "\"{}…\"",
            text.chars().take(SHOWN).collect::<String>().escape_debug()
        )
    } else {
        format!("\"{}\"", text.escape_debug())
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a decimal number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::InlineTable(_) => "a table",
    }
}

/// The name of a trunk or mailbox, which must be there and be its own.
pub(super) fn named(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    read: fn(&str) -> Result<String, Unfit>,
    taken: impl Fn(&str) -> bool,
) -> Option<String> {
    if !section.has("name") {
        let message = format!("{} needs a `name`", section.title);
        reader.error("missing-key", section.at.clone(), message, "name = \"…\"");
    }
    let name = section.text(reader, "name", |_, text| read(text))?;
    if taken(&name.value) {
        let message = format!(
            "`name`: there is a {} named {:?} already",
            section.title, name.value
        );
        reader.error("duplicate-name", name.at.clone(), message, "");
    }
    Some(name.value)
}

/// Replaces a default by what was read.
pub(super) fn put<T>(target: &mut T, read: Option<Placed<T>>) {
    if let Some(read) = read {
        *target = read.value;
    }
}

/// For numbers that were read within bounds which fit the target.
pub(super) fn put_as<T: TryFrom<u64>>(target: &mut T, read: Option<Placed<u64>>) {
    if let Some(value) = read.and_then(|read| T::try_from(read.value).ok()) {
        *target = value;
    }
}

/// Values without their places.
pub(super) fn plain<T>(placed: Vec<Placed<T>>) -> Vec<T> {
    placed.into_iter().map(|placed| placed.value).collect()
}

/// Reports what a list names twice.
pub(super) fn refuse_twice<T: PartialEq>(reader: &mut Reader<'_>, key: &str, items: &[Placed<T>]) {
    for (index, item) in items.iter().enumerate() {
        if items
            .iter()
            .take(index)
            .any(|earlier| earlier.value == item.value)
        {
            reader.error(
                "duplicate-value",
                item.at.clone(),
                format!("`{key}`: named twice"),
                "",
            );
        }
    }
}
