//! Header fields as they stand in a message, in order.

use super::scan::Values;
use super::{name, scan};
use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};
use std::ops::Range;

/// Header fields in order, names compared without case and with compact forms resolved
/// (`get("via")` finds `v:`). Folding is undone.
///
/// All values lie in one text, so that a message with twenty fields costs two allocations. Octets that are
/// not UTF-8 are held as private characters and printed as they came (see the module `octets`).
#[derive(Clone, Default)]
pub struct Headers {
    text: String,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: Cow<'static, str>,
    value: Range<usize>,
}

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Headers::default()
    }

    /// No fields, with room for values of so many bytes.
    pub(super) fn with_capacity(fields: usize, bytes: usize) -> Self {
        Headers {
            text: String::with_capacity(bytes),
            fields: Vec::with_capacity(fields),
        }
    }

    /// The value of the first field of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all fields of that name, each as it stands.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = name::canonical(name);
        self.fields
            .iter()
            .filter(move |field| same(&field.name, &name))
            .map(|field| self.value(field))
    }

    /// The comma-separated values of all fields of that name, across fields. Only for headers that are lists:
    /// a comma in a Date or a Subject separates nothing.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.all(name).flat_map(Values::new)
    }

    /// Whether a field of that name stands there.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether the list header has this token, compared without case (`Require`, `Supported`, `Allow`).
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name).any(|value| value.eq_ignore_ascii_case(token))
    }

    /// Appends a field. Characters that would end the line become spaces, so that no value can add a field.
    pub fn push(&mut self, name: &str, value: impl Display) {
        let field = self.field(name, value);
        self.fields.push(field);
    }

    /// Puts a field before all others: a Via or a Route must stand on top.
    pub fn push_front(&mut self, name: &str, value: impl Display) {
        let field = self.field(name, value);
        self.fields.insert(0, field);
    }

    /// Puts the value in the place of the first field of that name and removes the others; appends it where
    /// there is none.
    pub fn set(&mut self, name: &str, value: impl Display) {
        let field = self.field(name, value);
        match self.fields.iter().position(|f| same(&f.name, &field.name)) {
            Some(at) => {
                let mut index = 0;
                self.fields.retain(|f| {
                    index += 1;
                    index <= at + 1 || !same(&f.name, &field.name)
                });
                if let Some(place) = self.fields.get_mut(at) {
                    *place = field;
                }
            }
            None => self.fields.push(field),
        }
        self.compact();
    }

    /// Removes all fields of that name; says whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let name = name::canonical(name);
        let before = self.fields.len();
        self.fields.retain(|field| !same(&field.name, &name));
        self.compact();
        self.fields.len() != before
    }

    /// Removes the first value, comma-separated, of that name, and gives it back: the topmost Via, the first
    /// Route.
    pub fn pop_value(&mut self, name: &str) -> Option<String> {
        let name = name::canonical(name);
        let at = self.fields.iter().position(|field| same(&field.name, &name))?;
        let value = self.fields.get(at).map(|field| self.value(field).to_owned())?;
        match scan::find_outside(&value, b',', true) {
            Some(comma) => {
                let field = self.field(&name, scan::trim(value.get(comma + 1..)?));
                *self.fields.get_mut(at)? = field;
                Some(scan::trim(value.get(..comma)?).to_owned())
            }
            None => {
                self.fields.remove(at);
                Some(value)
            }
        }
    }

    /// Octets held for values, used or not.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.text.len()
    }

    /// Names and values in order. The names of known headers are in their long form.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|field| (field.name.as_ref(), self.value(field)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Appends a field from the wire: its value is the parts, joined by single spaces (RFC 3261 7.3.1).
    pub(super) fn push_folded<'a>(&mut self, name: &str, parts: impl Iterator<Item = Cow<'a, str>>) {
        let start = self.text.len();
        for part in parts.filter(|part| !part.is_empty()) {
            if self.text.len() > start {
                self.text.push(' ');
            }
            self.text.push_str(&part);
        }
        self.fields.push(Field {
            name: name::canonical(name),
            value: start..self.text.len(),
        });
    }

    /// Writes the value behind the text and describes it.
    fn field(&mut self, name: &str, value: impl Display) -> Field {
        let start = self.text.len();
        // Writing into a String fails only where the value's own Display does; what it wrote until then stays.
        let _ = write!(OneLine(&mut self.text), "{value}");
        let trailing = self.text.len() - self.text.trim_end_matches(scan::is_lws).len();
        let end = (self.text.len() - trailing).max(start);
        self.text.truncate(end);
        Field {
            name: name::canonical(name),
            value: start..end,
        }
    }

    fn value(&self, field: &Field) -> &str {
        let value = self.text.get(field.value.clone()).unwrap_or("");
        value.trim_start_matches(scan::is_lws)
    }

    /// Drops the values of removed fields once they are more than what is used.
    fn compact(&mut self) {
        let used: usize = self.fields.iter().map(|field| field.value.len()).sum();
        if self.text.len() <= 2 * used + 256 {
            return;
        }
        let old = std::mem::take(&mut self.text);
        for field in &mut self.fields {
            let start = self.text.len();
            self.text.push_str(old.get(field.value.clone()).unwrap_or(""));
            field.value = start..self.text.len();
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Turns line ends into spaces.
struct OneLine<'a>(&'a mut String);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().any(|b| matches!(b, b'\r' | b'\n')) {
            self.0.extend(
                text.chars()
                    .map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }),
            );
        } else {
            self.0.push_str(text);
        }
        Ok(())
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .zip(other.iter())
                .all(|(a, b)| same(a.0, b.0) && a.1 == b.1)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
